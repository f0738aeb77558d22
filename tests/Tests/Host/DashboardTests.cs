using System.Diagnostics;
using System.Text.Json;
using System.Text.RegularExpressions;
using Rondo.Host.Metrics;
using Rondo.Metrics;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>The dashboards that are shipped ask for metrics that are there, by labels that they have.</summary>
public sealed partial class DashboardTests
{
    // What Prometheus itself adds.
    private static readonly string[] _scraped = ["instance", "job"];

    private static readonly string[] _words =
    [
        "sum", "max", "min", "topk", "rate", "increase", "histogram_quantile", "by", "on", "and", "label_values",
    ];

    public static TheoryData<string> Dashboards() => [.. Directory.GetFiles(Repository.At("deploy", "grafana"), "*.json").Select(f => Path.GetFileName(f)!)];

    [Theory]
    [MemberData(nameof(Dashboards))]
    public void Every_expression_names_metrics_and_labels_that_are_exposed(string file)
    {
        var (expressions, legends) = Read(file);
        Assert.True(expressions.Count >= 10, $"{file} has {expressions.Count} expressions");
        Assert.Empty(expressions.SelectMany(e => Mistakes(e).Select(m => $"{m} in {e}")));
        foreach (var (expression, legend) in legends)
        {
            var labels = LabelsOf(expression);
            Assert.All(Legend().Matches(legend).Select(m => m.Groups["label"].Value), label => Assert.True(labels.Contains(label) || _scraped.Contains(label), $"{{{{{label}}}}} of {expression}"));
        }
    }

    [Fact]
    public void Every_part_has_its_dashboard() => Assert.Equal(["rondo-database.json", "rondo-jobs.json", "rondo-overview.json", "rondo-polling.json"], Dashboards().Select(d => d.Data).Order());

    [Theory]
    [InlineData("rondo_no_such_metric", "rondo_no_such_metric")]
    [InlineData("rondo_poll_outcomes", "rondo_poll_outcomes")]
    [InlineData("rondo_poll_outcomes_total{queue=\"a\"}", "queue")]
    [InlineData("sum by (queue) (rondo_poll_outcomes_total)", "queue")]
    [InlineData("rate(rondo_poll_waiting_bucket[5m])", "rondo_poll_waiting_bucket")]
    [InlineData("rondo_poll_outcomes_total{outcome=\"okay\"}", "okay")]
    [InlineData("avg(rondo_poll_waiting)", "avg")]
    public void The_check_knows_a_bad_one(string expression, string mistake) => Assert.Contains(Mistakes(expression), m => m.Contains(mistake, StringComparison.Ordinal));

    [Fact]
    public async Task Prometheus_understands_every_expression()
    {
        var tool = Requires.Program("promtool", "prometheus");
        using var folder = new TempFolder();
        var rules = Dashboards().SelectMany(d => Read(d.Data).Expressions).Where(e => !e.StartsWith("label_values", StringComparison.Ordinal))
            .Select((e, n) => $"      - record: rule:{n}\n        expr: '{e.Replace("$__rate_interval", "1m").Replace("$instance", ".*").Replace("'", "''")}'");
        await File.WriteAllTextAsync(folder.At("rules.yml"), "groups:\n  - name: all\n    rules:\n" + string.Join('\n', rules) + "\n", TestContext.Current.CancellationToken);
        using var process = Process.Start(new ProcessStartInfo(tool, ["check", "rules", folder.At("rules.yml")]) { RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false })!;
        var said = await process.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken) + await process.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.True(process.ExitCode == 0, said);
    }

