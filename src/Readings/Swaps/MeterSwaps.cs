using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Readings.Swaps;

/// <summary>Declared swaps of meters. What a counter rose by across one is what both meters counted, and what was told of it before is rolled up again.</summary>
public static class MeterSwaps
{
    private static readonly Sql _of = new("swaps.of", "select series_id, at, old_end, new_start from meter_swap where series_id {in:@ids} order by series_id, at");

    private static readonly Sql _list = new("swaps.list", """
        select distinct s.name as series, w.at, w.old_end, w.new_start, w.declared_at from meter_swap w join series s on s.id = w.series_id where s.name = @name order by w.at
        """);

    private static readonly Sql _put = new("swaps.put", """
        insert into meter_swap (series_id, at, old_end, new_start, declared_at) values (@id, @at, @oldEnd, @newStart, @now)
        on conflict (series_id, at) do update set old_end = excluded.old_end, new_start = excluded.new_start, declared_at = excluded.declared_at
        """);

    private static readonly Sql _remove = new("swaps.remove", "delete from meter_swap where series_id {in:@ids} and at = @at");

    /// <summary>The swaps of a series, the oldest first.</summary>
    public static List<MeterSwap> List(Transaction tx, string name) => tx.Query<MeterSwap>(_list, new { name });

    /// <summary>Declares a swap, in the place of one of the same instant.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="name">The series, a counter.</param>
    /// <param name="at">From when on readings are the new meter's.</param>
    /// <param name="oldEnd">What the old one had at the end; null for its last reading.</param>
    /// <param name="newStart">What the new one began with; null for its first reading.</param>
    public static SwapChange Declare(Transaction tx, string name, Instant at, double? oldEnd, double? newStart)
    {
        if (ReadingQuery.Find(tx, name) is not { } series)
        {
            return new SwapChange(null, IsUnknown: true);
        }

        if (Refusal(tx, series, at, oldEnd, newStart) is { } refusal)
        {
            return new SwapChange(null, refusal);
        }

        // Of whatever series had this name: one of them has the readings of that time.
        foreach (var shape in QuestionStore.Shapes(tx, name).Where(s => s.IsCounter))
        {
            tx.Execute(_put, new { id = shape.Id, at, oldEnd, newStart, now = tx.Now });
            RollupMarks.Add(tx, [new RollupMark(shape.SourceId, at, at)]);
        }

        return new SwapChange(List(tx, name).Find(s => s.At == at));
    }

    /// <summary>Takes a swap back.</summary>
    public static SwapChange Remove(Transaction tx, string name, Instant at)
    {
        if (List(tx, name).Find(s => s.At == at) is not { } swap)
        {
            return new SwapChange(null, IsUnknown: true);
        }

        var shapes = QuestionStore.Shapes(tx, name);
        tx.Execute(_remove, new { ids = new IdList([.. shapes.Select(s => s.Id)]), at });
        RollupMarks.Add(tx, [.. shapes.Select(s => new RollupMark(s.SourceId, at, at))]);
        return new SwapChange(swap, IsRemoved: true);
    }

    /// <summary>Gives counters what was declared of them.</summary>
    internal static List<SeriesShape> Attach(Transaction tx, List<SeriesShape> shapes)
    {
        if (shapes.Exists(s => s.IsCounter))
        {
            var swaps = tx.Query<Row>(_of, new { ids = new IdList([.. shapes.Where(s => s.IsCounter).Select(s => s.Id)]) }).ToLookup(r => r.SeriesId);
            foreach (var shape in swaps.Count == 0 ? [] : shapes)
            {
                shape.Swaps = [.. swaps[shape.Id].Select(r => new Swap(r.At.Micros, r.OldEnd, r.NewStart))];
            }
        }

        return shapes;
    }

    // What would make consumption negative is a slip of whoever declares.
    private static string? Refusal(Transaction tx, SeriesRow series, Instant at, double? oldEnd, double? newStart)
    {
        if (series.Kind != "counter")
        {
            return $"{series.Name} is no counter but {series.Kind}; only the meter of a counter is swapped";
        }

        if (Exact.Of(oldEnd ?? 0) is null || Exact.Of(newStart ?? 0) is null)
        {
            return "the register of a meter is a number below 10^15";
        }

        if (newStart is { } start && ReadingQuery.Range(tx, series.Name, at, Bounds.ToInstant(Bounds.Last), 1) is [var first] && first.Value < start)
        {
            return $"the first reading of the new meter is {first.Value:R} at {first.At}, below the {start:R} it is to have begun with";
        }

        return oldEnd is { } end && ReadingQuery.Newest(tx, series.Name, at, 1) is [var last] && last.Value > end
            ? $"the last reading of the old meter is {last.Value:R} at {last.At}, above the {end:R} it is to have ended with"
            : null;
    }

    private sealed class Row
    {
        public long SeriesId { get; init; }

        public Instant At { get; init; }

        public double? OldEnd { get; init; }

        public double? NewStart { get; init; }
    }
}
