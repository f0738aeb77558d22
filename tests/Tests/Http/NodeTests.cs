using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Rondo.Storage;
using Rondo.Tests.Host;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Two nodes of one PostgreSQL, looked at and drained over HTTP and by command.</summary>
public sealed class NodeTests(TestPostgres postgres) : IClassFixture<TestPostgres>
{
    [Fact]
    public async Task Nodes_tell_what_they_own_and_a_drained_one_gives_it_to_the_other()
    {
        await using var here = new HttpFixture(postgres.Url);
        await here.InitializeAsync();
        using var folder = new TempFolder();
        var run = new CommandRun(folder) { Database = postgres.Url };
        for (var n = 0; n < 6; n++)
        {
            (await here.AskAsync(HttpMethod.Post, "/api/devices", here.Meter($"m{n}").Replace("127.0.0.1:", $"127.0.0.{n + 2}:", StringComparison.Ordinal))).Good(HttpStatusCode.Created);
        }

        var first = here.Server.Node.Id;
        await OwnsAsync(here, first, 6);
        Assert.Contains("is the only one that polls", (await here.AskAsync(HttpMethod.Post, $"/api/nodes/{first}/drain")).Problem(HttpStatusCode.Conflict).GetProperty("detail").GetString());
        Assert.Equal(1, await run.RunAsync("nodes", "drain", first));
        Assert.Contains("--force", run.Error, StringComparison.Ordinal);
        Assert.Contains("rondo nodes list", (await here.AskAsync(HttpMethod.Post, "/api/nodes/nobody/drain")).Problem(HttpStatusCode.NotFound).GetProperty("detail").GetString());

        await using var there = new HttpFixture(postgres.Url);
        await there.InitializeAsync();
        var second = there.Server.Node.Id;
        await OwnsAsync(here, second, 3);
        await OwnsAsync(here, first, 3);

        // Asked here, answered by whoever has the connection.
        var askedBy = new HashSet<string?>();
        for (var n = 0; n < 6; n++)
        {
            askedBy.Add((await here.AskAsync(HttpMethod.Post, $"/api/polling/now?device=m{n}")).Good().GetProperty("node").GetString());
        }

        Assert.Equivalent(new[] { first, second }, askedBy, strict: true);

        Assert.Equal(0, await run.RunAsync("nodes", "drain", second, "--json"));
        Assert.Equal(0, run.Json.GetProperty("endpoints").GetInt32());
        Assert.True(run.Json.GetProperty("is_draining").GetBoolean());
        await OwnsAsync(there, first, 6);
        Assert.True((await NodeAsync(here, second)).GetProperty("is_draining").GetBoolean());
        await run.GoodAsync("nodes", "list");
        Assert.Contains("draining", run.Output, StringComparison.Ordinal);

        (await here.AskAsync(HttpMethod.Post, $"/api/nodes/{second}/resume")).Good();
        await OwnsAsync(here, second, 3);
        var node = await NodeAsync(there, first);
        Assert.InRange(node.GetProperty("lease_age_s").GetDouble(), -1, 6);
        Assert.InRange(node.GetProperty("progress_age_s").GetDouble(), -1, 10);
        Assert.InRange(node.GetProperty("clock_offset_s").GetDouble(), -1, 1);
        Assert.False(node.GetProperty("is_this").GetBoolean());
        Assert.True((await here.GetAsync("/api/polling/validate")).Good().GetProperty("is_clean").GetBoolean());
    }

    [Fact]
    public async Task Without_hints_what_is_asked_of_one_node_is_obeyed_by_another_within_2_s()
    {
        await using var own = await TestStore.PostgresAsync();
        await using var here = new HttpFixture(own.Url) { IsHinting = false };
        await here.InitializeAsync();
        for (var n = 1; n <= 3; n++)
        {
            (await here.AskAsync(HttpMethod.Post, "/api/devices", here.Meter($"m{n}", n).Replace("200ms", "5s", StringComparison.Ordinal))).Good(HttpStatusCode.Created);
        }

        await using var there = new HttpFixture(own.Url) { IsHinting = false };
        await there.InitializeAsync();
        var other = there.Server.Node.Id;
        await OwnsAsync(here, other, 1);
        await Eventually.TrueAsync(() => there.Server.Poller!.State.Endpoints == 1, "it has heard of it");
        var theirs = 0;
        for (var n = 1; n <= 3; n++)
        {
            var began = Stopwatch.GetTimestamp();
            var answer = (await here.AskAsync(HttpMethod.Post, $"/api/polling/now?device=m{n}")).Good();
            Assert.True(Stopwatch.GetElapsedTime(began) < _obeyed, "it is read now");
            theirs = answer.GetProperty("node").GetString() == other ? n : theirs;
        }

        // By the ledger: the first poll in the new rhythm, which begins a second after the change.
        var asked = here.Server.Database.Clock.Now;
        (await here.AskAsync(HttpMethod.Put, $"/api/devices/m{theirs}", here.Meter($"m{theirs}", theirs).Replace("200ms", "600ms", StringComparison.Ordinal))).Good();
        await PolledAsync(2);
        (await here.AskAsync(HttpMethod.Post, $"/api/polling/stop?device=m{theirs}")).Good();
        await Eventually.TrueAsync(() => there.Server.Poller!.State.Groups == 0, "nothing of it is due any more", _obeyed);
        asked = here.Server.Database.Clock.Now;
        (await here.AskAsync(HttpMethod.Post, $"/api/polling/start?device=m{theirs}")).Good();
        await PolledAsync(3);

        (await here.AskAsync(HttpMethod.Post, $"/api/nodes/{other}/drain")).Good();
        await Eventually.TrueAsync(() => here.Server.Poller!.State.Endpoints == 3, "all are polled here", _obeyed);
        (await here.AskAsync(HttpMethod.Post, $"/api/nodes/{other}/resume")).Good();
        await Eventually.TrueAsync(() => there.Server.Poller!.State.Endpoints == 1, "its share is polled there", _obeyed);

        async Task PolledAsync(int plan)
        {
            var first = await Eventually.GetAsync(
                () => here.Server.Database.ReadAsync("test", tx => tx.First<Instant?>(new Sql("test", """
                    select min(p.slot) from poll p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id where d.name = @name and p.plan_no = @plan and p.outcome = 'ok'
                    """), new { name = $"m{theirs}", plan })),
                slot => slot is not null,
                $"it is polled by plan {plan}");
            Assert.True(first < asked + _obeyed, $"asked at {asked}, polled at {first}");
        }
    }

    [Fact]
    public async Task On_SQLite_there_is_nobody_to_drain_to()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        var problem = (await rondo.AskAsync(HttpMethod.Post, $"/api/nodes/{rondo.Server.Node.Id}/drain")).Problem(HttpStatusCode.Conflict);
        Assert.Contains("there is one server", problem.GetProperty("detail").GetString());
    }

    private static readonly TimeSpan _obeyed = TimeSpan.FromSeconds(2);

    private static Task OwnsAsync(HttpFixture rondo, string node, int endpoints) => Eventually.TrueAsync(
        async () => (await NodeAsync(rondo, node)).GetProperty("endpoints").GetInt32() == endpoints, $"{node} owns {endpoints} endpoints", TimeSpan.FromSeconds(30));

    private static async Task<JsonElement> NodeAsync(HttpFixture rondo, string node) =>
        (await rondo.GetAsync("/api/nodes")).Good().GetProperty("nodes").EnumerateArray().Single(n => n.GetProperty("id").GetString() == node);
}
