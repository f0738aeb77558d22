using System.Net;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rondo.Diagnostics;
using Rondo.Host.Checks;
using Rondo.Nodes;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Health part by part, and how long things take.</summary>
public sealed partial class DetailedHealthTests
{
    [Fact]
    public async Task Every_part_says_how_it_is_why_since_when_and_what_to_do()
    {
        await using var rondo = new HttpFixture(null, "poll", "work");
        await rondo.InitializeAsync();
        var well = await Eventually.GetAsync(() => rondo.GetAsync("/health/detailed"), a => a.Json.GetProperty("status").GetString() == "healthy", "healthy");
        Assert.Equal(Remedies.Parts, well.Good().GetProperty("parts").EnumerateArray().Select(p => p.GetProperty("name").GetString()!));
        Assert.All(well.Json.GetProperty("parts").EnumerateArray(), p => Assert.Equal(("healthy", JsonValueKind.Null, JsonValueKind.Null), (p.GetProperty("state").GetString(), p.GetProperty("reason").ValueKind, p.GetProperty("todo").ValueKind)));
        Assert.True(Instant.TryParse(Part(well, "polling").GetProperty("since").GetString(), out _));

        var dead = """{ "name": "dead", "address": "127.0.0.1:1", "interval": "100ms", "points": [ { "name": "p", "address": 0 } ] }""";
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", dead)).Good(HttpStatusCode.Created);
        var sick = await Eventually.GetAsync(() => rondo.GetAsync("/health/detailed"), a => a.Json.GetProperty("status").GetString() != "healthy", "no longer healthy");
        var polling = Part(sick, "polling");
        Assert.Equal("devices.offline", polling.GetProperty("reasons")[0].GetProperty("code").GetString());
        Assert.Contains("offline", polling.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.StartsWith("rondo devices list", polling.GetProperty("todo").GetString(), StringComparison.Ordinal);
        Assert.Equal("healthy", Part(sick, "database").GetProperty("state").GetString());

        // It stays the same moment for as long as it lasts.
        var again = await rondo.GetAsync("/health/detailed");
        Assert.Equal(polling.GetProperty("since").GetString(), Part(again, "polling").GetProperty("since").GetString());
        Assert.Equal(polling.GetProperty("state").GetString() == "critical" ? 2 : 1, MetricsTests.Value((await rondo.GetAsync("/metrics")).Text, "rondo_health{part=\"polling\"}"));
        Assert.Equal(0, MetricsTests.Value((await rondo.GetAsync("/metrics")).Text, "rondo_health{part=\"database\"}"));

        await rondo.RemoveAsync("dead");
        var mended = await Eventually.GetAsync(() => rondo.GetAsync("/health/detailed"), a => a.Json.GetProperty("status").GetString() == "healthy", "healthy again");
        Assert.NotEqual(Part(well, "polling").GetProperty("since").GetString(), Part(mended, "polling").GetProperty("since").GetString());
    }

    [Fact]
    public async Task Anybody_gets_one_word_and_503_is_for_critical_only()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        using var nobody = new HttpClient { BaseAddress = rondo.Api.Address };
        await Eventually.TrueAsync(async () => await nobody.GetStringAsync("/health/detailed") == """{"status":"healthy"}""" && await nobody.GetStringAsync("/health/polling") == """{"status":"healthy"}""", "one word");
        Assert.True((await rondo.GetAsync("/health/polling")).Json.TryGetProperty("reasons", out _));

        await rondo.Server.Database.WriteAsync("test", tx => { NodeRegister.Bury(tx, rondo.Server.Node.Id); }, TestContext.Current.CancellationToken);
        Assert.False(rondo.Server.Node.Renew());

        // Whoever has no token is told what was so at most a second ago.
        var critical = await Eventually.GetAsync(
            async () =>
            {
                using var answer = await nobody.GetAsync("/health/detailed");
                return (answer.StatusCode, Text: await answer.Content.ReadAsStringAsync());
            },
            a => a.StatusCode != HttpStatusCode.OK,
            "no more healthy");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, """{"status":"critical"}"""), critical);
        var told = await rondo.GetAsync("/health/detailed");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, told.Status);
        Assert.Equal("node.may_not_work", Part(told, "node").GetProperty("reasons")[0].GetProperty("code").GetString());
    }

    [Fact]
    public async Task Each_part_remembers_since_when_it_has_been_as_it_is()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        var board = new HealthBoard(rondo.Server);
        var start = new Instant(1_000_000);
        Finding[] nothing = [];
        Finding slow = new("polling.spool", Health.Degraded, "recorder", "slow"), worse = slow with { Severity = Health.Critical }, stuck = new("loops.failing", Health.Degraded, "audit.seal", "no");

        Assert.Equal((Health.Healthy, start), State(board.Judge(nothing, start + TimeSpan.FromSeconds(10), start), "polling"));
        Assert.Equal((Health.Degraded, start + TimeSpan.FromSeconds(20)), State(board.Judge([slow], start + TimeSpan.FromSeconds(20), start), "polling"));
        Assert.Equal((Health.Degraded, start + TimeSpan.FromSeconds(20)), State(board.Judge([slow, stuck], start + TimeSpan.FromSeconds(30), start), "polling"));
        var now = board.Judge([worse, stuck], start + TimeSpan.FromSeconds(40), start);
        Assert.Equal((Health.Critical, start + TimeSpan.FromSeconds(40)), State(now, "polling"));
        Assert.Equal(start + TimeSpan.FromSeconds(20), now.Parts.Single(p => p.Name == "polling").Reasons[0].Since);
        Assert.Equal((Health.Degraded, start + TimeSpan.FromSeconds(30)), State(now, "audit"));
        Assert.Equal((Health.Healthy, start + TimeSpan.FromSeconds(50)), State(board.Judge(nothing, start + TimeSpan.FromSeconds(50), start), "polling"));
        Assert.Equal(start + TimeSpan.FromSeconds(60), board.Judge([slow], start + TimeSpan.FromSeconds(60), start).Parts.Single(p => p.Name == "polling").Reasons[0].Since);
    }

    [Fact]
    public void Each_reason_that_the_program_knows_has_something_to_do()
    {
        var codes = Repository.Files("src", "*.cs").SelectMany(f => Code().Matches(File.ReadAllText(f)).Select(m => m.Groups["code"].Value)).Where(c => c.Contains('.', StringComparison.Ordinal)).Distinct().ToList();
        Assert.True(codes.Count > 20, $"{codes.Count} codes");
        Assert.Empty(codes.Except(Remedies.All.Keys));
        Assert.All(Remedies.All.Keys, code => Assert.Contains(Remedies.PartOf(code, code.StartsWith("loops.", StringComparison.Ordinal) ? "polling.record" : ""), Remedies.Parts));
        Assert.Equal(["polling", "jobs", "audit", "live", "loops", "database"], new[] { "polling.record", "jobs.claim", "audit.seal", "live.log", "upkeep", "database.blockers" }.Select(l => Remedies.PartOf("loops.failing", l)));
    }

    [Fact]
    public async Task Percentiles_are_told_by_endpoint_and_by_loop_with_their_window()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        for (var n = 0; n < 5; n++)
        {
            await rondo.GetAsync("/api/devices");
            await rondo.GetAsync($"/api/devices/none-{n}");
        }

        var view = (await rondo.GetAsync("/metrics/performance")).Good();
        var endpoints = view.GetProperty("endpoints").EnumerateArray().ToDictionary(e => e.GetProperty("name").GetString()!);
        foreach (var name in new[] { "GET /api/devices", "GET /api/devices/{name}" })
        {
            foreach (var part in new[] { "window", "total" })
            {
                var times = endpoints[name].GetProperty(part);
                Assert.Equal(5, times.GetProperty("count").GetInt64());
                var (p50, p95, p99) = (times.GetProperty("p50_ms").GetDouble(), times.GetProperty("p95_ms").GetDouble(), times.GetProperty("p99_ms").GetDouble());
                Assert.True(p50 > 0 && p50 <= p95 && p95 <= p99 && p99 < 30_000, $"{p50} {p95} {p99}");
            }
        }

        Assert.Contains(view.GetProperty("loops").EnumerateArray(), l => l.GetProperty("name").GetString() == "polling.record");
        Assert.InRange(view.GetProperty("window_s").GetDouble(), 0, 300);
        using var ingest = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Ingest);
        using var forbidden = await ingest.GetAsync("/metrics/performance");
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
    }

    private static JsonElement Part(Answer answer, string name) => answer.Json.GetProperty("parts").EnumerateArray().Single(p => p.GetProperty("name").GetString() == name);

    private static (Health, Instant) State(DetailedHealth health, string part) => health.Parts.Where(p => p.Name == part).Select(p => (p.State, p.Since)).Single();

    // A code stands before its severity, in what is found or in what makes it.
    [GeneratedRegex("\"(?<code>[a-z_]+\\.[a-z_]+)\"(?:[^\"]{0,40}?\\bHealth\\.(?:Degraded|Critical)|, (?:severity|share)\\b)|Age\\(found, \"(?<code>[a-z_]+\\.[a-z_]+)\"|\"(?<code>storage\\.(?:full|unavailable))\"")]
    private static partial Regex Code();
}
