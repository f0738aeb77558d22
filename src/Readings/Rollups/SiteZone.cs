using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>
/// The clock of the site, in which hours, days, weeks, months and years are rolled up. It lies in the database, so that every node and every command tells the same days; a server stores what
/// its setting has when it starts.
/// </summary>
public static class SiteZone
{
    private const int Page = 20;

    private static readonly Sql _read = new("rollups.zone", "select zone from readings_state");

    private static readonly Sql _store = new("rollups.zone.set", "update readings_state set zone = @zone, marked_to = @marked");

    private static readonly Sql _marked = new("rollups.zone.marked", "select marked_to from readings_state");

    // Not when the zone was changed once more meanwhile: then it begins anew.
    private static readonly Sql _advance = new("rollups.zone.advance", "update readings_state set marked_to = @to where marked_to = @after");

    private static readonly Sql _any = new("rollups.any", "select 1 from rollup limit 1");

    /// <summary>The clock that is in force; UTC while nobody said one.</summary>
    /// <exception cref="StorageFault">This program does not know the zone that is stored.</exception>
    public static SiteCalendar Of(Transaction tx) => tx.First<string?>(_read) is { } zone
        ? SiteCalendar.Find(zone) ?? throw new StorageFault(StorageFaultKind.Misuse, $"the database has the time zone '{zone}', which this program does not know; set site.time_zone to one that it knows")
        : SiteCalendar.Utc;

    /// <summary>
    /// Puts a clock in force; returns whether it is another one than before. Then everything that there are samples of is marked, to be rolled up by the new one (<see cref="ResumeAsync"/>, which every pass begins with); what
    /// there are none of any more stays as it was.
    /// </summary>
    /// <param name="database">Migrated.</param>
    /// <param name="zone">IANA name, known to this program.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<bool> ChangeAsync(Database database, string zone, CancellationToken stop) => await database.WriteAsync(
        "rollups.zone",
        tx =>
        {
            var before = tx.First<string?>(_read) ?? SiteCalendar.Utc.Zone;
            if (before == zone)
            {
                return null;
            }

            tx.Execute(_store, new { zone, marked = tx.First<int?>(_any) is null ? null : (long?)0 });
            return new ZoneChange(before, zone);
        },
        stop).ConfigureAwait(false) is not null;

    /// <summary>Marks what another clock makes to be rolled up again, as far as that is not done; a process that dies meanwhile is gone on for by the next.</summary>
    internal static async Task ResumeAsync(Database database, CancellationToken stop)
    {
        while (await database.ReadAsync("rollups.zone", tx => tx.First<long?>(_marked), stop).ConfigureAwait(false) is { } after)
        {
            await database.WriteAsync(
                "rollups.zone.mark",
                tx =>
                {
                    var sources = SourceStore.After(tx, after, Page);
                    foreach (var source in sources)
                    {
                        MarkAll(tx, source, new Span(Bounds.First, Bounds.Last));
                    }

                    tx.Execute(_advance, new { after, to = sources.Count < Page ? null : (long?)sources[^1].Id });
                },
                stop).ConfigureAwait(false);
        }
    }

    /// <summary>Marks whatever samples there are, source by source, each of which goes to <paramref name="then"/> before the next; returns how many days.</summary>
    internal static async Task<long> MarkAllAsync(Database database, Span span, Func<long, Task>? then, CancellationToken stop)
    {
        var days = 0L;
        for (var after = long.MinValue; ;)
        {
            var sources = await database.ReadAsync("rollups.sources", tx => SourceStore.After(tx, after, Page), stop).ConfigureAwait(false);
            foreach (var source in sources)
            {
                days += await database.WriteAsync("rollups.mark.all", tx => MarkAll(tx, source, span), stop).ConfigureAwait(false);
                await (then?.Invoke(source.Id) ?? Task.CompletedTask).ConfigureAwait(false);
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
        if (span.From >= until || SampleStore.Extent(tx, source.Id, span with { Until = until }) is not { FromAt: { } from, ToAt: { } to })
        {
            return 0;
        }

        RollupMarks.Add(tx, [new RollupMark(source.Id, from, to)], isChanged: false);
        return ((to.Micros - from.Micros) / 86_400_000_000L) + 1;
    }
}

/// <summary>That another clock is in force.</summary>
/// <param name="Before">Its IANA name before.</param>
/// <param name="After">And now.</param>
public sealed record ZoneChange(string Before, string After);