    private static (List<string> Expressions, List<(string Expression, string Legend)> Legends) Read(string file)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Repository.At("deploy", "grafana", file)));
        var targets = json.RootElement.GetProperty("panels").EnumerateArray().SelectMany(p => p.GetProperty("targets").EnumerateArray())
            .Select(t => (Expression: t.GetProperty("expr").GetString()!, Legend: t.GetProperty("legendFormat").GetString()!)).ToList();
        var variables = json.RootElement.GetProperty("templating").GetProperty("list").EnumerateArray().Where(v => v.GetProperty("type").GetString() == "query").Select(v => v.GetProperty("query").GetString()!);
        return ([.. targets.Select(t => t.Expression), .. variables], targets);
    }

    /// <summary>What is wrong with an expression, as far as names go.</summary>
    private static List<string> Mistakes(string expression)
    {
        var mistakes = new List<string>();
        var labels = LabelsOf(expression).Concat(_scraped).ToHashSet();

        // Selectors first: NAME{label="value",…}.
        foreach (Match selector in Selector().Matches(expression))
        {
            if (MetricOf(selector.Groups["name"].Value) is not { } metric)
            {
                mistakes.Add($"no metric {selector.Groups["name"].Value}");
                continue;
            }

            foreach (Match matcher in Matcher().Matches(selector.Groups["matchers"].Value))
            {
                var (label, value) = (matcher.Groups["label"].Value, matcher.Groups["value"].Value);
                if (!metric.Labels.Contains(label) && !_scraped.Contains(label))
                {
                    mistakes.Add($"{metric.Name} has no label {label}");
                }
                else if (_values.TryGetValue((metric.Name, label), out var known) && value.Split('|').FirstOrDefault(v => !known.Contains(v)) is { } unknown)
                {
                    mistakes.Add($"{metric.Name} has no {label} {unknown}");
                }
            }
        }

        var rest = Braces().Replace(expression, " ");
        foreach (Match grouping in Grouping().Matches(rest))
        {
            mistakes.AddRange(grouping.Groups["labels"].Value.Split(',', StringSplitOptions.TrimEntries).Where(l => !labels.Contains(l)).Select(l => $"no metric here has the label {l}"));
        }

        rest = Grouping().Replace(Range().Replace(rest, " "), " ");
        mistakes.AddRange(Word().Matches(rest).Select(m => m.Value).Where(w => !_words.Contains(w) && w != "instance" && MetricOf(w) is null).Select(w => $"neither a metric nor a function known here: {w}"));
        return mistakes;
    }

    private static HashSet<string> LabelsOf(string expression) =>
        [.. Word().Matches(Braces().Replace(expression, " ")).Select(m => MetricOf(m.Value)).OfType<Metric>().SelectMany(m => m.Kind == MetricKind.Histogram ? m.Labels.Append("le") : m.Labels)];

    private static Metric? MetricOf(string name) => RondoMetrics.All.FirstOrDefault(m => m.Kind == MetricKind.Histogram
        ? name == m.Name + "_bucket" || name == m.Name + "_sum" || name == m.Name + "_count"
        : name == m.Name);

    // Values that are known and do not come from outside.
    private static readonly Dictionary<(string, string), string[]> _values = new()
    {
        [("rondo_poll_outcomes_total", "outcome")] = ["ok", "partial", "failed", "missed"],
        [("rondo_job_attempts_total", "outcome")] = ["done", "retry", "snooze", "dead", "cancelled", "given_back"],
        [("rondo_queue_depth", "state")] = ["ready", "running", "scheduled", "blocked"],
        [("rondo_fleet_groups", "state")] = ["enabled", "planned", "owned", "neglected"],
        [("rondo_database_statement_seconds", "statement")] = ["commit", "lane.wait"],
    };

    [GeneratedRegex(@"(?<name>[a-zA-Z_]\w*)\{(?<matchers>[^}]*)\}")]
    private static partial Regex Selector();

    [GeneratedRegex("(?<label>\\w+)\\s*(?:=~|!~|!=|=)\\s*\"(?<value>[^\"]*)\"")]
    private static partial Regex Matcher();

    [GeneratedRegex(@"\{[^}]*\}")]
    private static partial Regex Braces();

    [GeneratedRegex(@"\b(?:by|on)\s*\((?<labels>[^)]*)\)")]
    private static partial Regex Grouping();

    [GeneratedRegex(@"\[[^\]]*\]")]
    private static partial Regex Range();

    [GeneratedRegex(@"\b[a-zA-Z_]\w*")]
    private static partial Regex Word();

    [GeneratedRegex(@"\{\{(?<label>\w+)\}\}")]
    private static partial Regex Legend();
}
