namespace Rondo.Jobs.Schedules;

/// <summary>Reads the text of an expression.</summary>
internal static class CronReader
{
    private const string Expected = "5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or a macro such as @daily";

    // After 400 years the calendar repeats, weekdays included: what does not come in these never comes.
    private const int CycleFirstYear = 2000;
    private const int CycleLastYear = 2399;

    private static readonly (string Name, string Means)[] _macros =
    [
        ("@hourly", "0 * * * *"),
        ("@daily", "0 0 * * *"),
        ("@midnight", "0 0 * * *"),
        ("@weekly", "0 0 * * 0"),
        ("@monthly", "0 0 1 * *"),
        ("@yearly", "0 0 1 1 *"),
        ("@annually", "0 0 1 1 *"),
    ];

    /// <summary>Reads an expression; returns what is wrong with it, or null.</summary>
    public static string? Read(string text, out CronExpression? expression)
    {
        expression = null;
        if (text.Length > CronExpression.MaxLength)
        {
            return $"the expression has {text.Length} characters; expected at most {CronExpression.MaxLength}";
        }

        var fields = CronPart.Fields(text);
        if (fields is [{ Text: ['@', ..] } macro])
        {
            var known = Array.FindIndex(_macros, m => macro.Is(m.Name));
            if (known < 0)
            {
                return $"character {macro.At}: {CronPart.Quote(macro.Text)} is not a macro; expected {string.Join(", ", _macros.Select(m => m.Name))}";
            }

            fields = CronPart.Fields(_macros[known].Means);
        }

        if (fields.Length is not (5 or 6))
        {
            return fields.Length == 0 ? $"the expression is empty; expected {Expected}"
                : $"{CronPart.Quote(text.Trim())} has {fields.Length} {(fields.Length == 1 ? "field" : "fields")}; expected {Expected}";
        }

        return ReadFields(text.Trim(), fields.Length == 5 ? [new CronPart("0", 1), .. fields] : fields, out expression);
    }

    private static string? ReadFields(string text, CronPart[] fields, out CronExpression? expression)
    {
        expression = null;
        string? error;
        if ((error = CronSet.Read(CronField.Second, fields[0], out var seconds)) is not null
            || (error = CronSet.Read(CronField.Minute, fields[1], out var minutes)) is not null
            || (error = CronSet.Read(CronField.Hour, fields[2], out var hours)) is not null
            || (error = MonthDays.Read(fields[3], out var ofMonth)) is not null
            || (error = CronSet.Read(CronField.Month, fields[4], out var months)) is not null
            || (error = WeekDays.Read(fields[5], out var ofWeek)) is not null)
        {
            return error;
        }

        var days = new CronDays(months, ofMonth, ofWeek);
        if (days.Next(new DateOnly(CycleFirstYear, 1, 1), CycleLastYear) is null)
        {
            return NeverFires(fields, ofWeek);
        }

        expression = new CronExpression(text, new CronTimes(hours.Bits, minutes.Bits, seconds.Bits), days, hours.IsWhole);
        return null;
    }

    private static string NeverFires(CronPart[] fields, WeekDays ofWeek) => ofWeek.IsEveryDay
        ? CronField.DayOfMonth.Wrong(
            fields[3], $"never comes in month {CronPart.Quote(fields[4].Text)}, so the expression would never fire", "a day that the month has")
        : CronField.DayOfMonth.Wrong(
            fields[3],
            $"never meets day of week {CronPart.Quote(fields[5].Text)} in month {CronPart.Quote(fields[4].Text)}, so the expression would never fire",
            "days that fall together");
}
