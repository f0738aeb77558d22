using System.Globalization;
using Rondo.Metrics;

namespace Rondo.Tests.Metrics;

/// <summary>The cases of the two specifications: text format 0.0.4 and OpenMetrics 1.0.</summary>
public class ExpositionTests
{
    private static readonly Metric Counts = new("a_polls_total", MetricKind.Counter, "Polls.", "outcome");
    private static readonly Metric Level = new("a_level_bytes", MetricKind.Gauge, "Level.");
    private static readonly Metric Build = new("a_build_info", MetricKind.Info, "Build.", "version");
    private static readonly Metric Time = new("a_time_seconds", MetricKind.Histogram, "Time.", "of") { Bounds = [0.001, 1, 2.5] };

    [Fact]
    public void A_counter_is_named_with_its_ending_in_the_one_and_without_in_the_other()
    {
        Assert.Equal("# HELP a_polls_total Polls.\n# TYPE a_polls_total counter\na_polls_total{outcome=\"ok\"} 3\n", Text(Counts, ["ok"], 3));
        Assert.Equal("# TYPE a_polls counter\n# HELP a_polls Polls.\na_polls_total{outcome=\"ok\"} 3\n# EOF\n", Open(Counts, ["ok"], 3));
    }

    [Fact]
    public void A_unit_is_told_where_the_format_knows_units()
    {
        Assert.Equal("# HELP a_level_bytes Level.\n# TYPE a_level_bytes gauge\na_level_bytes 0.5\n", Text(Level, [], 0.5));
        Assert.Equal("# TYPE a_level_bytes gauge\n# UNIT a_level_bytes bytes\n# HELP a_level_bytes Level.\na_level_bytes 0.5\n# EOF\n", Open(Level, [], 0.5));
    }

