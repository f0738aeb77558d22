using System.Net;
using System.Text.RegularExpressions;
using Rondo.Host.Metrics;
using Rondo.Metrics;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>What is told at /metrics, on both databases.</summary>
public sealed partial class MetricsTests
{
    private const string OpenMetrics = "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1";

    [Theory]
    [BothDatabases]
    public async Task Every_metric_is_exposed_and_documented_and_nothing_else_is(DatabaseKind kind)
    {
        await using var postgres = kind == DatabaseKind.Postgres ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "poll", "work");
        await rondo.InitializeAsync();
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("well"))).Good(HttpStatusCode.Created);
        (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop" }""")).Good(HttpStatusCode.Created);
        (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop", "queue": "later", "delay": "1h" }""")).Good(HttpStatusCode.Created);

        // What is read from the database is at most 5 s old.
        var text = await Eventually.GetAsync(
            () => ScrapeAsync(rondo),
            t => Value(t, "rondo_poll_outcomes_total{outcome=\"ok\"}") > 2 && Value(t, "rondo_jobs_processed_total{queue=\"default\"}") == 1
                && Value(t, "rondo_queue_depth{queue=\"later\",state=\"scheduled\"}") == 1 && Value(t, "rondo_devices{status=\"online\"}") == 1,
            "polls and a job are counted");

        Assert.Equal(1, Value(text, "rondo_polling_active"));
        Assert.Equal(1, Value(text, "rondo_node_may_work"));
        Assert.Equal(1, Value(text, "rondo_database_up"));
        Assert.Equal(1, Value(text, "rondo_fleet_groups{state=\"owned\"}"));
        Assert.Equal(0, Value(text, "rondo_errors_total{component=\"polling\"}"));
        Assert.Equal(1, Value(text, "rondo_job_attempts_total{queue=\"default\",outcome=\"done\"}"));
        Assert.Equal(1, Value(text, "rondo_job_run_seconds_count{queue=\"default\"}"));
        Assert.Equal(kind == DatabaseKind.Postgres, Value(text, "rondo_node_lease_left_seconds") > 0);
        Assert.True(Value(text, "rondo_loop_passes_total{loop=\"polling.record\"}") > 0);
        Assert.True(Value(text, "rondo_poll_lateness_seconds_count") > 2);
        Assert.True(Value(text, "rondo_http_request_seconds_count{endpoint=\"POST /api/jobs\"}") == 2);
        Assert.True(Value(text, "rondo_database_statement_seconds_count{statement=\"commit\"}") > 0);
        Assert.True(Value(text, "process_resident_memory_bytes") > 1_000_000);

        var exposed = Kind().Matches(text).Select(m => m.Groups["name"].Value).ToList();
        string[] onlyOnPostgres = ["rondo_node_lease_left_seconds"];
        Assert.Equal(RondoMetrics.All.Select(m => m.Name).Where(n => kind == DatabaseKind.Postgres || !onlyOnPostgres.Contains(n)), exposed);

        var documented = Row().Matches(await File.ReadAllTextAsync(Repository.At("docs", "operations", "metrics.md"), TestContext.Current.CancellationToken));
        Assert.Equal(
            RondoMetrics.All.Select(m => $"{m.Name} {m.Kind.ToString().ToLowerInvariant()} {string.Join(", ", m.Labels.Select(l => $"`{l}`"))} {m.Help}"),
            documented.Select(m => $"{m.Groups["name"].Value} {m.Groups["kind"].Value} {m.Groups["labels"].Value} {m.Groups["help"].Value}"));
    }

    [Fact]
    public async Task OpenMetrics_is_told_to_who_asks_for_it_with_the_same_numbers()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        var text = await rondo.AskAsync(HttpMethod.Get, "/metrics");
        Assert.Equal("text/plain; version=0.0.4; charset=utf-8", text.Message.Content.Headers.ContentType!.ToString());
        Assert.Equal("Accept", text.Header("Vary"));
        Assert.EndsWith("\n", text.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("# EOF", text.Text, StringComparison.Ordinal);

        var open = await rondo.AskAsync(HttpMethod.Get, "/metrics", null, ("Accept", OpenMetrics));
        Assert.Equal("application/openmetrics-text; version=1.0.0; charset=utf-8", open.Message.Content.Headers.ContentType!.ToString());
        Assert.EndsWith("\n# EOF\n", open.Text, StringComparison.Ordinal);
        Assert.DoesNotContain("\n\n", open.Text, StringComparison.Ordinal);
        Assert.Contains("# TYPE rondo_poll_outcomes counter\n# HELP rondo_poll_outcomes ", open.Text, StringComparison.Ordinal);
        Assert.Contains("# UNIT rondo_http_request_seconds seconds\n", open.Text, StringComparison.Ordinal);
        Assert.Equal(1, Value(open.Text, "rondo_build_info{version=\"" + Rondo.Host.Server.Version + "\",database=\"sqlite\"}"));
    }

    [Fact]
    public async Task A_scrape_needs_a_token_of_a_viewer_and_no_more()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        using var nobody = new HttpClient { BaseAddress = rondo.Api.Address };
        using var refused = await nobody.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var viewer = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Viewer);
        Assert.Contains("rondo_build_info", await viewer.GetStringAsync("/metrics"), StringComparison.Ordinal);
        using var ingest = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Ingest);
        using var forbidden = await ingest.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.Forbidden, forbidden.StatusCode);
    }

    [Fact]
    public async Task Nothing_that_comes_from_outside_makes_more_series_than_the_bound()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        for (var n = 0; n < 50; n++)
        {
            await rondo.GetAsync($"/no/such/path-{n}");
            await rondo.GetAsync($"/api/jobs/{900_000 + n}");
        }

        // More queues than are told apart.
        var jobs = Enumerable.Range(0, Numbers.MostLabels + 50).Select(n => $$"""{ "kind": "noop", "queue": "queue-{{n:0000}}", "delay": "1h" }""");
        foreach (var job in jobs)
        {
            (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", job)).Good(HttpStatusCode.Created);
        }

        var text = await Eventually.GetAsync(() => ScrapeAsync(rondo), t => Value(t, "rondo_queue_depth{queue=\"other\",state=\"scheduled\"}") == 50, "what is too much is told together");
        Assert.Equal(Numbers.MostLabels + 1, text.Split('\n').Count(l => l.StartsWith("rondo_queue_depth{", StringComparison.Ordinal) && l.Contains("state=\"scheduled\"", StringComparison.Ordinal)));
        Assert.Equal(50, Value(text, "rondo_http_request_seconds_count{endpoint=\"none\"}"));
        Assert.Equal(50, Value(text, "rondo_http_request_seconds_count{endpoint=\"GET /api/jobs/{id:long}\"}"));

        for (var n = 0; n < StatementTimes.Most + 100; n++)
        {
            await rondo.Server.Database.ReadAsync("test", tx => tx.First<int>(new Sql($"test.statement.{n}", "select 1")), TestContext.Current.CancellationToken);
        }

        text = await ScrapeAsync(rondo);
        Assert.Equal(StatementTimes.Most + 1, text.Split('\n').Count(l => l.StartsWith("rondo_database_statement_seconds_count{", StringComparison.Ordinal)));
        Assert.True(Value(text, "rondo_database_statement_seconds_count{statement=\"other\"}") >= 100);
    }

    [Fact]
    public async Task A_database_that_is_away_is_told_and_the_rest_as_well()
    {
        await using var rondo = new HttpFixture();
        await rondo.InitializeAsync();
        await rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test.rename", "alter table device rename to lost")); }, TestContext.Current.CancellationToken);
        var text = await ScrapeAsync(rondo);
        Assert.Equal(0, Value(text, "rondo_database_up"));
        Assert.Null(Value(text, "rondo_audit_waiting"));
        Assert.Equal(1, Value(text, "rondo_node_may_work"));
    }

    internal static double? Value(string text, string series)
    {
        var line = text.Split('\n').SingleOrDefault(l => l.StartsWith(series + " ", StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[(series.Length + 1)..], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static async Task<string> ScrapeAsync(HttpFixture rondo)
    {
        var answer = await rondo.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.OK, answer.Status);
        return answer.Text;
    }

    [GeneratedRegex("^# TYPE (?<name>\\S+) ", RegexOptions.Multiline)]
    private static partial Regex Kind();

    [GeneratedRegex(@"^\| `(?<name>[a-z_]+)` \| (?<kind>\w+) \| (?<labels>[^|]*?) ?\| (?<help>.*) \|$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
