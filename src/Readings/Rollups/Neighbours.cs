using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>
/// Finds the readings of a series just before and just after an instant. Mostly they are in the next few samples; where the series is silent for long, what is rolled up of it
/// says where it was not, so that a point that was never read does not cost a walk through all samples.
/// </summary>
/// <param name="tx">Where to look.</param>
/// <param name="source">The source.</param>
/// <param name="calendar">Where its buckets begin.</param>
/// <param name="changed">Where samples are that may not be rolled up yet.</param>
internal sealed class Neighbours(Transaction tx, SourceRow source, SiteCalendar calendar, IReadOnlyList<Span> changed)
{
    private const int Near = 8;
    private const int Piece = 2_000;
    private const int MostLooks = 100;
    private readonly Dictionary<long, List<SourceSample>> _before = [];
    private readonly Dictionary<long, List<SourceSample>> _after = [];

    /// <summary>At most <paramref name="count"/> readings before <paramref name="at"/>, in order.</summary>
    public List<Point> Before(SeriesShape series, long at, int count)
    {
        if (!_before.TryGetValue(at, out var near))
        {
            _before[at] = near = SampleStore.Newest(tx, source.Id, new Span(Bounds.First, at), Near);
        }

        var found = Readings(near, series).Take(count).ToList();
        var cursor = near.Count == Near ? near[^1].At : Bounds.First;
        for (var look = 0; found.Count < count && look < MostLooks && cursor > Bounds.First && Earlier(series, cursor) is { } span; look++)
        {
            var piece = SampleStore.Newest(tx, source.Id, span, Piece);
            found.AddRange(Readings(piece, series).Take(count - found.Count));
            cursor = piece.Count == Piece ? piece[^1].At : span.From;
        }

        found.Reverse();
        return found;
    }

    /// <summary>At most <paramref name="count"/> readings at <paramref name="at"/> or later, in order.</summary>
    public List<Point> After(SeriesShape series, long at, int count)
    {
        if (!_after.TryGetValue(at, out var near))
        {
            _after[at] = near = SampleStore.Range(tx, source.Id, new Span(at, Bounds.Last), Near);
        }

        var found = Readings(near, series).Take(count).ToList();
        var cursor = near.Count == Near ? near[^1].At + 1 : Bounds.Last;
        for (var look = 0; found.Count < count && look < MostLooks && cursor < Bounds.Last && Later(series, cursor) is { } span; look++)
        {
            var piece = SampleStore.Range(tx, source.Id, span, Piece);
            found.AddRange(Readings(piece, series).Take(count - found.Count));
            cursor = piece.Count == Piece ? piece[^1].At + 1 : span.Until;
        }

        return found;
    }

    // The last stretch before the cursor in which the series may have readings.
    private Span? Earlier(SeriesShape series, long cursor)
    {
        var stored = RollupStore.Previous(tx, series.Id, source.Finest, cursor) is { } start ? calendar.Bucket(source.Finest, start.Micros) : default(Span?);
        return Spans(stored, changed.Where(c => c.From < cursor)).Select(s => s with { Until = Math.Min(s.Until, cursor) }).OrderByDescending(s => s.Until).ThenByDescending(s => s.From).Cast<Span?>().FirstOrDefault();
    }

    private Span? Later(SeriesShape series, long cursor)
    {
        var stored = RollupStore.Next(tx, series.Id, source.Finest, calendar.Bucket(source.Finest, cursor).From) is { } start ? calendar.Bucket(source.Finest, start.Micros) : default(Span?);
        return Spans(stored, changed.Where(c => c.Until > cursor)).Select(s => s with { From = Math.Max(s.From, cursor) }).OrderBy(s => s.From).ThenBy(s => s.Until).Cast<Span?>().FirstOrDefault();
    }

    private static IEnumerable<Span> Spans(Span? stored, IEnumerable<Span> others) => stored is { } one ? others.Append(one) : others;

    private static IEnumerable<Point> Readings(List<SourceSample> samples, SeriesShape series) => samples.Select(s => s.Of(series.Ordinal)).OfType<Point>();
}
