using System.Numerics;

namespace Rondo.Jobs.Schedules;

/// <summary>The days an expression fires on.</summary>
/// <param name="Months">Months; bit 0 is January.</param>
/// <param name="OfMonth">The field "day of month".</param>
/// <param name="OfWeek">The field "day of week".</param>
internal sealed record CronDays(CronSet Months, MonthDays OfMonth, WeekDays OfWeek)
{
    /// <summary>The first such day from <paramref name="from"/> on, or null when there is none up to the end of <paramref name="lastYear"/>.</summary>
    public DateOnly? Next(DateOnly from, int lastYear)
    {
        // Month by month: a day that comes every 28 years is a few hundred steps away.
        var (year, month, day) = (from.Year, from.Month, from.Day);
        while (year <= lastYear)
        {
            if (((Months.Bits >> (month - 1)) & 1) != 0 && (In(CalendarMonth.Of(year, month)) & (uint.MaxValue << (day - 1))) is var left and not 0)
            {
                return new DateOnly(year, month, BitOperations.TrailingZeroCount(left) + 1);
            }

            (year, month, day) = month == 12 ? (year + 1, 1, 1) : (year, month + 1, 1);
        }

        return null;
    }

    // Classic cron: two restrictions widen one another, and a field with a star only narrows the other one (*/2 with MON: Mondays of odd date).
    private uint In(CalendarMonth month) => OfMonth.Set.HasStar || OfWeek.Set.HasStar
        ? OfMonth.In(month) & OfWeek.In(month)
        : OfMonth.In(month) | OfWeek.In(month);
}
