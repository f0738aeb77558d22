namespace Rondo.Jobs.Schedules;

/// <summary>A month, as far as the days of an expression depend on it.</summary>
/// <param name="Length">Its days, 28 to 31.</param>
/// <param name="FirstWeekday">Weekday of the 1st, Sunday is 0.</param>
internal readonly record struct CalendarMonth(int Length, int FirstWeekday)
{
    private const int Sunday = 0;
    private const int Saturday = 6;

    /// <summary>A bit for each day; bit 0 is the 1st.</summary>
    public uint All => uint.MaxValue >> (32 - Length);

    /// <summary>A month of the calendar.</summary>
    public static CalendarMonth Of(int year, int month) => new(DateTime.DaysInMonth(year, month), (int)new DateOnly(year, month, 1).DayOfWeek);

    /// <summary>Weekday of a day, Sunday is 0.</summary>
    public int WeekdayOf(int day) => (FirstWeekday + day - 1) % 7;

    /// <summary>The day from Monday to Friday that is nearest to a day without leaving the month.</summary>
    public int NearestWeekday(int day) => WeekdayOf(day) switch
    {
        Saturday => day == 1 ? 3 : day - 1,
        Sunday => day == Length ? day - 2 : day + 1,
        _ => day,
    };
}
