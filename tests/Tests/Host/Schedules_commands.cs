using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Jobs;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Jobs.Recurring;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Schedules from the command line, with and without a server, on both databases.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class Schedules_commands : CommandTests
{
    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_schedule_is_added_shown_paused_run_and_removed(string kind)
    {
        var run = await StartAsync(kind);
        await run.GoodAsync("schedules", "list");
        Assert.Contains("no schedule is stored", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("schedules", "add", "night", "--kind", "noop", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--dry-run", "--json");
        Assert.Equal(5, run.Json.GetProperty("next").GetArrayLength());
        Assert.True(run.Json.GetProperty("is_dry_run").GetBoolean());
        await run.GoodAsync("schedules", "list", "--json");
        Assert.Equal(0, run.Json.GetProperty("schedules").GetArrayLength());

        await run.GoodAsync(
            "schedules", "add", "night", "--kind", "noop", "--args", """{"takes_ms":1}""", "--cron", "30 2 * * *", "--zone", "Europe/Berlin", "--missed", "within:1h", "--overlap", "queue",
            "--queue", "slow", "--priority", "3", "--tag", "t", "--meta", "customer=17", "--json");
        var schedule = run.Json.GetProperty("schedule");
        Assert.Equal("within:1h queue slow", string.Join(' ', new[] { "missed", "overlap", "queue" }.Select(f => schedule.GetProperty(f).GetString())));
        Assert.Equal("operator", schedule.GetProperty("source").GetString());
        Assert.Equal(1, await run.RunAsync("schedules", "add", "night", "--kind", "noop", "--every", "1h"));
        Assert.Contains("--replace", run.Error, StringComparison.Ordinal);
        await run.GoodAsync("schedules", "add", "night", "--kind", "noop", "--every", "1h", "--replace", "--json");
        Assert.Equal(2, run.Json.GetProperty("schedule").GetProperty("revision").GetInt32());
        await run.GoodAsync("schedules", "show", "night");
        Assert.Contains("every 1h, noop {}, active", run.Output, StringComparison.Ordinal);
        Assert.Contains("missed: once, overlap: skip", run.Output, StringComparison.Ordinal);

        await run.GoodAsync("schedules", "pause", "night", "--json");
        Assert.True(run.Json.GetProperty("is_paused").GetBoolean());
        await run.GoodAsync("schedules", "run", "night", "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await run.GoodAsync("schedules", "show", "night", "--json");
        Assert.Equal([id], run.Json.GetProperty("jobs").EnumerateArray().Select(j => j.GetInt64()));
        await run.GoodAsync("jobs", "explain", $"{id}", "--json");
        Assert.Equal("schedule", run.Json.GetProperty("reasons").EnumerateArray().Last().GetProperty("code").GetString());
        await run.GoodAsync("jobs", "show", $"{id}");
        Assert.Contains("""metadata: {"schedule":"night"}""", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("schedules", "list");
        Assert.Contains("paused", run.Output, StringComparison.Ordinal);
        Assert.Contains("no node with the role work runs", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("schedules", "resume", "night");
        await run.GoodAsync("schedules", "check", "--json");
        Assert.True(run.Json.GetProperty("is_clean").GetBoolean());
        await run.GoodAsync("schedules", "remove", "night");
        Assert.Equal(1, await run.RunAsync("schedules", "remove", "night"));
        Assert.Contains("there is no schedule 'night', nor any other", run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Databases))]
    public async Task A_running_server_obeys_within_two_seconds(string kind)
    {
        var run = await StartAsync(kind);
        await using var server = await Server.StartAsync(
            DatabaseAddress.TryParse(run.Database, out _)!,
            ["work"],
            new PollingOptions(),
            TimeProvider.System,
            NullLoggerFactory.Instance,
            TestContext.Current.CancellationToken,
            new ServerOptions { Jobs = new JobsOptions { PollInterval = TimeSpan.FromSeconds(kind == "postgres" ? 60 : 1) } });

        // On PostgreSQL by hints, since it would not look by itself for a minute; on SQLite by looking each second.
        await Eventually.TrueAsync(() => kind == "sqlite" || server.Hints.State.IsListening, "the node listens");
        await Eventually.TrueAsync(() => server.Loops.Any(l => l is { Name: "jobs.schedule", Passes: > 0 }), "it has looked");
        await run.GoodAsync("schedules", "add", "second", "--kind", "noop", "--cron", "* * * * * *", "--overlap", "allow");
        var added = Instant.From(TimeProvider.System.GetUtcNow());
        var first = await Eventually.GetAsync(LastAsync, t => t is not null, "it fires");
        Assert.True(first!.Value.Recorded - added < TimeSpan.FromSeconds(2), $"added {added}, recorded {first.Value.Recorded}");
        await run.GoodAsync("schedules", "run", "second", "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await Eventually.TrueAsync(async () => (await run.GoodAsync("jobs", "show", $"{id}", "--json")).Json.GetProperty("job").GetProperty("state").GetString() == "done", "it has run");
        await run.GoodAsync("schedules", "pause", "second");
        await Eventually.TrueAsync(async () => (await LastAsync())!.Value.Outcome == "skipped", "it is paused");
        await run.GoodAsync("schedules", "check", "second", "--json");
        Assert.True(run.Json.GetProperty("is_clean").GetBoolean());
        await run.GoodAsync("schedules", "resume", "second");
        await Eventually.TrueAsync(async () => (await LastAsync())!.Value.Outcome == "enqueued", "it goes on");
        await run.GoodAsync("schedules", "remove", "second");
        await server.StopAsync();

        async Task<(string Outcome, Instant Recorded)?> LastAsync()
        {
            await run.GoodAsync("schedules", "list", "--json");
            var tick = run.Json.GetProperty("schedules")[0].GetProperty("last_tick");
            return tick.ValueKind == System.Text.Json.JsonValueKind.Null || !Instant.TryParse(tick.GetProperty("at").GetString(), out var at)
                ? null
                : (tick.GetProperty("outcome").GetString()!, at);
        }
    }

    [Fact]
    public async Task What_is_wrong_is_said_so()
    {
        var run = await StartAsync("sqlite");
        await WrongAsync("cron", "--kind", "noop", "--cron", "61 * * * *");
        await WrongAsync("did you mean Europe/Berlin", "--kind", "noop", "--cron", "1 * * * *", "--zone", "Europe/Berlim");
        await WrongAsync("neither cron nor every", "--kind", "noop");
        await WrongAsync("known: http, ", "--kind", "noap", "--every", "1h");
        await WrongAsync("(at /takes_ms)", "--kind", "noop", "--every", "1h", "--args", """{"takes_ms":"long"}""");
        await WrongAsync("--missed: 'often'", "--kind", "noop", "--every", "1h", "--missed", "often");
        await WrongAsync("--overlap: 'often'", "--kind", "noop", "--every", "1h", "--overlap", "often");
        await WrongAsync("--meta", "--kind", "noop", "--every", "1h", "--meta", "x");
        await WrongAsync("priority 500", "--kind", "noop", "--every", "1h", "--priority", "500");
        foreach (var verb in new[] { "show", "run", "pause", "resume", "check" })
        {
            Assert.Equal(1, await run.RunAsync("schedules", verb, "nigth"));
            Assert.Contains("there is no schedule 'nigth'", run.Error, StringComparison.Ordinal);
        }

        async Task WrongAsync(string words, params string[] arguments)
        {
            Assert.Equal(64, await run.RunAsync(["schedules", "add", "x", .. arguments]));
            Assert.Contains(words, run.Error, StringComparison.OrdinalIgnoreCase);
        }
    }
}
