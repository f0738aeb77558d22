using System.Net;
using System.Text.Json;
using Rondo.Tests.Host;
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
    public async Task On_SQLite_there_is_nobody_to_drain_to()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        var problem = (await rondo.AskAsync(HttpMethod.Post, $"/api/nodes/{rondo.Server.Node.Id}/drain")).Problem(HttpStatusCode.Conflict);
        Assert.Contains("there is one server", problem.GetProperty("detail").GetString());
    }

    private static Task OwnsAsync(HttpFixture rondo, string node, int endpoints) => Eventually.TrueAsync(
        async () => (await NodeAsync(rondo, node)).GetProperty("endpoints").GetInt32() == endpoints, $"{node} owns {endpoints} endpoints", TimeSpan.FromSeconds(30));

    private static async Task<JsonElement> NodeAsync(HttpFixture rondo, string node) =>
        (await rondo.GetAsync("/api/nodes")).Good().GetProperty("nodes").EnumerateArray().Single(n => n.GetProperty("id").GetString() == node);
}
