using System.Net;
using System.Text.Json;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class DeviceTests(HttpFixture rondo)
{
    [Fact]
    public async Task A_device_is_created_read_replaced_patched_and_removed()
    {
        var created = await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("crud"));
        Assert.Equal("created", created.Good(HttpStatusCode.Created).GetProperty("result").GetString());
        Assert.Equal("/api/devices/crud", created.Header("Location"));

        var stored = await rondo.GetAsync("/api/devices/crud");
        Assert.Equal(rondo.Gateway(1), stored.Good().GetProperty("address").GetString());
        Assert.Equal("unchanged", (await rondo.AskAsync(HttpMethod.Put, "/api/devices/crud", stored.Text)).Good().GetProperty("result").GetString());

        var replaced = (await rondo.AskAsync(HttpMethod.Put, "/api/devices/crud", rondo.Meter("crud", more: "\"category\": \"energy\","))).Good();
        Assert.Equal("category", replaced.GetProperty("changes")[0].GetProperty("path").GetString());

        var patched = (await rondo.AskAsync(HttpMethod.Patch, "/api/devices/crud", """{ "tags": ["main hall", "roof"], "category": null }""")).Good();
        Assert.Equal("", patched.GetProperty("device").GetProperty("category").GetString());
        Assert.Equal(["main hall", "roof"], (await ListedAsync("crud")).GetProperty("tags").EnumerateArray().Select(t => t.GetString()));
        Assert.Equal("main hall", (await rondo.GetAsync("/api/devices/crud")).Good().GetProperty("tags")[0].GetString());

        Assert.Equal("removed", (await rondo.AskAsync(HttpMethod.Delete, "/api/devices/crud")).Good().GetProperty("result").GetString());
        (await rondo.GetAsync("/api/devices/crud")).Problem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_device_created_over_http_is_polled_and_its_readings_appear()
    {
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("polled", 1, 2))).Good(HttpStatusCode.Created);
        var page = await Eventually.GetAsync(
            () => rondo.GetAsync("/api/readings/polled/voltage"), a => a.Status == HttpStatusCode.OK && a.Json.GetProperty("readings").GetArrayLength() >= 3, "three readings");
        var readings = page.Json.GetProperty("readings").EnumerateArray().ToArray();
        Assert.All(readings, r => Assert.InRange(r.GetProperty("value").GetDouble(), 180, 280));
        Assert.Equal("V", page.Json.GetProperty("unit").GetString());
        var status = (await rondo.GetAsync("/api/polling/status?device=polled")).Good().GetProperty("details")[0];
        Assert.Equal("online", status.GetProperty("status").GetString());
        await rondo.RemoveAsync("polled");
    }

    [Fact]
    public async Task Names_of_other_programs_are_accepted()
    {
        var (host, port) = (rondo.Gateway(2).Split(':')[0], rondo.Gateway(2).Split(':')[1]);
        var body = $$"""{ "name": "alien", "hostname": "{{host}}", "port": {{port}}, "category": "energy", "monitoring_enabled": false, "interval": "200ms", "profile": "sdm630", "points": ["voltage_l1"] }""";
        var device = (await rondo.AskAsync(HttpMethod.Post, "/api/devices", body)).Good(HttpStatusCode.Created).GetProperty("device");
        Assert.Equal(rondo.Gateway(2), device.GetProperty("address").GetString());
        Assert.False(device.GetProperty("enabled").GetBoolean());
        Assert.Equal("paused", (await ListedAsync("alien")).GetProperty("status").GetString());

        (await rondo.AskAsync(HttpMethod.Patch, "/api/devices/alien", """{ "monitoring_enabled": true }""")).Good();
        await Eventually.TrueAsync(async () => (await ListedAsync("alien")).GetProperty("status").GetString() == "online", "it is polled");
        await rondo.RemoveAsync("alien");
    }

    [Fact]
    public async Task A_dry_run_says_what_it_would_do_and_changes_nothing()
    {
        var created = (await rondo.AskAsync(HttpMethod.Post, "/api/devices?dry_run=true", rondo.Meter("dry"))).Good();
        Assert.True(created.GetProperty("dry_run").GetBoolean());
        Assert.Equal("created", created.GetProperty("result").GetString());
        (await rondo.GetAsync("/api/devices/dry")).Problem(HttpStatusCode.NotFound);

        await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("dry"));
        Assert.Equal("removed", (await rondo.AskAsync(HttpMethod.Delete, "/api/devices/dry?dry_run=true")).Good().GetProperty("result").GetString());
        Assert.Equal("changed", (await rondo.AskAsync(HttpMethod.Patch, "/api/devices/dry?dry_run=true", """{ "unit": 2 }""")).Good().GetProperty("result").GetString());
        Assert.Equal(1, (await rondo.GetAsync("/api/devices/dry")).Good().GetProperty("unit").GetInt32());
        await rondo.RemoveAsync("dry");
    }

    [Fact]
    public async Task Creating_twice_is_a_conflict()
    {
        await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("twice"));
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("twice"))).Problem(HttpStatusCode.Conflict);
        await rondo.RemoveAsync("twice");
    }

    [Fact]
    public async Task Every_mistake_is_told_at_once_with_its_place()
    {
        var body = """{ "name": "bad name", "address": "", "unit": 300, "colour": 1, "groups": [ { "interval": "1ms", "points": [ { "name": "p", "type": "float33" } ] } ] }""";
        var problem = (await rondo.AskAsync(HttpMethod.Post, "/api/devices", body)).Problem(HttpStatusCode.UnprocessableEntity);
        var pointers = problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("pointer").GetString()).ToArray();
        Assert.Equal(["/address", "/colour", "/groups/0/interval", "/groups/0/points/0", "/groups/0/points/0/type", "/name", "/unit"], pointers.Order(StringComparer.Ordinal));
        Assert.All(problem.GetProperty("errors").EnumerateArray(), e => Assert.NotEmpty(e.GetProperty("message").GetString()!));
    }

    [Fact]
    public async Task Rules_between_devices_hold_over_http_too()
    {
        await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("mother"));
        var loner = (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("child", more: "\"parent\": \"mothr\","))).Problem(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/parent", loner.GetProperty("errors")[0].GetProperty("pointer").GetString());
        Assert.Contains("did you mean mother", loner.GetProperty("errors")[0].GetProperty("message").GetString());
        var other = (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("child", more: "\"endpoint\": { \"retries\": 3 },"))).Problem(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/endpoint/retries", other.GetProperty("errors")[0].GetProperty("pointer").GetString());

        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("child", more: "\"parent\": \"mother\","))).Good(HttpStatusCode.Created);
        var kept = (await rondo.AskAsync(HttpMethod.Delete, "/api/devices/mother")).Problem(HttpStatusCode.Conflict);
        Assert.Contains("child", kept.GetProperty("detail").GetString());
        await rondo.RemoveAsync("child", "mother");
    }

    [Fact]
    public async Task A_patch_of_what_groups_overrule_is_refused_instead_of_ignored()
    {
        await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("strict"));
        var problem = (await rondo.AskAsync(HttpMethod.Patch, "/api/devices/strict", """{ "interval": "1s" }""")).Problem(HttpStatusCode.UnprocessableEntity);
        Assert.Equal("/interval", problem.GetProperty("errors")[0].GetProperty("pointer").GetString());
        (await rondo.AskAsync(HttpMethod.Patch, "/api/devices/strict", """{ "enabled": true, "enabled": false }""")).Problem(HttpStatusCode.BadRequest);
        await rondo.RemoveAsync("strict");
    }

    [Fact]
    public async Task A_name_that_is_not_there_is_answered_with_those_like_it()
    {
        await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("kitchen-meter"));
        var problem = (await rondo.GetAsync("/api/devices/kitchen-metre")).Problem(HttpStatusCode.NotFound);
        Assert.Equal("kitchen-meter", problem.GetProperty("near")[0].GetString());
        await rondo.RemoveAsync("kitchen-meter");
    }

    [Fact]
    public async Task The_list_is_filtered_and_read_page_by_page()
    {
        string[] names = ["page-a", "page-b", "page-c"];
        foreach (var name in names)
        {
            await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter(name, 2, 2, "\"category\": \"pages\", \"monitoring_enabled\": false,"));
        }

        var found = new List<string>();
        for (var next = "/api/devices?category=pages&limit=2"; next is not null;)
        {
            var page = (await rondo.GetAsync(next)).Good();
            found.AddRange(page.GetProperty("devices").EnumerateArray().Select(d => d.GetProperty("name").GetString()!));
            next = page.GetProperty("next").GetString();
        }

        Assert.Equal(names, found);
        Assert.Equal(0, (await rondo.GetAsync("/api/devices?category=pages&status=online")).Good().GetProperty("devices").GetArrayLength());
        await rondo.RemoveAsync(names);
    }

    private async Task<JsonElement> ListedAsync(string name) =>
        (await rondo.GetAsync("/api/devices")).Good().GetProperty("devices").EnumerateArray().Single(d => d.GetProperty("name").GetString() == name);
}
