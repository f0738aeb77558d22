using System.Globalization;

namespace Rondo.Jobs.Schedules;

/// <summary>One field of an expression: what it is called and which values it takes.</summary>
/// <param name="name">Its name in messages.</param>
/// <param name="least">Its first value.</param>
/// <param name="count">How many different values it has.</param>
internal sealed class CronField(string name, int least, int count)
{
    public static readonly CronField Second = new("second", 0, 60);
    public static readonly CronField Minute = new("minute", 0, 60);
    public static readonly CronField Hour = new("hour", 0, 24);

    public static readonly CronField DayOfMonth = new("day of month", 1, 31)
    {
        IsDay = true,
        Allowed = "1 to 31, L (the last day), LW (the last weekday), or one such as 15W (the weekday nearest to the 15th)",
    };

    public static readonly CronField Month = new("month", 1, 12)
    {
        Names = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"],
        Values = "1 to 12 or JAN to DEC",
    };

    // Sunday has two numbers, so the greatest one that may be written is not the last different one.
    public static readonly CronField DayOfWeek = new("day of week", 0, 7)
    {
        IsDay = true,
        Most = 7,
        Names = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"],
        Values = "0 to 7 (0 and 7 are Sunday) or SUN to SAT",
        Allowed = "0 to 7 (0 and 7 are Sunday), SUN to SAT, or one such as 5L (the last Friday) or 5#2 (the second Friday)",
    };

    /// <summary>Its first value.</summary>
    public int Least { get; } = least;

    /// <summary>How many different values it has; ranges that wrap go on from its first value after these.</summary>
    public int Count { get; } = count;

    /// <summary>The last of its different values.</summary>
    public int Last => Least + Count - 1;

    /// <summary>The greatest value that may be written.</summary>
    public int Most { get; private init; } = least + count - 1;

    /// <summary>True for the two fields that take <c>?</c>.</summary>
    public bool IsDay { get; private init; }

    /// <summary>The values, for messages.</summary>
    public string Values { get; private init; } = $"{least} to {least + count - 1}";

    /// <summary>The values and whatever else may stand alone, for messages.</summary>
    public string Allowed
    {
        get => field ?? Values;
        private init;
    }

    private string[] Names { get; init; } = [];

    /// <summary>Reads a value, a number or a name; returns what is wrong with it, or null.</summary>
    /// <param name="part">The value.</param>
    /// <param name="item">What it is a part of, for when that breaks off.</param>
    /// <param name="value">What was read.</param>
    public string? Read(CronPart part, CronPart item, out int value)
    {
        var allowed = part == item ? Allowed : Values;
        if (part.Text.Length == 0 && item.Text.Length > 0)
        {
            value = 0;
            return Wrong(item, "is incomplete", allowed);
        }

        var index = Array.FindIndex(Names, part.Is);
        if (index >= 0)
        {
            value = Least + index;
            return null;
        }

        return ReadNumber(part, Least, Most, $"is no {name}", allowed, out value);
    }

    /// <summary>Reads a number within bounds; returns what is wrong with it, or null.</summary>
    public string? ReadNumber(CronPart part, int from, int to, string notANumber, string allowed, out int value)
    {
        value = 0;
        if (part.Text.Length == 0 || part.Text.AsSpan().IndexOfAnyExceptInRange('0', '9') >= 0)
        {
            return Wrong(part, notANumber, allowed);
        }

        return int.TryParse(part.Text, NumberStyles.None, CultureInfo.InvariantCulture, out value) && value >= from && value <= to
            ? null
            : Wrong(part, "is out of range", allowed);
    }

    /// <summary>A message about a part of this field.</summary>
    public string Wrong(CronPart part, string what, string expected) =>
        $"{name}, character {part.At}: {CronPart.Quote(part.Text)} {what}; expected {expected}";
}
