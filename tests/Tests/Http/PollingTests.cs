using System.Net;
using System.Text.Json;
using Rondo.Storage;
using Rondo.Tests.Host;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class PollingTests(HttpFixture rondo) : IAsyncLifetime
{
    public async ValueTask InitializeAsync() => (await rondo.AskAsync(HttpMethod.Put, "/api/devices/meter", rondo.Meter("meter"))).Good(HttpStatusCode.Created);

    public async ValueTask DisposeAsync()
    {
        await rondo.RemoveAsync("meter");
        GC.SuppressFinalize(this);
    }

    [Fact]
    public async Task Status_tells_that_what_is_enabled_is_owned_and_planned()
    {
        var status = await Eventually.GetAsync(
            async () => (await rondo.GetAsync("/api/polling/status")).Good(), s => s.GetProperty("owned_groups").GetInt32() > 0, "the endpoint is owned");
        Assert.True(status.GetProperty("is_consistent").GetBoolean());
        Assert.Equal(1, status.GetProperty("running_nodes").GetInt32());
        Assert.Equal(0, status.GetProperty("details").GetArrayLength());
        Assert.Equal("meter", (await rondo.GetAsync("/api/polling/status?detailed=true")).Good().GetProperty("details")[0].GetProperty("name").GetString());
    }

    [Fact]
    public async Task A_stop_is_obeyed_and_a_start_begins_again()
    {
        await OnlineAsync();
        var stopped = (await rondo.AskAsync(HttpMethod.Post, "/api/polling/stop?device=meter")).Good();
        Assert.Equal("stopped", stopped.GetProperty("polling").GetString());
        await Eventually.TrueAsync(async () => (await DetailAsync()).GetProperty("status").GetString() == "paused", "it is paused");
        await Eventually.TrueAsync(async () => (await MetricsAsync()).GetProperty("seen_revision").GetInt64() >= stopped.GetProperty("revision").GetInt64(), "the node has heard of it");
        await Eventually.TrueAsync(async () => (await DetailAsync()).GetProperty("next_slot").ValueKind == JsonValueKind.Null, "no slot is planned any more");

        (await rondo.AskAsync(HttpMethod.Post, "/api/polling/start?device=meter")).Good();
        await OnlineAsync();

        (await rondo.AskAsync(HttpMethod.Post, "/api/polling/stop")).Good();
        Assert.False((await rondo.GetAsync("/api/polling/status")).Good().GetProperty("enabled").GetBoolean());
        (await rondo.AskAsync(HttpMethod.Post, "/api/polling/start")).Good();
        Assert.True((await rondo.GetAsync("/api/polling/status")).Good().GetProperty("enabled").GetBoolean());
    }

    [Fact]
    public async Task Metrics_count_and_their_distributions_start_over_on_demand()
    {
        await Eventually.TrueAsync(async () => (await MetricsAsync()).GetProperty("ok").GetInt64() > 0, "a poll is recorded");
        Assert.True((await MetricsAsync()).GetProperty("may_work").GetBoolean());
        Assert.Equal(HttpStatusCode.NoContent, (await rondo.AskAsync(HttpMethod.Post, "/api/polling/stop")).Status == HttpStatusCode.OK
            ? (await rondo.AskAsync(HttpMethod.Post, "/api/polling/metrics/reset")).Status : default);
        await Eventually.TrueAsync(
            async () =>
            {
                await rondo.AskAsync(HttpMethod.Post, "/api/polling/metrics/reset");
                return (await MetricsAsync()).GetProperty("lateness_p99_ms").ValueKind == JsonValueKind.Null;
            },
            "nothing is in the distributions once polling stands");
        await rondo.AskAsync(HttpMethod.Post, "/api/polling/start");
    }

    [Fact]
    public async Task An_audit_finds_what_is_left_over_and_cleans_it_once()
    {
        await rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test.ghost", "update endpoint set owner = 'ghost' where not exists (select 1 from device d where d.endpoint_id = endpoint.id and d.removed_at is null)")); tx.Execute(new Sql("test.endpoint", "insert into endpoint (id, driver, address, settings, owner) values (999999, 'modbus', 'ghost:1', '{}', 'ghost') on conflict (id) do update set owner = 'ghost'")); });
        var dry = (await rondo.AskAsync(HttpMethod.Post, "/api/polling/audit?dry_run=true")).Good();
        Assert.True(dry.GetProperty("found").GetInt32() > 0);
        Assert.Equal(0, dry.GetProperty("cleaned").GetInt32());

        var real = (await rondo.AskAsync(HttpMethod.Post, "/api/polling/audit")).Good();
        Assert.Contains(real.GetProperty("items").EnumerateArray(), i => i.GetProperty("code").GetString() == "dead_owner" && i.GetProperty("cleaned").GetBoolean());
        Assert.Equal(0, (await rondo.AskAsync(HttpMethod.Post, "/api/polling/audit")).Good().GetProperty("found").GetInt32());
    }

    [Fact]
    public async Task Readings_are_read_page_by_page_in_both_directions()
    {
        await Eventually.TrueAsync(
            async () => await rondo.GetAsync("/api/readings/meter/power") is { Status: HttpStatusCode.OK } a && a.Json.GetProperty("readings").GetArrayLength() >= 5, "five readings");
        await rondo.AskAsync(HttpMethod.Post, "/api/polling/stop?device=meter");
        await Eventually.TrueAsync(async () => (await DetailAsync()).GetProperty("next_slot").ValueKind == JsonValueKind.Null && (await MetricsAsync()).GetProperty("endpoints").GetInt32() == 0, "its last outcome is written");

        var down = await WalkAsync("/api/readings/meter/power?limit=2&order=desc");
        var up = await WalkAsync("/api/readings/meter/power?limit=3&from=2020-01-01T00:00:00Z");
        Assert.True(up.Count >= 5);
        Assert.Equal(up, Enumerable.Reverse(down));
        Assert.Equal(up, up.Order().Distinct());
        Assert.Equal(up[2..], await WalkAsync($"/api/readings/meter/power?from={up[2]}"));
        Assert.Equal(up[..2], await WalkAsync($"/api/readings/meter/power?from={up[0]}&to={up[2]}"));
        Assert.Equal(up, await WalkAsync("/api/readings/meter%2Fpower?from=2020-01-01T00:00:00Z&limit=4"));
        Assert.Equal(up[..2], await WalkAsync($"/api/readings/meter%2fpower?from={up[0]}&to={up[2]}"));
        var near = (await rondo.GetAsync("/api/readings/meter/powr")).Problem(HttpStatusCode.NotFound).GetProperty("near");
        Assert.Contains(near.EnumerateArray(), n => n.GetString() == "meter/power");
    }

    [Fact]
    public async Task A_device_is_read_now_by_the_node_that_polls_it_and_the_ledger_knows_nothing_of_it()
    {
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/meter", rondo.Meter("meter").Replace("200ms", "1h", StringComparison.Ordinal))).Good();
        await Eventually.TrueAsync(async () => (await MetricsAsync()).GetProperty("groups").GetInt32() == 1, "it is armed");
        var answer = (await rondo.AskAsync(HttpMethod.Post, "/api/polling/now?device=meter")).Good();
        Assert.Equal(["voltage", "power"], answer.GetProperty("points").EnumerateArray().Select(p => p.GetProperty("name").GetString()));
        Assert.All(answer.GetProperty("points").EnumerateArray(), p => Assert.Equal(JsonValueKind.Number, p.GetProperty("value").ValueKind));
        Assert.True(answer.GetProperty("is_complete").GetBoolean());

        using var folder = new TempFolder();
        var run = new CommandRun(folder) { Database = rondo.Server.Database.Address.Shown };
        await run.GoodAsync("polling", "now", "meter");
        Assert.Contains("voltage", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("polling", "now", "metre"));
        Assert.Contains("meter", run.Error, StringComparison.Ordinal);
        (await rondo.AskAsync(HttpMethod.Post, "/api/polling/now?device=metre")).Problem(HttpStatusCode.NotFound);
        Assert.Equal(0, (await rondo.GetAsync("/api/polling/validate")).Good().GetProperty("duplicates").GetInt32());
    }

    [Fact]
    public async Task Nodes_tell_who_runs()
    {
        var node = Assert.Single((await rondo.GetAsync("/api/nodes")).Good().GetProperty("nodes").EnumerateArray());
        Assert.True(node.GetProperty("is_running").GetBoolean());
        Assert.True(node.GetProperty("is_this").GetBoolean());
        Assert.Equal(Environment.ProcessId, node.GetProperty("pid").GetInt32());
        Assert.Equal("poll", node.GetProperty("roles")[0].GetString());
    }

    private async Task<List<string>> WalkAsync(string path)
    {
        var instants = new List<string>();
        for (var next = path; next is not null;)
        {
            var page = (await rondo.GetAsync(next)).Good();
            instants.AddRange(page.GetProperty("readings").EnumerateArray().Select(r => r.GetProperty("at").GetString()!));
            next = page.GetProperty("next").GetString();
        }

        return instants;
    }

    private Task OnlineAsync() => Eventually.TrueAsync(async () => (await DetailAsync()).GetProperty("status").GetString() == "online", "it is online");

    private async Task<JsonElement> DetailAsync() => (await rondo.GetAsync("/api/polling/status?device=meter")).Good().GetProperty("details")[0];

    private async Task<JsonElement> MetricsAsync() => (await rondo.GetAsync("/api/polling/metrics")).Good();
}
