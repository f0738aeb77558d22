using System.Globalization;

namespace Rondo.Tests.Jobs.Schedules;

/// <summary>
/// A random expression, as text and as what it means. The meaning is worked out while the text is written and the slow way round, so that it shares
/// nothing with the program.
/// </summary>
internal sealed class RandomCron
{
    private static readonly string[] _months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
    private static readonly string[] _weekdays = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

    private readonly Random _random;
    private readonly HashSet<int>[] _sets = new HashSet<int>[6];
    private readonly List<Func<DateOnly, bool>> _monthDays = [];
    private readonly List<Func<DateOnly, bool>> _weekDays = [];
    private readonly bool[] _hasStar = new bool[6];
    private (DateOnly Day, bool Fires) _asked;

    /// <param name="random">Chance.</param>
    /// <param name="withSeconds">Six fields instead of five.</param>
    /// <param name="hours">The hour field, when it is not left to chance: a value, or <c>*</c>.</param>
    public RandomCron(Random random, bool withSeconds, string? hours = null)
    {
        _random = random;
        var second = withSeconds ? Field(0, 0, 59) : "";
        if (!withSeconds)
        {
            _sets[0] = [0];
        }

        var minute = Field(1, 0, 59);
        var hour = hours is null ? Field(2, 0, 23) : Field(2, 0, 23, hours);
        Text = string.Join(' ', second, minute, hour, Field(3, 1, 31), Field(4, 1, 12), Field(5, 0, 6)).Trim();
    }

    public string Text { get; }

    public bool IsInterval { get; private set; }

    /// <summary>True when the expression names this local second.</summary>
    public bool Names(long local)
    {
        var day = DateOnly.FromDayNumber((int)Math.Floor(local / 86_400.0) + new DateOnly(1970, 1, 1).DayNumber);
        var time = (int)(((local % 86_400) + 86_400) % 86_400);
        if (_asked.Day != day)
        {
            _asked = (day, Names(day));
        }

        return _asked.Fires && _sets[2].Contains(time / 3600) && _sets[1].Contains(time / 60 % 60) && _sets[0].Contains(time % 60);
    }

    /// <summary>True when the expression names this day.</summary>
    public bool Names(DateOnly day)
    {
        var isOfMonth = _sets[3].Contains(day.Day) || _monthDays.Any(fits => fits(day));
        var isOfWeek = _sets[5].Contains((int)day.DayOfWeek) || _weekDays.Any(fits => fits(day));
        return _sets[4].Contains(day.Month) && (_hasStar[3] || _hasStar[5] ? isOfMonth && isOfWeek : isOfMonth || isOfWeek);
    }

    private string Field(int field, int least, int most, string? fixedText = null)
    {
        _sets[field] = [];
        if (fixedText is not null and not "*")
        {
            _sets[field].Add(int.Parse(fixedText, CultureInfo.InvariantCulture));
            return fixedText;
        }

        // Plain stars are what people write mostly, and they let the other fields show.
        var items = fixedText is not null || _random.Next(3) == 0 ? ["*"] : Enumerable.Range(0, 1 + (_random.Next(3) / 2)).Select(_ => Item(field, least, most)).ToList();
        if (items is ["*"])
        {
            Star(field, least, most, 1);
            return field is 3 or 5 && _random.Next(2) == 0 ? "?" : "*";
        }

        return string.Join(',', items);
    }

    private string Item(int field, int least, int most)
    {
        if (field is 3 or 5 && _random.Next(3) == 0)
        {
            return field == 3 ? MonthDay() : WeekDay();
        }

        var (a, b) = (_random.Next(least, most + 1), _random.Next(least, most + 1));
        var step = _random.Next(1, Math.Min(most, 12) + 1);
        switch (_random.Next(6))
        {
            case 0:
                Star(field, least, most, step);
                return $"*/{step}";
            case 1:
                Walk(field, least, most, a, b, 1);
                return $"{Value(field, a)}-{End(field, a, b)}";
            case 2:
                Walk(field, least, most, a, b, step);
                return $"{Value(field, a)}-{End(field, a, b)}/{step}";
            case 3:
                Walk(field, least, most, a, most, step);
                return $"{Value(field, a)}/{step}";
            default:
                _sets[field].Add(a);
                return field == 5 && a == 0 ? "7" : Value(field, a);
        }
    }

    private void Star(int field, int least, int most, int step)
    {
        _hasStar[field] = true;
        Walk(field, least, most, least, most, step);
    }

    // From a to b, at the end on from the beginning, and of what is passed every step-th.
    private void Walk(int field, int least, int most, int a, int b, int step)
    {
        var passed = new List<int> { a };
        while (passed[^1] != b)
        {
            passed.Add(passed[^1] == most ? least : passed[^1] + 1);
        }

        _sets[field].UnionWith(passed.Where((_, index) => index % step == 0));
        IsInterval |= field == 2 && passed.Count == 24;
    }

    private string MonthDay()
    {
        var day = _random.Next(1, 32);
        switch (_random.Next(3))
        {
            case 0:
                _monthDays.Add(IsLast);
                return "L";
            case 1:
                _monthDays.Add(date => IsWeekday(date) && !Month(date).Any(other => other > date && IsWeekday(other)));
                return "LW";
            default:
                _monthDays.Add(date => day <= DateTime.DaysInMonth(date.Year, date.Month)
                    && date == Month(date).Where(IsWeekday).MinBy(other => Math.Abs(other.Day - day)));
                return $"{day}W";
        }
    }

    private string WeekDay()
    {
        var (day, number) = (_random.Next(7), _random.Next(1, 6));
        if (_random.Next(2) == 0)
        {
            _weekDays.Add(date => (int)date.DayOfWeek == day && date.AddDays(7).Month != date.Month);
            return Value(5, day) + "L";
        }

        _weekDays.Add(date => (int)date.DayOfWeek == day && Month(date).Count(other => other <= date && other.DayOfWeek == date.DayOfWeek) == number);
        return $"{Value(5, day)}#{number}";
    }

    private string End(int field, int first, int value) => field == 5 && value == 0 && first != 0 && _random.Next(2) == 0 ? "7" : Value(field, value);

    private string Value(int field, int value) => _random.Next(2) == 0 ? $"{value}" : field switch
    {
        4 => _months[value - 1],
        5 => _weekdays[value],
        _ => $"{value:00}",
    };

    private static bool IsLast(DateOnly date) => date.AddDays(1).Month != date.Month;

    private static bool IsWeekday(DateOnly date) => date.DayOfWeek is not (DayOfWeek.Saturday or DayOfWeek.Sunday);

    private static IEnumerable<DateOnly> Month(DateOnly date) =>
        Enumerable.Range(1, DateTime.DaysInMonth(date.Year, date.Month)).Select(day => new DateOnly(date.Year, date.Month, day));
}
