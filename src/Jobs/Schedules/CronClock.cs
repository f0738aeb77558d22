using NodaTime;
using NodaTime.TimeZones;

namespace Rondo.Jobs.Schedules;

/// <summary>
/// Puts the local times of an expression on the time line of a zone. Everything is in whole seconds: real ones since the epoch, local ones since
/// 1970-01-01 as the zone's clocks show it (<c>local = real + offset</c>, the offset being constant within a stretch).
/// </summary>
internal static class CronClock
{
    /// <summary>Each local time once: the first time clocks show it, or when they jump over it, the instant of the jump.</summary>
    public static long? NextFixed(CronExpression expression, DateTimeZone zone, long first)
    {
        // From the second before, because a jump exactly at the first one is still to come.
        var stretch = Stretch.At(zone, first - 1);
        var from = first + stretch.Offset;
        if (stretch.HasStart)
        {
            // Clocks that were put back show again what has had its turn.
            from = Math.Max(from, Stretch.At(zone, stretch.Start - 1).LocalEnd);
        }

        if (expression.NextLocal(from) is not { } local)
        {
            return null;
        }

        while (local >= stretch.LocalEnd)
        {
            var next = Stretch.At(zone, stretch.End);
            if (local < next.LocalStart)
            {
                return next.Start;
            }

            stretch = next;
        }

        return local - stretch.Offset;
    }

    /// <summary>Every local time as often as clocks show it; one they jump over comes when it would have come without the jump.</summary>
    public static long? NextInterval(CronExpression expression, DateTimeZone zone, long first)
    {
        // A jump keeps the stretch before it at work for as long as the jump is, so that one is looked at too.
        var stretch = Stretch.At(zone, first - 1);
        stretch = stretch.HasStart ? Stretch.At(zone, stretch.Start - 1) : stretch;
        long? best = null;
        while (true)
        {
            Stretch? next = stretch.HasEnd ? Stretch.At(zone, stretch.End) : null;
            if (expression.NextLocal(Math.Max(first, stretch.Start) + stretch.Offset) is not { } local)
            {
                return best;
            }

            if (local < Math.Max(stretch.LocalEnd, next?.LocalStart ?? stretch.LocalEnd))
            {
                best = Math.Min(best ?? long.MaxValue, local - stretch.Offset);
            }

            if (best <= stretch.End || next is null)
            {
                return best;
            }

            stretch = next.Value;
        }
    }

    /// <summary>A time in which a zone keeps its offset.</summary>
    private readonly record struct Stretch(long Start, long End, long Offset)
    {
        // Far enough that an offset does not overflow.
        private const long Ever = long.MaxValue / 2;

        public bool HasStart => Start != -Ever;

        public bool HasEnd => End != Ever;

        public long LocalStart => Start + Offset;

        public long LocalEnd => End + Offset;

        public static Stretch At(DateTimeZone zone, long second)
        {
            ZoneInterval interval = zone.GetZoneInterval(NodaTime.Instant.FromUnixTimeSeconds(second));
            return new Stretch(
                interval.HasStart ? interval.Start.ToUnixTimeSeconds() : -Ever,
                interval.HasEnd ? interval.End.ToUnixTimeSeconds() : Ever,
                interval.WallOffset.Seconds);
        }
    }
}
