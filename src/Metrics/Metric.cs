using System.Text.RegularExpressions;

namespace Rondo.Metrics;

/// <summary>What a metric measures.</summary>
public enum MetricKind
{
    /// <summary>A number that only rises; its name ends in <c>_total</c>.</summary>
    Counter,

    /// <summary>A number that rises and falls.</summary>
    Gauge,

    /// <summary>Durations in buckets.</summary>
    Histogram,

    /// <summary>Always 1: what matters is in its labels. Its name ends in <c>_info</c>.</summary>
    Info,
}

/// <summary>A metric as it is defined: by what name it is found, for good.</summary>
public sealed partial class Metric
{
    // What a name may end in that is a unit of its values.
    private static readonly string[] _units = ["seconds", "bytes", "ratio"];

    /// <summary>Defines it.</summary>
    /// <param name="name">As Prometheus shows it: <c>rondo_poll_outcomes_total</c>. Letters, digits and underscores.</param>
    /// <param name="kind">What it measures.</param>
    /// <param name="help">What it says, in a sentence.</param>
    /// <param name="labels">Names of its labels, in the order of their values.</param>
    /// <exception cref="ArgumentException">A name that Prometheus would not take.</exception>
    public Metric(string name, MetricKind kind, string help, params string[] labels)
    {
        (Name, Kind, Help, Labels) = (name, kind, help, labels);
        var isNamed = Names().IsMatch(name) && (kind == MetricKind.Counter) == name.EndsWith("_total", StringComparison.Ordinal) && (kind == MetricKind.Info) == name.EndsWith("_info", StringComparison.Ordinal);
        if (!isNamed || labels.Any(l => !Names().IsMatch(l) || l is "le" or "quantile" || l.StartsWith("__", StringComparison.Ordinal)))
        {
            throw new ArgumentException($"'{name}' or a label of it is no name of a {kind}", nameof(name));
        }
    }

    /// <summary>Its name.</summary>
    public string Name { get; }

    /// <summary>What it measures.</summary>
    public MetricKind Kind { get; }

    /// <summary>What it says.</summary>
    public string Help { get; }

    /// <summary>Names of its labels.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Upper bounds of its buckets in seconds, rising; each one of the bounds of a <see cref="Timing"/>.</summary>
    public IReadOnlyList<double> Bounds { get; init; } = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    /// <summary>Its name without the ending that only its samples have; OpenMetrics calls it a family.</summary>
    public string Family => Kind switch
    {
        MetricKind.Counter => Name[..^"_total".Length],
        MetricKind.Info => Name[..^"_info".Length],
        _ => Name,
    };

    /// <summary>Unit of its values; null for a plain number.</summary>
    public string? Unit => Array.Find(_units, unit => Family.EndsWith("_" + unit, StringComparison.Ordinal));

    [GeneratedRegex("^[a-zA-Z_][a-zA-Z0-9_]*$")]
    private static partial Regex Names();
}

/// <summary>One value of a metric.</summary>
/// <param name="Labels">Values of its labels, one for each that is defined.</param>
/// <param name="Value">The number; of no meaning for durations.</param>
/// <param name="Durations">The durations of a histogram.</param>
/// <param name="Cell">Where they are counted.</param>
public sealed record MetricPoint(IReadOnlyList<string> Labels, double Value, TimingCounts? Durations = null, Timing? Cell = null);

/// <summary>A metric with its values at one moment.</summary>
/// <param name="Metric">What it is.</param>
/// <param name="Points">Its values, each with other labels; none when there is nothing to say.</param>
public sealed record MetricFamily(Metric Metric, IReadOnlyList<MetricPoint> Points);
