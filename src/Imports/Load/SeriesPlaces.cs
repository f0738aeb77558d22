using System.Text.Json;
using Rondo.Imports.Formats;
using Rondo.Readings;
using Rondo.Storage;

namespace Rondo.Imports.Load;

/// <summary>The SQL that finds and makes the series of meters.</summary>
internal static class SeriesPlaces
{
    private static readonly Sql _find = new("imports.series", """
        select s.id as series_id, s.source_id, s.ordinal, s.name, s.interval_us, o.kind
        from series s join source o on o.id = s.source_id
        where s.retired_at is null and s.name in ({only:sqlite}select value from json_each(@names){end}{only:postgres}select jsonb_array_elements_text(@names::jsonb){end})
        """);

    private static readonly Sql _sources = new("imports.sources", """
        select id, name from source where kind = 'meter' and name in ({only:sqlite}select value from json_each(@names){end}{only:postgres}select jsonb_array_elements_text(@names::jsonb){end})
        """);

    /// <summary>Looks the places of channels up; those of which there is no series keep none. Names that a device has are answered.</summary>
    public static List<string> Find(Transaction tx, IReadOnlyCollection<MeterChannel> channels)
    {
        var byName = channels.ToDictionary(c => c.Series, StringComparer.Ordinal);
        var taken = new List<string>();
        foreach (var row in tx.Query<PlaceRow>(_find, new { names = JsonSerializer.Serialize(byName.Keys) }))
        {
            if (row.Kind == "meter")
            {
                byName[row.Name].Place = new SeriesPlace(row.SeriesId, row.SourceId, row.Ordinal, row.IntervalUs);
            }
            else
            {
                taken.Add(row.Name);
            }
        }

        return taken;
    }

    /// <summary>Finds the places of channels that have none, and makes those that are not there. May be run again after it was undone.</summary>
    public static List<string> Make(Transaction tx, IReadOnlyCollection<MeterChannel> channels)
    {
        // What an earlier run of this work has made was undone with it.
        foreach (var channel in channels)
        {
            channel.Place = null;
        }

        // Whoever takes ids waits for whoever has taken some: what is looked up after it is all there is.
        var next = SeriesStore.TakeIds(tx, channels.Count * 2);
        var taken = Find(tx, channels);
        var missing = channels.Where(c => c.Place is null && !taken.Contains(c.Series)).OrderBy(c => c.Series, StringComparer.Ordinal).ToList();
        if (missing.Count == 0)
        {
            return taken;
        }

        var meters = missing.Select(c => c.Meter).Distinct(StringComparer.Ordinal).ToList();
        var sources = tx.Query<SourceRow>(_sources, new { names = JsonSerializer.Serialize(meters) }).ToDictionary(s => s.Name, s => s.Id, StringComparer.Ordinal);
        var fresh = new List<(long Id, string Name)>();
        foreach (var meter in meters.Where(m => !sources.ContainsKey(m)))
        {
            fresh.Add((next, meter));
            sources.Add(meter, next++);
        }

        SeriesStore.AddSources(tx, fresh, tx.Now, "meter");
        var ordinals = new Dictionary<long, int>();
        var made = new List<NewSeries>();
        foreach (var channel in missing)
        {
            var source = sources[channel.Meter];
            var ordinal = ordinals.TryGetValue(source, out var last) ? last + 1 : fresh.Exists(f => f.Id == source) ? 0 : SeriesStore.NextOrdinal(tx, source);
            ordinals[source] = ordinal;
            channel.Place = new SeriesPlace(next, source, ordinal, channel.IntervalUs, IsOfThisFile: true);
            made.Add(new NewSeries(next++, source, ordinal, channel.Series, channel.Unit, "energy", IntervalUs: channel.IntervalUs));
        }

        SeriesStore.AddSeries(tx, made);
        return taken;
    }

    /// <summary>The channels whose series have another interval than the file has, or none.</summary>
    public static List<MeterChannel> OfOtherInterval(IEnumerable<MeterChannel> channels) =>
        [.. channels.Where(c => c is { IntervalUs: { } interval, Place: { SeriesId: > 0 } place } && place.IntervalUs != interval && (place.IntervalUs is null || place.IsOfThisFile || c.IsIntervalSure))];

    /// <summary>Says the intervals of the files of those series.</summary>
    public static void Say(Transaction tx, IReadOnlyCollection<MeterChannel> channels)
    {
        foreach (var same in channels.GroupBy(c => c.IntervalUs!.Value).OrderBy(g => g.Key))
        {
            SeriesStore.SetInterval(tx, same.Select(c => c.Place!.SeriesId).Order(), same.Key);
        }
    }

    private sealed class PlaceRow
    {
        public long SeriesId { get; init; }

        public long SourceId { get; init; }

        public int Ordinal { get; init; }

        public string Name { get; init; } = "";

        public long? IntervalUs { get; init; }

        public string Kind { get; init; } = "";
    }

    private sealed class SourceRow
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";
    }
}
