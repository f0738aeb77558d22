using System.Globalization;
using System.Text;

namespace Rondo.Metrics;

/// <summary>The text that Prometheus and its kin read: text format 0.0.4, or OpenMetrics 1.0.</summary>
public static class Exposition
{
    /// <summary>Content type of the text format.</summary>
    public const string TextType = "text/plain; version=0.0.4; charset=utf-8";

    /// <summary>Content type of OpenMetrics.</summary>
    public const string OpenMetricsType = "application/openmetrics-text; version=1.0.0; charset=utf-8";

    /// <summary>Writes <paramref name="families"/>, in their order; those without values are left out.</summary>
    /// <param name="families">Each metric once.</param>
    /// <param name="isOpenMetrics">OpenMetrics instead of the text format.</param>
    /// <exception cref="ArgumentException">A metric comes twice, or two values of it have the same labels: whoever reads it would take one and drop the other, or all.</exception>
    public static string Write(IEnumerable<MetricFamily> families, bool isOpenMetrics)
    {
        var text = new StringBuilder(16_384);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var family in families)
        {
            if (family.Points.Count == 0)
            {
                continue;
            }

            var metric = family.Metric;
            Once(seen, metric.Family);
            Head(text, metric, isOpenMetrics);
            foreach (var point in family.Points)
            {
                var labels = Labels(metric, point);
                Once(seen, metric.Name + "{" + labels);
                if (metric.Kind == MetricKind.Histogram)
                {
                    Histogram(text, metric, labels, point.Durations ?? throw new ArgumentException($"{metric.Name} has no durations", nameof(families)));
                }
                else
                {
                    Sample(text, metric.Name, labels, metric.Kind == MetricKind.Info ? 1 : point.Value);
                }
            }
        }

        return text.Append(isOpenMetrics ? "# EOF\n" : "").ToString();
    }

    /// <summary>A number as both formats write it.</summary>
    public static string Number(double value) => value switch
    {
        double.PositiveInfinity => "+Inf",
        double.NegativeInfinity => "-Inf",
        double.NaN => "NaN",
        _ => value.ToString("R", CultureInfo.InvariantCulture),
    };

    private static void Head(StringBuilder text, Metric metric, bool isOpenMetrics)
    {
        // The text format knows a metric by the name of its samples, and neither units nor the kind info.
        var name = isOpenMetrics ? metric.Family : metric.Name;
        var kind = metric.Kind switch
        {
            MetricKind.Counter => "counter",
            MetricKind.Histogram => "histogram",
            MetricKind.Info when isOpenMetrics => "info",
            _ => "gauge",
        };
        if (!isOpenMetrics)
        {
            text.Append("# HELP ").Append(name).Append(' ').Append(Escaped(metric.Help, isQuoted: false)).Append('\n');
        }

        text.Append("# TYPE ").Append(name).Append(' ').Append(kind).Append('\n');
        if (isOpenMetrics)
        {
            if (metric.Unit is { } unit)
            {
                text.Append("# UNIT ").Append(name).Append(' ').Append(unit).Append('\n');
            }

            text.Append("# HELP ").Append(name).Append(' ').Append(Escaped(metric.Help, isQuoted: true)).Append('\n');
        }
    }

    private static void Histogram(StringBuilder text, Metric metric, string labels, TimingCounts durations)
    {
        var prefix = labels.Length == 0 ? "" : labels + ",";
        foreach (var bound in metric.Bounds)
        {
            // 1.0, not 1: OpenMetrics wants it so, and a bound must be spelled the same in every scrape.
            var le = Number(bound);
            Sample(text, metric.Name + "_bucket", $"{prefix}le=\"{le}{(le.Contains('.', StringComparison.Ordinal) || le.Contains('E', StringComparison.Ordinal) ? "" : ".0")}\"", durations.AtMost(bound));
        }

        Sample(text, metric.Name + "_bucket", prefix + "le=\"+Inf\"", durations.Count);
        Sample(text, metric.Name + "_sum", labels, durations.Sum);
        Sample(text, metric.Name + "_count", labels, durations.Count);
    }

    private static void Sample(StringBuilder text, string name, string labels, double value)
    {
        text.Append(name);
        if (labels.Length > 0)
        {
            text.Append('{').Append(labels).Append('}');
        }

        text.Append(' ').Append(Number(value)).Append('\n');
    }

    private static string Labels(Metric metric, MetricPoint point)
    {
        if (point.Labels.Count != metric.Labels.Count)
        {
            throw new ArgumentException($"{metric.Name} has {metric.Labels.Count} labels, not {point.Labels.Count}", nameof(point));
        }

        // An empty value means that the label is not there.
        return string.Join(',', metric.Labels.Zip(point.Labels).Where(pair => pair.Second.Length > 0).Select(pair => $"{pair.First}=\"{Escaped(pair.Second, isQuoted: true)}\""));
    }

    private static string Escaped(string text, bool isQuoted)
    {
        text = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\r\n", "\n", StringComparison.Ordinal).Replace("\r", "\n", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return isQuoted ? text.Replace("\"", "\\\"", StringComparison.Ordinal) : text;
    }

    private static void Once(HashSet<string> seen, string what)
    {
        if (!seen.Add(what))
        {
            throw new ArgumentException($"{what} is there twice", nameof(what));
        }
    }
}