    [Fact]
    public void What_is_told_by_labels_is_a_gauge_of_1_in_the_one_and_an_info_in_the_other()
    {
        Assert.Equal("# HELP a_build_info Build.\n# TYPE a_build_info gauge\na_build_info{version=\"1\"} 1\n", Text(Build, ["1"], 0));
        Assert.Equal("# TYPE a_build info\n# HELP a_build Build.\na_build_info{version=\"1\"} 1\n# EOF\n", Open(Build, ["1"], 0));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Buckets_are_cumulative_spelled_as_floats_and_end_with_all(bool isOpenMetrics)
    {
        var timing = new Timing();
        foreach (var ms in new[] { 0.5, 1, 1.5, 1000, 2600 })
        {
            timing.Add(TimeSpan.FromMilliseconds(ms));
        }

        var text = Exposition.Write([new(Time, [new(["x"], 0, timing.Total)])], isOpenMetrics);
        Assert.Contains(
            "a_time_seconds_bucket{of=\"x\",le=\"0.001\"} 2\na_time_seconds_bucket{of=\"x\",le=\"1.0\"} 4\na_time_seconds_bucket{of=\"x\",le=\"2.5\"} 4\na_time_seconds_bucket{of=\"x\",le=\"+Inf\"} 5\n"
            + "a_time_seconds_sum{of=\"x\"} 3.603\na_time_seconds_count{of=\"x\"} 5\n",
            text,
            StringComparison.Ordinal);
        Assert.Contains("# TYPE a_time_seconds histogram\n", text, StringComparison.Ordinal);
    }

    [Fact]
    public void Labels_and_help_are_escaped_as_each_format_wants()
    {
        var metric = new Metric("a_b", MetricKind.Gauge, "Says \"a\\b\"\nand more", "l");
        const string Sample = "a_b{l=\"\\\\ \\\"q\\\" \\nü\"} 1\n";
        Assert.Equal("# HELP a_b Says \"a\\\\b\"\\nand more\n# TYPE a_b gauge\n" + Sample, Text(metric, ["\\ \"q\" \nü"], 1));
        Assert.Equal("# TYPE a_b gauge\n# HELP a_b Says \\\"a\\\\b\\\"\\nand more\n" + Sample + "# EOF\n", Open(metric, ["\\ \"q\" \nü"], 1));
        Assert.DoesNotContain('\r', Open(metric, ["a\r\nb\rc"], 1));
    }

    [Theory]
    [InlineData(0, "0")]
    [InlineData(-1.5, "-1.5")]
    [InlineData(1e21, "1E+21")]
    [InlineData(0.1, "0.1")]
    [InlineData(9007199254740993, "9007199254740992")]
    [InlineData(double.NaN, "NaN")]
    [InlineData(double.PositiveInfinity, "+Inf")]
    [InlineData(double.NegativeInfinity, "-Inf")]
    public void Numbers_are_spelled_the_same_in_every_culture(double value, string spelled)
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            CultureInfo.CurrentCulture = new CultureInfo("") { NumberFormat = { NumberDecimalSeparator = ",", NegativeSign = "−" } };
            Assert.Equal(spelled, Exposition.Number(value));
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void An_empty_label_is_left_out_and_so_is_a_metric_without_values()
    {
        Assert.EndsWith("\na_polls_total 1\n", Text(Counts, [""], 1), StringComparison.Ordinal);
        Assert.Equal("", Exposition.Write([new(Counts, [])], isOpenMetrics: false));
        Assert.Equal("# EOF\n", Exposition.Write([new(Counts, [])], isOpenMetrics: true));
    }

    [Fact]
    public void Nothing_is_there_twice()
    {
        Assert.Throws<ArgumentException>(() => Exposition.Write([new(Counts, [new(["a"], 1), new(["a"], 2)])], isOpenMetrics: false));
        Assert.Throws<ArgumentException>(() => Exposition.Write([new(Level, [new([], 1)]), new(Level, [new([], 1)])], isOpenMetrics: false));
        Assert.Throws<ArgumentException>(() => Exposition.Write([new(Counts, [new([], 1)])], isOpenMetrics: false));
    }

    [Theory]
    [InlineData("1a_total", MetricKind.Counter, "l")]
    [InlineData("a-b", MetricKind.Gauge, "l")]
    [InlineData("a:b", MetricKind.Gauge, "l")]
    [InlineData("a", MetricKind.Counter, "l")]
    [InlineData("a_total", MetricKind.Gauge, "l")]
    [InlineData("a", MetricKind.Info, "l")]
    [InlineData("a", MetricKind.Histogram, "le")]
    [InlineData("a", MetricKind.Gauge, "__l")]
    [InlineData("a", MetricKind.Gauge, "l-l")]
    public void A_name_that_would_not_be_taken_is_refused_where_it_is_defined(string name, MetricKind kind, string label) =>
        Assert.Throws<ArgumentException>(() => new Metric(name, kind, "", label));

    [Theory]
    [InlineData(null, false)]
    [InlineData("", false)]
    [InlineData("*/*", false)]
    [InlineData("text/plain", false)]
    [InlineData("application/openmetrics-text", true)]
    [InlineData("application/openmetrics-text; version=1.0.0; charset=utf-8", true)]
    [InlineData("application/openmetrics-text; version=\"1.0.0\"", true)]
    [InlineData("application/openmetrics-text; version=2.0.0", false)]
    [InlineData("application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,text/plain;version=0.0.4;q=0.5,*/*;q=0.1", true)]
    [InlineData("application/openmetrics-text;q=0.4, text/plain;q=0.5", false)]
    [InlineData("application/openmetrics-text;q=0", false)]
    [InlineData("application/openmetrics-text;q=nonsense", false)]
    public void OpenMetrics_is_for_whoever_asks_for_it(string? header, bool wants) => Assert.Equal(wants, Accept.WantsOpenMetrics(header));

    private static string Text(Metric metric, string[] labels, double value) => Exposition.Write([new(metric, [new(labels, value)])], isOpenMetrics: false);

    private static string Open(Metric metric, string[] labels, double value) => Exposition.Write([new(metric, [new(labels, value)])], isOpenMetrics: true);
}
