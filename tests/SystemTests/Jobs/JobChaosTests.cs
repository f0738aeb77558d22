using System.Diagnostics;
using System.Globalization;
using Rondo.Storage;
using Rondo.SystemTests.Support;
using Rondo.Tests.Jobs.History;

namespace Rondo.SystemTests.Jobs;

/// <summary>Whatever is done to those who run them, each job ends once. RONDO_CHAOS_SEED repeats a run.</summary>
[Collection(Alone.Name)]
public sealed class JobChaosTests(ITestOutputHelper output)
{
    [Fact]
    public Task Kills_stops_and_restarts_of_three_workers_on_PostgreSQL_leave_one_effect_of_each_job() => RunAsync(DatabaseKind.Postgres, 3_000, 30, workers: 3);

    [Fact]
    public Task Kills_of_the_only_worker_on_SQLite_leave_one_effect_of_each_job() => RunAsync(DatabaseKind.Sqlite, 2_000, 12, workers: 1);

    [Fact]
    [Trait("Category", "Soak")]
    public Task A_hundred_thousand_jobs_outlive_ten_minutes_of_kills_stops_and_restarts_on_PostgreSQL() => RunAsync(DatabaseKind.Postgres, 100_000, 600, workers: 3);

    [Fact]
    [Trait("Category", "Soak")]
    public Task A_hundred_thousand_jobs_outlive_five_minutes_of_kills_on_SQLite() => RunAsync(DatabaseKind.Sqlite, 100_000, 300, workers: 1);

    private async Task RunAsync(DatabaseKind kind, int jobs, double seconds, int workers)
    {
        var seed = Environment.GetEnvironmentVariable("RONDO_CHAOS_SEED") is { Length: > 0 } given ? int.Parse(given, CultureInfo.InvariantCulture) : Random.Shared.Next(1_000_000);
        Say($"RONDO_CHAOS_SEED={seed}");
        await using var site = await JobSite.CreateAsync(kind);
        var chaos = new JobChaos(site, seed, jobs, TimeSpan.FromSeconds(seconds), workers, Say);
        var from = Stopwatch.GetTimestamp();
        await chaos.RunAsync(isLeased: kind == DatabaseKind.Postgres);
        Say($"all over after {Stopwatch.GetElapsedTime(from).TotalSeconds:0.0} s");

        var history = await site.HistoryAsync(chaos.Known);
        var states = string.Join(", ", history.Jobs.GroupBy(job => job.State).OrderBy(g => g.Key).Select(g => $"{g.Count()} {g.Key}"));
        Say($"{states}; {history.Effects.Count} effects; {history.Failures.GroupBy(f => f.Outcome).Aggregate("", (all, g) => $"{all} {g.Count()} {g.Key}")}; crashes seen by a job at most {history.Jobs.Max(j => j.Crashes)}");
        Say($"{site.Workers.Count} workers; {site.Workers.Sum(w => w.Refused)} late writes refused; {Overlaps.OfTheDead(history)} attempts under a key went on beside another after their node was declared dead");
        JobHistoryCheck.Holds(history);

        // One row of effect for each job that is done, and every job accounted for.
        Assert.Equal(history.Jobs.Count(job => job.State == "done"), history.Effects.Count);
        Assert.True(history.Effects.Count > jobs * 0.8, states);
        Assert.InRange(history.Jobs.Count, history.Accepted.Count, history.Accepted.Count + chaos.Unsure);
        Assert.Empty(history.Slots);
        Assert.Empty(history.Uniques);

        // That late writes are refused is proved by JobNodeTests; whether one was under way when somebody stood still is chance.
        Assert.True(chaos.Kills > 3, "it was all too quiet");
    }

    private void Say(string line) => output.WriteLine($"{Site.Now} {line}");
}
