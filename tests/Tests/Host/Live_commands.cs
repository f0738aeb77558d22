using System.Text.Json;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Jobs;
using Rondo.Tests.Live;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>The feed from the command line, with a running server, on both databases.</summary>
public sealed class Live_commands : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task What_is_published_is_seen_by_whoever_watches_and_marked_as_a_test(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        var (publish, watch) = (Run(rig), Run(rig));
        var watching = watch.RunAsync("watch", "admin-notifications", "devices.7", "--server", rig.Api.Address.ToString(), "--count", "2", "--json");
        await Eventually.TrueAsync(() => rig.State.Subscriptions == 2, "it watches");
        await publish.GoodAsync("live", "publish", "admin-notifications", "payment.processed", "--data", """{"amount": 100}""", "--json");
        Assert.Equal("payment.processed", publish.Json.GetProperty("name").GetString());
        await publish.GoodAsync("live", "publish", "devices.7", "x");
        Assert.Equal(0, await watching);
        var lines = watch.Output.Trim().Split('\n').Select(l => JsonDocument.Parse(l).RootElement).ToArray();
        Assert.Equal(["payment.processed", "x"], lines.Select(l => l.GetProperty("name").GetString()));
        Assert.Equal(100, lines[0].GetProperty("data").GetProperty("amount").GetInt32());
        Assert.All(lines, l => Assert.True(l.GetProperty("data").GetProperty("test").GetBoolean()));

        var text = Run(rig);
        watching = text.RunAsync("watch", "--server", rig.Api.Address.ToString(), "--count", "1");
        await Eventually.TrueAsync(() => rig.State.Subscriptions == 1, "it watches");
        await publish.GoodAsync("live", "publish", "devices.7", "door.opened");
        Assert.Equal(0, await watching);
        Assert.Contains("devices.7 door.opened {\"test\":true}", text.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Figures_of_queues_are_shown_too(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        var watch = Run(rig);
        Assert.Equal(0, await watch.RunAsync("watch", "jobs.mail", "--server", rig.Api.Address.ToString(), "--count", "1"));
        Assert.Contains("jobs.mail 0 ready, 0 running, 0 scheduled, 0 blocked, 0 done/s, 0 dead/s", watch.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_watches_a_queue_sees_its_figures_and_how_far_its_batches_are()
    {
        await using var rig = await FeedRig.StartAsync(role: "api");
        await using var jobs = await FeedWorker.StartAsync(rig, isRunning: false);
        await jobs.Queue.EnqueueBatchAsync("nightly", [jobs.Queue.Prepare(new Work("well"))]);
        var run = Run(rig);
        Assert.Equal(0, await run.RunAsync("watch", "jobs.mail", "--server", rig.Api.Address.ToString(), "--count", "2"));
        Assert.Contains("jobs.mail 1 ready, 0 running, ", run.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        Assert.Contains("jobs.mail batch_counted {\"batch_id\":1,\"name\":\"nightly\",", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_typed_wrongly_and_a_server_that_is_not_there_are_said()
    {
        await using var rig = await FeedRig.StartAsync();
        var run = Run(rig);
        Assert.Equal(64, await run.RunAsync("live", "publish", "nowhere", "x"));
        Assert.Contains("'nowhere' is no topic", run.Error, StringComparison.Ordinal);
        Assert.Equal(64, await run.RunAsync("live", "publish", "global", "x", "--data", "[]"));
        Assert.Equal(64, await run.RunAsync("live", "publish", "global", "x", "--data", "{"));
        Assert.Equal(64, await run.RunAsync("watch", "nowhere"));
        Assert.Equal(64, await run.RunAsync("watch", "--server", "nowhere"));
        Assert.Equal(1, await run.RunAsync("watch", "--server", "http://127.0.0.1:1"));
        Assert.Contains("rondo serve", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Whoever_watches_without_a_good_token_is_told_how_to_get_one()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        var run = new CommandRun(_folder);
        string[] watch = ["watch", "--server", rondo.Api.Address.ToString(), "--count", "1"];
        Assert.Equal(1, await run.RunAsync(watch));
        Assert.Contains("rondo tokens add watch --role viewer", run.Error, StringComparison.Ordinal);
        run.Variables["RONDO_TOKEN"] = "rondo_nonsense";
        Assert.Equal(1, await run.RunAsync(watch));
        Assert.Contains("does not know the token in RONDO_TOKEN", run.Error, StringComparison.Ordinal);
    }

    private CommandRun Run(FeedRig rig) => new(_folder) { Database = rig.Address.Kind == DatabaseKind.Sqlite ? "sqlite:" + rig.Address.Target : rig.Address.Target };
}
