using System.Globalization;
using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>One row a reading: meter, time, value.</summary>
internal sealed class LongFormat : RowFormat
{
    /// <summary>How far a stamp may be from the beginning of an interval: some exports end them at 00:29:59, or the day at 23:59.</summary>
    private const int Snap = 60;

    private readonly TimePattern[] _dates;
    private readonly TimePattern[] _times;
    private readonly ZoneClock _zone;
    private readonly bool _isEnd;
    private readonly int _length;
    private readonly string _unit;
    private readonly (int Meter, int Stamp, int Date, int Time, int Period, int Value, int Unit, int Flag, int Channel) _at;
    private int _dateHint;
    private int _timeHint;

    public LongFormat(RecordReader records, Profile profile)
        : base(records, profile, Header.Find(records, profile, "timestamp|date", "value"))
    {
        _dates = [.. profile.Dates.Select(p => new TimePattern(p))];
        _times = [.. profile.Times.Select(p => new TimePattern(p))];
        _zone = new ZoneClock(profile.Zone);
        (_isEnd, _length) = (profile.IsEnd ?? false, profile.IntervalS);
        _at = (Header["meter"], Header["timestamp"], Header["date"], Header["time_of_day"], Header["period"], Header["value"], Header["unit"], Header["flag"], Header["channel"]);

        // A column of values that is called by its unit says it.
        _unit = Header.Normal(Header.Name(_at.Value)) is "wh" or "mwh" or "kw" or "w" ? Header.Normal(Header.Name(_at.Value)) : profile.Unit;

        // A column that is called time beside one called date holds the time of the day.
        if (_at.Date >= 0 && _at.Stamp >= 0 && _at.Time < 0 && Header.Normal(Header.Name(_at.Stamp)) is "time" or "start")
        {
            (_at.Time, _at.Stamp) = (_at.Stamp, -1);
        }

        if (_at.Stamp < 0 && _at.Time < 0 && _at.Period < 0)
        {
            throw new ImportRefused($"the file has dates and neither times nor periods: profile {profile.Name} needs a column for timestamp, time_of_day or period");
        }
    }

    private ReadOnlySpan<char> Meter => Profile.OnlyMeter is { } only ? only : Records[_at.Meter];

    protected override Reject? ReadRow(Batch batch)
    {
        // A blank field behind the last one is what some programs end each row with.
        var isWhole = Header.Count == 0 ? Records.Count > Math.Max(_at.Meter, _at.Value) : Records.Count == Header.Count || (Records.Count == Header.Count + 1 && Records[Header.Count].Length == 0);
        if (!isWhole)
        {
            return IsTotal() ? null : Rejected("", default, Records.IsUnfinished ? "unfinished" : "columns");
        }

        if (IsTotal())
        {
            return null;
        }

        if (Records.IsUnfinished && !Profile.TakesUnfinished)
        {
            return Rejected("", default, "unfinished");
        }

        var unit = _at.Unit >= 0 && Records[_at.Unit].Length > 0 ? Records[_at.Unit] : _unit;
        if (!Units.TryFind(unit, _length, out var multiply, out var divide))
        {
            return Rejected(Header.Name(_at.Unit), unit, "bad_unit");
        }

        if (Channel(Meter, _at.Channel >= 0 ? Records[_at.Channel] : Profile.Channel, unit, out var problem) is not { } of)
        {
            return problem == "bad_channel" ? Rejected(Header.Name(_at.Channel), Records[_at.Channel], problem) : Rejected(Header.Name(_at.Meter), Meter, problem!);
        }

        if (StartOf(of, out var start) is { } reject)
        {
            return reject;
        }

        var flag = _at.Flag >= 0 ? FlagOf(Records[_at.Flag]) : Flag.Actual;
        if (flag is null)
        {
            return Rejected(Header.Name(_at.Flag), Records[_at.Flag], "bad_flag");
        }

        of.LastStart = start;
        if (Value(Records[_at.Value], out problem) is not { } value || flag == Flag.None)
        {
            batch.Missing += problem is null ? 1 : 0;
            return problem is null ? null : Rejected(Header.Name(_at.Value), Records[_at.Value], problem);
        }

        batch.Intervals.Add(new Interval(of, start, _length, multiply == 1 && divide == 1 ? value : value * multiply / divide, flag == Flag.Estimated));
        return null;
    }

    private bool IsTotal() => Records[0] is var first
        && (first.StartsWith("total", StringComparison.OrdinalIgnoreCase) || first.Equals("sum", StringComparison.OrdinalIgnoreCase));

    private Reject? StartOf(MeterChannel of, out long start)
    {
        start = 0;
        var dateColumn = _at.Stamp >= 0 ? _at.Stamp : _at.Date;
        if (!TryParse(_dates, ref _dateHint, Records[dateColumn], out var clock))
        {
            return Rejected(Header.Name(dateColumn), Records[dateColumn], "bad_time");
        }

        if (_at.Stamp < 0 && _at.Time < 0)
        {
            return StartOfPeriod(clock.Local / 86_400, out start);
        }

        var column = dateColumn;
        if (_at.Stamp < 0)
        {
            column = _at.Time;
            if (!TryParse(_times, ref _timeHint, Records[column], out var time))
            {
                return Rejected(Header.Name(column), Records[column], "bad_time");
            }

            clock = clock with { Local = clock.Local + time.Local };
        }

        var local = Snapped(clock.Local);
        if (local < 0)
        {
            return Rejected(Header.Name(column), Records[column], "off_grid");
        }

        if (clock.OffsetS is { } offset)
        {
            start = local - offset - (_isEnd ? _length : 0);
        }
        else if (LocalStarts.Find(_zone, local, _isEnd ? _length : 0, of.LastStart, _length) is { } found)
        {
            start = found;
        }
        else
        {
            return Rejected(Header.Name(column), Records[column], "no_such_time");
        }

        return TimeProblem(start) is { } problem ? Rejected(Header.Name(column), Records[column], problem) : null;
    }

    /// <summary>Periods number the intervals of a day in elapsed time: 1 to 46, 48 or 50.</summary>
    private Reject? StartOfPeriod(long day, out long start)
    {
        var (from, until) = _zone.DayOf(day);
        var isNumber = int.TryParse(Records[_at.Period], NumberStyles.None, CultureInfo.InvariantCulture, out var period);
        start = from + ((long)(period - 1) * _length);
        return isNumber && period >= 1 && start < until
            ? TimeProblem(start) is { } problem ? Rejected(Header.Name(_at.Date), Records[_at.Date], problem) : null
            : Rejected(Header.Name(_at.Period), Records[_at.Period], "bad_period");
    }

    private long Snapped(long local)
    {
        var behind = local % _length;
        return behind == 0 ? local : _length - behind <= Snap ? local + _length - behind : -1;
    }

    private static bool TryParse(TimePattern[] patterns, ref int hint, ReadOnlySpan<char> cell, out ClockText clock)
    {
        // A file is written one way, from its beginning to its end: what fitted last is tried first.
        if (patterns[hint].TryParse(cell, out clock))
        {
            return true;
        }

        for (var i = 0; i < patterns.Length; i++)
        {
            if (patterns[i].TryParse(cell, out clock))
            {
                hint = i;
                return true;
            }
        }

        return false;
    }
}
