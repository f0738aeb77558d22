using Rondo.Storage;

namespace Rondo.Readings;

/// <summary>A series to be created.</summary>
/// <param name="Id">Its id, out of <see cref="SeriesStore.TakeIds"/>.</param>
/// <param name="SourceId">Its source.</param>
/// <param name="Ordinal">Its place in the source's samples; never reused.</param>
/// <param name="Name">Unique among the series that are not retired.</param>
/// <param name="Unit">Unit of measure, for people.</param>
/// <param name="Kind"><c>gauge</c>, <c>counter</c>, <c>energy</c> or <c>state</c>.</param>
/// <param name="Modulus">Where a counter starts over; null when nobody knows.</param>
/// <param name="IntervalUs">From one reading to the next, in microseconds; null when nobody knows.</param>
public sealed record NewSeries(long Id, long SourceId, int Ordinal, string Name, string Unit, string Kind, double? Modulus = null, long? IntervalUs = null);

/// <summary>The SQL of sources and series, and only the SQL.</summary>
public static class SeriesStore
{
    private static readonly Sql _take = new("readings.ids", "update readings_state set last_id = last_id + @count returning last_id");

    private static readonly Sql _ordinal = new("readings.ordinal", "select coalesce(max(ordinal), -1) + 1 from series where source_id = @source");

    private static readonly Sql _retire = new("readings.retire", "update series set retired_at = @now where id {in:@ids} and retired_at is null");

    private static readonly Sql _describe = new("readings.describe", "update series set unit = @unit, kind = @kind, modulus = @modulus, interval_us = @interval where id = @id");

    private static readonly Sql _interval = new("readings.interval", "update series set interval_us = @interval where id {in:@ids}");

    /// <summary>Reserves <paramref name="count"/> ids; returns the first.</summary>
    public static long TakeIds(Transaction tx, int count) => tx.First<long>(_take, new { count }) - count + 1;

    /// <summary>Creates sources.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="sources">Their ids and names.</param>
    /// <param name="now">Database time.</param>
    /// <param name="kind"><c>poll_group</c>, or <c>meter</c> for a metering point of files.</param>
    public static void AddSources(Transaction tx, IReadOnlyList<(long Id, string Name)> sources, Instant now, string kind = "poll_group") => tx.InsertMany(
        "source", ["id", "kind", "name", "created_at"], [.. sources.Select(s => new object?[] { s.Id, kind, s.Name, now })]);

    /// <summary>Creates series.</summary>
    public static void AddSeries(Transaction tx, IReadOnlyList<NewSeries> series) => tx.InsertMany(
        "series",
        ["id", "source_id", "ordinal", "name", "unit", "kind", "modulus", "interval_us"],
        [.. series.Select(s => new object?[] { s.Id, s.SourceId, s.Ordinal, s.Name, s.Unit, s.Kind, s.Modulus, s.IntervalUs })]);

    /// <summary>The next ordinal of a source, counting retired series too.</summary>
    public static int NextOrdinal(Transaction tx, long source) => tx.First<int>(_ordinal, new { source });

    /// <summary>Retires series: their history stays, their names are free.</summary>
    public static void Retire(Transaction tx, IEnumerable<long> ids, Instant now)
    {
        tx.Execute(_retire, new { ids = new IdList([.. ids]), now });
    }

    /// <summary>Changes what people read about a series, where a counter starts over, and the interval of its readings.</summary>
    public static void Describe(Transaction tx, long id, string unit, string kind, double? modulus, long? interval) => tx.Execute(_describe, new { id, unit, kind, modulus, interval });

    /// <summary>Says the interval of the readings of series, in microseconds.</summary>
    public static void SetInterval(Transaction tx, IEnumerable<long> ids, long interval) => tx.Execute(_interval, new { ids = new IdList([.. ids]), interval });
}
