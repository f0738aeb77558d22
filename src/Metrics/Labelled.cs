using System.Collections.Concurrent;

namespace Rondo.Metrics;

/// <summary>
/// One cell (a <see cref="Counter"/>, a <see cref="Timing"/>) for each value of a label, up to a bound: what comes after it is counted together as <see cref="Other"/>, so that
/// nothing from outside (a name of a queue, a path) can make the memory of a process or of whoever scrapes it grow.
/// </summary>
/// <typeparam name="T">The cell.</typeparam>
/// <param name="most">Most values of the label that are told apart, 1 to 10,000.</param>
/// <param name="make">Makes a cell.</param>
public sealed class Labelled<T>(int most, Func<T> make)
    where T : class
{
    /// <summary>The label of what came when the bound was reached.</summary>
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, T> _cells = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private volatile T? _other;
    private volatile bool _isFull;

    /// <summary>The cell of <paramref name="label"/>; that of <see cref="Other"/> when there are too many.</summary>
    public T this[string label] => _cells.TryGetValue(label, out var cell) ? cell : _isFull ? _other ?? Add(label) : Add(label);

    /// <summary>Every cell there is, by label.</summary>
    public IReadOnlyList<(string Label, T Cell)> All
    {
        get
        {
            var all = _cells.Select(pair => (pair.Key, pair.Value)).OrderBy(pair => pair.Key, StringComparer.Ordinal).ToList();
            if (_other is { } other)
            {
                all.Add((Other, other));
            }

            return all;
        }
    }

    private T Add(string label)
    {
        lock (_gate)
        {
            if (_cells.TryGetValue(label, out var cell))
            {
                return cell;
            }

            if (label == Other || _isFull)
            {
                return _other ??= make();
            }

            cell = make();
            _cells[label] = cell;
            _isFull = _cells.Count >= most;
            return cell;
        }
    }
}
