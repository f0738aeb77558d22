using Rondo.Metrics;

namespace Rondo.Host.Metrics;

/// <summary>Values of metrics while they are collected.</summary>
internal sealed class Collected
{
    private readonly Dictionary<Metric, List<MetricPoint>> _points = RondoMetrics.All.ToDictionary(m => m, _ => new List<MetricPoint>());

    /// <summary>Each metric with its values.</summary>
    public IReadOnlyList<MetricFamily> Families => [.. RondoMetrics.All.Select(m => new MetricFamily(m, _points[m]))];

    public void Add(Metric metric, double value, params string[] labels) => _points[metric].Add(new MetricPoint(labels, value));

    public void Add(Metric metric, bool value, params string[] labels) => Add(metric, value ? 1 : 0, labels);

    public void Add(Metric metric, Timing timing, params string[] labels) => _points[metric].Add(new MetricPoint(labels, 0, timing.Total, timing));

    /// <summary>A value by a label from outside, of which no more than <paramref name="most"/> are told apart; the rest is summed up.</summary>
    public void AddMany<T>(Metric metric, IEnumerable<T> values, Func<T, string> label, Func<T, double> value, int most, params string[] more)
    {
        var all = values.ToList();
        foreach (var one in all.Take(most).Where(v => label(v) != Labelled<Counter>.Other))
        {
            Add(metric, value(one), [label(one), .. more]);
        }

        var rest = all.Skip(most).Concat(all.Take(most).Where(v => label(v) == Labelled<Counter>.Other)).ToList();
        if (rest.Count > 0)
        {
            Add(metric, rest.Sum(value), [Labelled<Counter>.Other, .. more]);
        }
    }
}
