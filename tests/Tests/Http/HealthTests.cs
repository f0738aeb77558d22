using System.Net;
using Rondo.Host.Http;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class HealthTests(HttpFixture rondo)
{
    [Fact]
    public async Task Health_is_healthy_then_degraded_with_a_device_offline_then_healthy_again()
    {
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("well"))).Good(HttpStatusCode.Created);
        var well = await Eventually.GetAsync(() => rondo.GetAsync("/api/polling/health"), a => Word(a) == "healthy", "healthy");
        Assert.Equal(0, well.Good().GetProperty("reasons").GetArrayLength());
        Assert.Equal(1, well.Json.GetProperty("fleet").GetProperty("planned_groups").GetInt32());

        Assert.True(well.Json.GetProperty("validation").ValueKind == System.Text.Json.JsonValueKind.Null
            ? well.Json.GetProperty("validation_note").GetString() == "not yet: the first one begins 30 s after the start of the process"
            : well.Json.GetProperty("validation_note").ValueKind == System.Text.Json.JsonValueKind.Null);

        var dead = """{ "name": "dead", "address": "127.0.0.1:1", "interval": "100ms", "points": [ { "name": "p", "address": 0 } ] }""";
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", dead)).Good(HttpStatusCode.Created);
        var sick = await Eventually.GetAsync(() => rondo.GetAsync("/api/polling/health"), a => Word(a) == "degraded", "degraded");
        var reason = sick.Good().GetProperty("reasons")[0];
        Assert.Equal("devices.offline", reason.GetProperty("code").GetString());
        Assert.Equal("degraded", reason.GetProperty("severity").GetString());

        await rondo.RemoveAsync("dead", "well");
        await Eventually.GetAsync(() => rondo.GetAsync("/api/polling/health"), a => Word(a) == "healthy", "healthy again");
    }

    [Fact]
    public async Task A_live_and_ready_node_says_so()
    {
        Assert.Equal("live", (await rondo.GetAsync("/health/live")).Good().GetProperty("status").GetString());
        var ready = await Eventually.GetAsync(() => rondo.GetAsync("/health/ready"), a => a.Status == HttpStatusCode.OK, "ready");
        Assert.True(ready.Json.GetProperty("ready").GetBoolean());
    }

    [Fact]
    public async Task A_node_that_was_declared_dead_is_critical_and_not_ready_but_live()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"));
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://[::1]:0") }, CancellationToken.None);
        using var client = await HttpFixture.ClientAsync(server, api);
        await server.Database.WriteAsync("test", tx => { NodeRegister.Bury(tx, server.Node.Id); });
        Assert.False(server.Node.Renew());

        using var health = await client.GetAsync("/api/polling/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("node.may_not_work", await health.Content.ReadAsStringAsync());
        using var ready = await client.GetAsync("/health/ready");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, ready.StatusCode);
        using var live = await client.GetAsync("/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
    }

    [Fact]
    public async Task A_database_that_cannot_be_read_is_critical_and_told_in_a_sentence()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"));
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, CancellationToken.None);
        using var client = await HttpFixture.ClientAsync(server, api);
        await server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test.rename", "alter table device rename to lost")); });

        using var devices = await client.GetAsync("/api/devices");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, devices.StatusCode);
        Assert.Equal("application/problem+json", devices.Content.Headers.ContentType!.MediaType);
        Assert.Contains("rondo database migrate", await devices.Content.ReadAsStringAsync());
        using var health = await client.GetAsync("/api/polling/health");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, health.StatusCode);
        Assert.Contains("storage.unavailable", await health.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_once_and_without_a_stack_trace()
    {
        using var logs = new CapturedLogs();
        var fault = await Assert.ThrowsAsync<HttpStartException>(
            () => HttpApi.StartAsync(rondo.Server, new HttpSettings { Address = rondo.Api.Address, Logs = logs }, CancellationToken.None));
        Assert.Contains($"cannot listen on {rondo.Api.Address.Authority}", fault.Message);
        Assert.Empty(logs.Lines);
    }

    private static string? Word(Answer answer) => answer.Json.GetProperty("status").GetString();
}
