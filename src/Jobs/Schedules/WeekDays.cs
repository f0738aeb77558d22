namespace Rondo.Jobs.Schedules;

/// <summary>What the field "day of week" names.</summary>
/// <param name="Set">Days by number, Sunday first.</param>
/// <param name="Nth">Days by their number within the month (<c>5#2</c>): bit 7 × (n − 1) + day.</param>
/// <param name="Last">Days of which the month's last is meant (<c>5L</c>).</param>
internal readonly record struct WeekDays(CronSet Set, ulong Nth, uint Last)
{
    private const int MostOfADay = 5;

    /// <summary>True when every day is named.</summary>
    public bool IsEveryDay => Set.Bits == 0b111_1111;

    /// <summary>Reads the field; returns what is wrong with it, or null.</summary>
    public static string? Read(CronPart list, out WeekDays days)
    {
        days = default;
        foreach (var item in list.Items())
        {
            if (ReadItem(item, out var one) is { } error)
            {
                return error;
            }

            days = new WeekDays(days.Set | one.Set, days.Nth | one.Nth, days.Last | one.Last);
        }

        return null;
    }

    /// <summary>The days of a month that are named; bit 0 is the 1st.</summary>
    public uint In(CalendarMonth month)
    {
        var found = 0u;
        for (var day = 1; day <= month.Length; day++)
        {
            var weekday = month.WeekdayOf(day);
            var isNamed = ((Set.Bits >> weekday) & 1) != 0
                || ((Nth >> (((day - 1) / 7 * 7) + weekday)) & 1) != 0
                || (((Last >> weekday) & 1) != 0 && day + 7 > month.Length);
            found |= isNamed ? 1u << (day - 1) : 0;
        }

        return found;
    }

    private static string? ReadItem(CronPart item, out WeekDays days)
    {
        days = default;
        var field = CronField.DayOfWeek;
        string? error;
        var hash = item.Text.IndexOf('#');
        if (hash >= 0)
        {
            if ((error = field.Read(item.Before(hash), item, out var day)) is null
                && (error = field.ReadNumber(
                    item.Behind(hash), 1, MostOfADay, "does not say which one of the month", $"1 to {MostOfADay} after the #", out var nth)) is null)
            {
                days = days with { Nth = 1UL << (((nth - 1) * 7) + (day % 7)) };
            }

            return error;
        }

        // Elsewhere a lone L means Saturday: what reads like "the last day" and means another one is better refused.
        if (item.Is("L"))
        {
            return field.Wrong(item, "does not say which day", "the day before it, such as 5L or FRIL (the last Friday of the month)");
        }

        if (item.Text.Length > 1 && item.Text[^1] is 'L' or 'l')
        {
            error = field.Read(item.Before(item.Text.Length - 1), item, out var day);
            days = days with { Last = 1u << (day % 7) };
            return error;
        }

        error = CronSet.ReadItem(field, item, out var set);
        days = days with { Set = set };
        return error;
    }
}
