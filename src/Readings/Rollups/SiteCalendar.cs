using NodaTime;
using NodaTime.TimeZones;
using Instant = Rondo.Storage.Instant;
using NodaInstant = NodaTime.Instant;

namespace Rondo.Readings.Rollups;

/// <summary>
/// Where buckets begin and end in a time zone. Every boundary lies on a quarter of an hour of UTC: where the clock was changed between two of them (at one minute past
/// midnight, in Newfoundland until 2011) the whole quarter counts as after the change.
/// </summary>
public sealed class SiteCalendar
{
    private const long Micro = 10;
    private const long Quarter = 900_000_000;
    private const long Hour = 3_600_000_000;
    private static readonly ZoneLocalMappingResolver _startOfDay = Resolvers.CreateMappingResolver(Resolvers.ReturnEarlier, Resolvers.ReturnStartOfIntervalAfter);
    private readonly DateTimeZone _zone;

    private SiteCalendar(DateTimeZone zone) => _zone = zone;

    /// <summary>Days and hours of UTC.</summary>
    public static SiteCalendar Utc { get; } = new(DateTimeZone.Utc);

    /// <summary>IANA name of the zone.</summary>
    public string Zone => _zone.Id;

    /// <summary>The calendar of an IANA name, or null when there is no such zone.</summary>
    public static SiteCalendar? Find(string zone) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone) is { } found ? new SiteCalendar(found) : null;

    /// <summary>True when both have the same buckets for all that is known.</summary>
    public bool IsSame(SiteCalendar other) => Zone == other.Zone;

    /// <summary>The bucket that an instant lies in.</summary>
    internal Span Bucket(Tier tier, long at) => tier switch
    {
        Tier.Quarter => new Span(Instant.Floor(at, Quarter), Instant.Floor(at, Quarter) + Quarter),
        Tier.Hour => HourOf(at),
        Tier.Day => DateOf(at) is var date ? new Span(Start(date), Start(date.PlusDays(1))) : default,
        Tier.Week => DateOf(at) is var date && date.PlusDays(1 - (int)date.DayOfWeek) is var monday ? new Span(Start(monday), Start(monday.PlusWeeks(1))) : default,
        Tier.Month => DateOf(at) is var date && new LocalDate(date.Year, date.Month, 1) is var first ? new Span(Start(first), Start(first.PlusMonths(1))) : default,
        Tier.Year => DateOf(at) is var date && new LocalDate(date.Year, 1, 1) is var first ? new Span(Start(first), Start(first.PlusYears(1))) : default,
        _ => throw new ArgumentOutOfRangeException(nameof(tier), tier, "readings as they are have no buckets"),
    };

    /// <summary>The span widened to whole buckets.</summary>
    internal Span Widen(Tier tier, Span span) => new(Bucket(tier, span.From).From, Bucket(tier, span.Until - 1).Until);

    /// <summary>The buckets that lie in a span, one after another.</summary>
    internal IEnumerable<Span> Buckets(Tier tier, Span span)
    {
        for (var at = span.From; at < span.Until;)
        {
            var bucket = Bucket(tier, at);
            yield return bucket;
            at = bucket.Until;
        }
    }

    /// <summary>The date on the site's calendar, as <c>2026-03-29</c>.</summary>
    internal string DateText(long at) => DateOf(at).ToString("uuuu-MM-dd", System.Globalization.CultureInfo.InvariantCulture);

    // Offsets that are no whole quarters, of the time before zones, count as the nearest one.
    private Span HourOf(long at)
    {
        var quarter = Instant.Floor(at, Quarter);
        var interval = _zone.GetZoneInterval(ToNoda(quarter + Quarter - 1));
        var offset = Instant.Floor((interval.WallOffset.Ticks / Micro) + (Quarter / 2), Quarter);
        var start = Instant.Floor(quarter + offset, Hour) - offset;
        var (from, until) = (start, start + Hour);
        if (interval.HasStart)
        {
            from = Math.Max(from, Instant.Floor(ToMicros(interval.Start), Quarter));
        }

        return new Span(from, interval.HasEnd ? Math.Min(until, Instant.Floor(ToMicros(interval.End), Quarter)) : until);
    }

    // By where days begin, and not by what the clock shows: set back past midnight, it shows yesterday once more.
    private LocalDate DateOf(long at)
    {
        var date = ToNoda(at).InZone(_zone).Date;
        while (at < Start(date))
        {
            date = date.PlusDays(-1);
        }

        while (at >= Start(date.PlusDays(1)))
        {
            date = date.PlusDays(1);
        }

        return date;
    }

    private long Start(LocalDate date) => Instant.Floor(ToMicros(_zone.ResolveLocal(date.AtMidnight(), _startOfDay).ToInstant()), Quarter);

    private static NodaInstant ToNoda(long micros) => NodaInstant.FromUnixTimeTicks(micros * Micro);

    private static long ToMicros(NodaInstant at) => at.ToUnixTimeTicks() / Micro;
}
