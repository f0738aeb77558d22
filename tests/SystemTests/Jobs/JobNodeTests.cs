using System.Diagnostics;
using Rondo.JobWorker;
using Rondo.Storage;
using Rondo.SystemTests.Cluster;
using Rondo.SystemTests.Support;
using Rondo.Tests.Jobs.History;

namespace Rondo.SystemTests.Jobs;

/// <summary>Nodes that stand still, die, come back, and end in order.</summary>
public sealed class JobNodeTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Elsewhere = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task What_a_stopped_and_a_killed_node_held_runs_elsewhere_within_15_s_and_the_stopped_one_can_write_nothing_of_it_when_it_goes_on()
    {
        await using var site = await JobSite.CreateAsync(DatabaseKind.Postgres);

        // Two for one that will stand still, one for one that will be killed on a machine of its own, as it were.
        var stopped = site.Start(workers: 2);
        await stopped.ReadyAsync();
        long[] held = [await site.EnqueueAsync(new EffectArgs(1, Does.Insist)), await site.EnqueueAsync(new EffectArgs(2, Does.Insist, Times: 1))];
        foreach (var id in held)
        {
            await stopped.WaitForLineAsync($"holding {id}");
        }

        var killed = site.Start(isApart: NodeProcess.CanBeApart, workers: 1);
        await killed.ReadyAsync();
        var orphan = await site.EnqueueAsync(new EffectArgs(3, Does.Insist));
        await killed.WaitForLineAsync($"holding {orphan}");
        var other = site.Start();
        await other.ReadyAsync();

        // Nobody buries others before it has been connected for the length of a lease itself.
        await Passing.OfSeconds(13);
        var from = Stopwatch.GetTimestamp();
        stopped.Pause();
        await killed.Kill9Async();
        foreach (var id in held.Append(orphan))
        {
            await site.UntilAsync(id, "done", Elsewhere - Stopwatch.GetElapsedTime(from));
            output.WriteLine($"job {id} was done elsewhere {Stopwatch.GetElapsedTime(from).TotalSeconds:0.0} s after its node had stood still or died");
        }

        stopped.Cont();
        foreach (var id in held)
        {
            await stopped.WaitForLineAsync($"cancelled {id}");
            await stopped.WaitForLineAsync($"refused {id}");
        }

        // Both late effects, and the end that well was to be: the one that says that it failed is not even brought.
        await stopped.UntilAsync(() => Task.FromResult(stopped.Refused >= 3), "three refusals in its log");
        await stopped.WaitForLineAsync("starting again as a new incarnation");
        var again = await site.EnqueueAsync(new EffectArgs(4, TakesMs: 1));
        await site.UntilAsync(again, "done", Patience);
        await stopped.UntilAsync(() => Task.FromResult(stopped.Errors.Count(line => line.Contains(" started on ", StringComparison.Ordinal)) == 2), "another incarnation");
        await stopped.EndAsync();
        await other.EndAsync();
        Assert.Contains(stopped.Output, line => line.StartsWith("stopped ", StringComparison.Ordinal) && line.EndsWith("refused=3", StringComparison.Ordinal));

        var history = await site.HistoryAsync(new JobHistory { Accepted = [.. held, orphan, again] });
        JobHistoryCheck.Holds(history);
        Assert.Equal(["crashed", "crashed", "crashed"], history.Failures.Select(f => f.Outcome));
        Assert.All(history.Jobs.Where(j => j.Id != again), j => Assert.Equal((2, 2, 1), (j.Attempts, j.LeaseNo, j.Crashes)));
        Assert.Equal((0, 0), (await site.ReadAsync<long>("select count(*) from job_log where text = 'too late'"), await site.ReadAsync<long>("select count(*) from job_progress where done = 99")));
        Assert.DoesNotContain(stopped.Output, line => line.StartsWith("intruded", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task What_the_only_node_held_when_it_was_killed_runs_at_once_when_it_is_started_again(DatabaseKind kind)
    {
        await using var site = await JobSite.CreateAsync(kind);
        var worker = site.Start(workers: 2);
        await worker.ReadyAsync();
        long[] held = [await site.EnqueueAsync(new EffectArgs(1, Does.Insist)), await site.EnqueueAsync(new EffectArgs(2, Does.Insist, Key: "k")), await site.EnqueueAsync(new EffectArgs(3, Key: "k"))];
        await worker.WaitForLineAsync($"holding {held[0]}");
        await worker.WaitForLineAsync($"holding {held[1]}");
        await worker.Kill9Async();
        var next = site.Start();
        await next.ReadyAsync();
        var from = Stopwatch.GetTimestamp();
        foreach (var id in held)
        {
            await site.UntilAsync(id, "done", TimeSpan.FromSeconds(5));
        }

        output.WriteLine($"all done {Stopwatch.GetElapsedTime(from).TotalMilliseconds:0} ms after the next start was ready");
        await next.EndAsync();
        var history = await site.HistoryAsync(new JobHistory { Accepted = held });
        JobHistoryCheck.Holds(history);
        Assert.Equal([2, 2, 1], history.Jobs.OrderBy(j => j.Id).Select(j => j.LeaseNo));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_clean_stop_lets_run_what_ends_in_time_and_gives_back_the_rest_without_an_attempt_lost(DatabaseKind kind)
    {
        await using var site = await JobSite.CreateAsync(kind);
        var worker = site.Start(workers: 8, patienceMs: 2_000);
        await worker.ReadyAsync();
        var quick = await EnqueueAsync(site, 4, 700);
        var slow = await EnqueueAsync(site, 4, 600_000);
        await JobSite.UntilAsync(
            async () => await site.ReadAsync<long>("select count(*) from job_running where started_at is not null") == 8, () => Task.FromResult("eight run"), Patience);
        var waiting = await EnqueueAsync(site, 20, 0);
        var from = Stopwatch.GetTimestamp();
        await worker.EndAsync(10);
        var took = Stopwatch.GetElapsedTime(from);
        output.WriteLine($"ended {took.TotalSeconds:0.0} s after SIGTERM");
        Assert.InRange(took.TotalSeconds, 1.5, 8);

        var history = await site.HistoryAsync(new JobHistory { IsOver = false, Accepted = [.. quick, .. slow, .. waiting] });
        JobHistoryCheck.Holds(history);
        var jobs = history.Jobs.ToDictionary(j => j.Id);
        Assert.All(quick, id => Assert.Equal(("done", 1), (jobs[id].State, jobs[id].Attempts)));
        Assert.All(slow, id => Assert.Equal(("ready", 0, 1, 0), (jobs[id].State, jobs[id].Attempts, jobs[id].LeaseNo, jobs[id].Crashes)));
        Assert.All(waiting, id => Assert.Equal(("ready", 0), (jobs[id].State, jobs[id].Attempts)));
        Assert.Equal(0, await site.ReadAsync<long>("select count(*) from node where state = 'live'"));
    }

    private static async Task<long[]> EnqueueAsync(JobSite site, int count, int takesMs) =>
        [.. (await site.Client.Queue.EnqueueManyAsync(Enumerable.Range(0, count).Select(n => new EffectArgs(n, TakesMs: takesMs)))).Select(e => e.Id)];
}
