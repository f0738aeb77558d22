using Rondo.Readings.Retention;
using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>
/// Computes every bucket that a change of samples touches, from the finest tier up, and knows both what it computed and what is stored beside it. Who rolls up writes it down; who asks a question
/// while something is still to be rolled up reads it and writes nothing: there is one way to compute.
/// </summary>
internal sealed class RollupWork(Transaction tx, SourceRow source, IReadOnlyList<SeriesShape> series, SiteCalendar calendar, ISourceSchedule? schedule)
{
    private static readonly Tier[] _coarser = [Tier.Hour, Tier.Day, Tier.Week, Tier.Month, Tier.Year];
    private readonly Dictionary<(long Series, Tier Tier), ComputedRows> _computed = [];
    private Neighbours _neighbours = new(tx, source, calendar, []);

    /// <summary>Buckets that were computed and have readings, by tier.</summary>
    public Dictionary<Tier, int> Buckets { get; } = [];

    /// <summary>Computes what changes of samples in <paramref name="changed"/> touch. Once for each instance.</summary>
    public void Compute(IReadOnlyList<Span> changed)
    {
        _neighbours = new Neighbours(tx, source, calendar, changed);
        var kept = KeptFrom.Read(tx);
        var shared = Span.Merge(changed.Select(c => calendar.Widen(source.Finest, c)));
        var periods = Periods(shared);
        var planned = series.ToDictionary(s => s.Id, s => Planned.Of(periods, s.IntervalUs, new Span(Bounds.First, Bounds.Last)));
        var own = series.ToDictionary(s => s.Id, s => s.IsCounter ? Span.Merge([.. shared, .. changed.SelectMany(c => Beside(s, c))]) : shared);
        foreach (var span in Span.Merge(own.Values.SelectMany(s => s)))
        {
            var samples = SampleStore.Range(tx, source.Id, span);
            foreach (var one in series)
            {
                foreach (var part in own[one.Id].Where(span.Covers))
                {
                    Keep(one, source.Finest, [part], kept, new SeriesFold(one, calendar, source.Finest, planned[one.Id]).Of(part, samples, _neighbours));
                }
            }
        }

        foreach (var tier in _coarser.Where(t => t > source.Finest))
        {
            foreach (var one in series)
            {
                Fold(one, tier, Span.Merge(own[one.Id].Select(s => calendar.Widen(tier, s))), kept, planned[one.Id]);
            }
        }
    }

    /// <summary>Buckets that begin in a span: computed where something was, stored elsewhere; in order.</summary>
    public List<Parts> Read(long id, Tier tier, Span span)
    {
        if (!_computed.TryGetValue((id, tier), out var computed))
        {
            return RollupStore.Read(tx, id, tier, span);
        }

        var rows = computed.Rows.Where(r => span.Holds(r.At)).ToList();
        if (computed.Spans.Exists(s => s.Covers(span)))
        {
            return rows;
        }

        rows.AddRange(RollupStore.Read(tx, id, tier, span).Where(r => !computed.Spans.Exists(s => s.Holds(r.At))));
        rows.Sort((a, b) => a.At.CompareTo(b.At));
        return rows;
    }

    /// <summary>Stores what was computed in the place of what was there.</summary>
    public void Write()
    {
        var rows = new List<(long, Tier, Parts)>();
        foreach (var ((id, tier), computed) in _computed.OrderBy(c => c.Key))
        {
            foreach (var span in computed.Spans)
            {
                RollupStore.Delete(tx, id, tier, span);
            }

            rows.AddRange(computed.Rows.Select(r => (id, tier, r)));
        }

        RollupStore.Insert(tx, rows);
    }

    // What a counter rose by is told with the reading before, and which of its readings count is seen at the next one.
    private IEnumerable<Span> Beside(SeriesShape one, Span changed) =>
        _neighbours.Before(one, changed.From, CounterWalk.Behind).Concat(_neighbours.After(one, changed.Until, 1)).Select(p => calendar.Bucket(source.Finest, p.At));

    private void Keep(SeriesShape one, Tier tier, List<Span> spans, KeptFrom kept, List<Parts> rows)
    {
        // Where what it is made of may have been let go of, what was rolled up of more of it stays.
        var whole = kept.Of(source.Class, tier.MadeOf(source.Finest));
        if (spans.Exists(s => s.From < whole))
        {
            var found = rows.ToDictionary(r => r.At);
            foreach (var stored in spans.Where(s => s.From < whole).SelectMany(s => RollupStore.Read(tx, one.Id, tier, s with { Until = Math.Min(s.Until, whole) })))
            {
                if (!found.TryGetValue(stored.At, out var now) || now.Readings < stored.Readings)
                {
                    found[stored.At] = stored;
                }
            }

            rows = [.. found.Values.OrderBy(r => r.At)];
        }

        Add(one.Id, tier, spans, rows);
    }

    private void Fold(SeriesShape one, Tier tier, List<Span> spans, KeptFrom kept, Planned planned)
    {
        var finer = tier.MadeOf(source.Finest);
        var rows = new List<Parts>();
        foreach (var span in spans)
        {
            var stored = Read(one.Id, finer, span);
            for (var i = 0; i < stored.Count;)
            {
                var bucket = calendar.Bucket(tier, stored[i].At);
                var until = i;
                while (until < stored.Count && bucket.Holds(stored[until].At))
                {
                    until++;
                }

                var parts = Parts.Fold(bucket.From, stored.Take(new Range(i, until)));
                parts.Expected = planned.Count(bucket);
                rows.Add(parts);
                i = until;
            }
        }

        Keep(one, tier, spans, kept, rows);
    }

    private void Add(long id, Tier tier, List<Span> spans, List<Parts> rows)
    {
        if (!_computed.TryGetValue((id, tier), out var computed))
        {
            _computed[(id, tier)] = computed = new ComputedRows();
        }

        Buckets[tier] = Buckets.GetValueOrDefault(tier) + rows.Count;
        computed.Spans.AddRange(spans);
        computed.Rows.AddRange(rows);
    }

    private IReadOnlyList<PlannedPeriod>? Periods(List<Span> spans)
    {
        if (spans.Count == 0)
        {
            return null;
        }

        var whole = calendar.Widen(Tier.Year, new Span(spans[0].From, spans[^1].Until));
        return schedule?.Find(tx, source.Id, Bounds.ToInstant(whole.From), Bounds.ToInstant(whole.Until));
    }
}
