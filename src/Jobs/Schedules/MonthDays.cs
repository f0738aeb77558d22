namespace Rondo.Jobs.Schedules;

/// <summary>What the field "day of month" names.</summary>
/// <param name="Set">Days by number.</param>
/// <param name="Nearest">Days whose nearest weekday is meant (<c>15W</c>); bit 0 is the 1st.</param>
/// <param name="IsLast">True with <c>L</c>.</param>
/// <param name="IsLastWeekday">True with <c>LW</c>.</param>
internal readonly record struct MonthDays(CronSet Set, uint Nearest, bool IsLast, bool IsLastWeekday)
{
    /// <summary>Reads the field; returns what is wrong with it, or null.</summary>
    public static string? Read(CronPart list, out MonthDays days)
    {
        days = default;
        foreach (var item in list.Items())
        {
            if (item.Is("L"))
            {
                days = days with { IsLast = true };
            }
            else if (item.Is("LW"))
            {
                days = days with { IsLastWeekday = true };
            }
            else if (item.Text.Length is 2 or 3 && item.Text[^1] is 'W' or 'w' && char.IsAsciiDigit(item.Text[0]))
            {
                if (CronField.DayOfMonth.Read(item.Before(item.Text.Length - 1), item, out var day) is { } error)
                {
                    return error;
                }

                days = days with { Nearest = days.Nearest | (1u << (day - 1)) };
            }
            else if (CronSet.ReadItem(CronField.DayOfMonth, item, out var set) is { } error)
            {
                return error;
            }
            else
            {
                days = days with { Set = days.Set | set };
            }
        }

        return null;
    }

    /// <summary>The days of a month that are named; bit 0 is the 1st.</summary>
    public uint In(CalendarMonth month)
    {
        var found = (uint)Set.Bits;
        found |= IsLast ? Bit(month.Length) : 0;
        found |= IsLastWeekday ? Bit(month.NearestWeekday(month.Length)) : 0;
        for (var day = 1; Nearest >> (day - 1) != 0 && day <= month.Length; day++)
        {
            found |= (Nearest & Bit(day)) != 0 ? Bit(month.NearestWeekday(day)) : 0;
        }

        return found & month.All;
    }

    private static uint Bit(int day) => 1u << (day - 1);
}
