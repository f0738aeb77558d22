using NodaTime;
using NodaTime.TimeZones;

namespace Rondo.Imports.Formats;

/// <summary>What a wall clock in a zone says, in UTC. Readings of one file lie close together: one period of constant offset is remembered. In seconds since 1970-01-01.</summary>
internal sealed class ZoneClock
{
    private const long Day = 86_400;
    private readonly DateTimeZone _zone;
    private long _plainFrom = long.MaxValue;
    private long _plainUntil = long.MinValue;
    private long _offset;
    private long _day = long.MinValue;
    private long _dayStart;
    private long _dayEnd;

    public ZoneClock(string zone) => _zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(zone)
        ?? throw new ImportRefused($"'{Names.Shown(zone)}' is not a time zone this program knows; expected an IANA name such as Europe/London");

    /// <summary>How many instants have this reading: one, none (the clock was put forward over it) or two.</summary>
    /// <param name="local">What the clock says.</param>
    /// <param name="first">The only one, or the earlier.</param>
    /// <param name="second">The later one.</param>
    public int Map(long local, out long first, out long second)
    {
        if (local >= _plainFrom && local < _plainUntil)
        {
            first = second = local - _offset;
            return 1;
        }

        var mapping = _zone.MapLocal(NodaTime.Instant.FromUnixTimeSeconds(local).InUtc().LocalDateTime);
        (first, second) = (0, 0);
        if (mapping.Count > 0)
        {
            (first, second) = (mapping.First().ToInstant().ToUnixTimeSeconds(), mapping.Last().ToInstant().ToUnixTimeSeconds());
            Remember(mapping.EarlyInterval);
        }

        return mapping.Count;
    }

    /// <summary>When the local day begins, and when the next one does.</summary>
    /// <param name="day">Days since 1970-01-01.</param>
    public (long Start, long End) DayOf(long day)
    {
        if (day != _day)
        {
            (_day, _dayStart, _dayEnd) = (day, StartOf(day), StartOf(day + 1));
        }

        return (_dayStart, _dayEnd);
    }

    /// <summary>The local day of an instant.</summary>
    public long DayAt(long utc)
    {
        var local = utc + _zone.GetUtcOffset(NodaTime.Instant.FromUnixTimeSeconds(utc)).Seconds;
        return (local - (((local % Day) + Day) % Day)) / Day;
    }

    private long StartOf(long day) =>
        _zone.AtStartOfDay(NodaTime.Instant.FromUnixTimeSeconds(day * Day).InUtc().Date).ToInstant().ToUnixTimeSeconds();

    // A day away from either end, no reading is doubtful.
    private void Remember(ZoneInterval interval)
    {
        _offset = interval.WallOffset.Seconds;
        _plainFrom = interval.HasStart ? interval.Start.ToUnixTimeSeconds() + _offset + Day : long.MinValue / 2;
        _plainUntil = interval.HasEnd ? interval.End.ToUnixTimeSeconds() + _offset - Day : long.MaxValue / 2;
    }
}
