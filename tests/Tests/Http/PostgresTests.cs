using System.Net;
using Rondo.Tests.Polling.Fleet;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>The statements behind the API, once more on PostgreSQL; what they mean is tested on SQLite.</summary>
public sealed class PostgresTests(TestPostgres postgres) : IClassFixture<TestPostgres>
{
    [Fact]
    public async Task The_api_answers_on_PostgreSQL_as_it_does_on_SQLite()
    {
        await using var rondo = new HttpFixture(postgres.Url);
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("meter", more: "\"category\": \"energy\","))).Good(HttpStatusCode.Created);
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/idle", rondo.Meter("idle", 2, more: "\"monitoring_enabled\": false,"))).Good(HttpStatusCode.Created);
        await Eventually.TrueAsync(
            async () => await rondo.GetAsync("/api/readings/meter/voltage?limit=2") is { Status: HttpStatusCode.OK } a && a.Json.GetProperty("readings").GetArrayLength() == 2, "readings");

        var stored = await rondo.GetAsync("/api/devices/meter");
        Assert.Equal("unchanged", (await rondo.AskAsync(HttpMethod.Put, "/api/devices/meter", stored.Text)).Good().GetProperty("result").GetString());
        Assert.Equal(1, (await rondo.GetAsync("/api/devices?category=energy&status=online")).Good().GetProperty("devices").GetArrayLength());
        Assert.Equal("meter", (await rondo.GetAsync("/api/devices/metre")).Problem(HttpStatusCode.NotFound).GetProperty("near")[0].GetString());
        Assert.Equal("meter/voltage", (await rondo.GetAsync("/api/readings/meter/volt")).Problem(HttpStatusCode.NotFound).GetProperty("near")[0].GetString());

        var fleet = (await rondo.GetAsync("/api/polling/health")).Good().GetProperty("fleet");
        Assert.Equal(1, fleet.GetProperty("owned_groups").GetInt32());
        Assert.Equal(1, fleet.GetProperty("devices").GetProperty("paused").GetInt32());
        Assert.True((await rondo.GetAsync("/api/polling/status?detailed=true")).Good().GetProperty("is_consistent").GetBoolean());
        Assert.True((await rondo.GetAsync("/api/polling/validate")).Good().GetProperty("is_clean").GetBoolean());
        Assert.Equal(0, (await rondo.AskAsync(HttpMethod.Post, "/api/polling/audit")).Good().GetProperty("found").GetInt32());
        Assert.True((await rondo.GetAsync("/api/nodes")).Good().GetProperty("nodes").EnumerateArray().Single(n => n.GetProperty("is_this").GetBoolean()).GetProperty("is_running").GetBoolean());
        await rondo.RemoveAsync("meter", "idle");
    }

    [Fact]
    public async Task Two_servers_that_patch_one_device_at_the_same_time_lose_nothing_of_each_other()
    {
        await using var here = new HttpFixture(postgres.Url);
        await here.InitializeAsync();
        await using var there = new HttpFixture(postgres.Url);
        await there.InitializeAsync();
        (await here.AskAsync(HttpMethod.Post, "/api/devices", here.Meter("shared", more: "\"monitoring_enabled\": false,"))).Good(HttpStatusCode.Created);

        await using var gate = await HeldGate.TakeAsync(here.Server.Database, _ => { });
        var one = here.AskAsync(HttpMethod.Patch, "/api/devices/shared", """{ "category": "energy" }""");
        var two = there.AskAsync(HttpMethod.Patch, "/api/devices/shared", """{ "tags": ["roof"] }""");
        await gate.LetGoAsync(one, two);
        (await one).Good();
        (await two).Good();

        var stored = (await here.GetAsync("/api/devices/shared")).Good();
        Assert.Equal("energy", stored.GetProperty("category").GetString());
        Assert.Equal("roof", stored.GetProperty("tags")[0].GetString());
        await here.RemoveAsync("shared");
    }
}
