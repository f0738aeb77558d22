using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>
/// The clock of the site, in which hours, days, weeks, months and years are rolled up. It lies in the database, so that every node and every command tells the same days; a server stores what
/// its setting has when it starts.
/// </summary>
public static class SiteZone
{
    private const int Page = 200;

    private static readonly Sql _read = new("rollups.zone", "select zone from readings_state");

    private static readonly Sql _store = new("rollups.zone.set", "update readings_state set zone = @zone");

    private static readonly Sql _any = new("rollups.any", "select 1 from rollup limit 1");

    /// <summary>The clock that is in force; UTC while nobody said one.</summary>
    /// <exception cref="StorageFault">This program does not know the zone that is stored.</exception>
    public static SiteCalendar Of(Transaction tx) => tx.First<string?>(_read) is { } zone
        ? SiteCalendar.Find(zone) ?? throw new StorageFault(StorageFaultKind.Misuse, $"the database has the time zone '{zone}', which this program does not know; set site.time_zone to one that it knows")
        : SiteCalendar.Utc;

    /// <summary>
    /// Puts a clock in force. When it is another one than before, everything that there are samples of is marked, to be rolled up by the new one; what there are none of any more stays as it was. Returns
    /// whether it changed.
    /// </summary>
    /// <param name="database">Migrated.</param>
    /// <param name="zone">IANA name, known to this program.</param>
    /// <param name="stop">Gives up between two transactions; then the old one is in force.</param>
    public static async Task<bool> ChangeAsync(Database database, string zone, CancellationToken stop)
    {
        var (stored, isAny) = await database.ReadAsync("rollups.zone", tx => (tx.First<string?>(_read), tx.First<int?>(_any) is not null), stop).ConfigureAwait(false);
        if ((stored ?? SiteCalendar.Utc.Zone) == zone)
        {
            return false;
        }

        await database.WriteAsync("rollups.zone", tx => { tx.Execute(_store, new { zone }); }, stop).ConfigureAwait(false);
        if (isAny)
        {
            await MarkAllAsync(database, new Span(Bounds.First, Bounds.Last), null, stop).ConfigureAwait(false);
        }

        return true;
    }

    /// <summary>Marks whatever samples there are, source by source; returns how many days.</summary>
    internal static async Task<long> MarkAllAsync(Database database, Span span, Action<long>? said, CancellationToken stop)
    {
        var days = 0L;
        for (var after = long.MinValue; ;)
        {
            var sources = await database.ReadAsync("rollups.sources", tx => SourceStore.After(tx, after, Page), stop).ConfigureAwait(false);
            foreach (var source in sources)
            {
                days += await database.WriteAsync("rollups.mark.all", tx => MarkAll(tx, source, span), stop).ConfigureAwait(false);
                said?.Invoke(source.Id);
            }

            if (sources.Count < Page)
            {
                return days;
            }

            after = sources[^1].Id;
        }
    }

    private static long MarkAll(Transaction tx, SourceRow source, Span span)
    {
        // What is behind the watermark is found without a mark.
        var until = source.IsOrdered ? Math.Min(span.Until, (source.SeenTo?.Micros ?? Bounds.First) + 1) : span.Until;
        if (span.From >= until || SourceStore.Extent(tx, source.Id, span with { Until = until }) is not { FromAt: { } from, ToAt: { } to })
        {
            return 0;
        }

        RollupMarks.Add(tx, [new RollupMark(source.Id, from, to)]);
        return ((to.Micros - from.Micros) / 86_400_000_000L) + 1;
    }
}
