using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>
/// One row a meter and day. Values go by their position, in elapsed time: value n of a row is the n-th interval of its local day, whatever its column is called. On the days
/// on which clocks are changed the row has to say so by how many values it has.
/// </summary>
internal sealed class WideFormat : RowFormat
{
    private readonly TimePattern[] _dates;
    private readonly ZoneClock _zone;
    private readonly int _length;
    private readonly int _perDay;
    private readonly int[] _values;
    private readonly int[] _flags;
    private readonly decimal?[] _read;
    private readonly bool[] _isEstimated;
    private readonly (int Meter, int Date, int Unit, int Flag, int Channel, int Total) _at;
    private int _hint;

    public WideFormat(RecordReader records, Profile profile)
        : base(records, profile, Header.Find(records, profile, "date"))
    {
        _dates = [.. profile.Dates.Select(p => new TimePattern(p))];
        _zone = new ZoneClock(profile.Zone);
        (_length, _perDay) = (profile.IntervalS, 86_400 / profile.IntervalS);
        _at = (Header["meter"], Header["date"], Header["unit"], Header["flag"], Header["channel"], profile.Totals == Totals.Ignore ? -1 : Header["total"]);
        (_values, _flags) = WideColumns.Find(Header, profile, _perDay);
        (_read, _isEstimated) = (new decimal?[_values.Length], new bool[_values.Length]);
    }

    private ReadOnlySpan<char> Meter => Profile.OnlyMeter is { } only ? only : Records[_at.Meter];

    protected override Reject? ReadRow(Batch batch)
    {
        var first = Records[0];
        if (first.StartsWith("total", StringComparison.OrdinalIgnoreCase) || first.Equals("sum", StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        // A day of 46 or 48 may leave out the columns it does not need.
        var least = _values[Math.Min(_values.Length, _perDay - 2) - 1];
        if (Records.Count <= least || (Header.Count > 0 && Records.Count > Header.Count && !(Records.Count == Header.Count + 1 && Records[Header.Count].Length == 0)))
        {
            return Rejected("", default, Records.IsUnfinished ? "unfinished" : "columns");
        }

        if (Records.IsUnfinished && !Profile.TakesUnfinished)
        {
            return Rejected("", default, "unfinished");
        }

        var unit = _at.Unit >= 0 && Records[_at.Unit].Length > 0 ? Records[_at.Unit] : Profile.Unit;
        if (!Units.TryFind(unit, _length, out var multiply, out var divide))
        {
            return Rejected(Header.Name(_at.Unit), unit, "bad_unit");
        }

        if (Channel(Meter, _at.Channel >= 0 ? Records[_at.Channel] : Profile.Channel, unit, out var problem) is not { } of)
        {
            return problem == "bad_channel" ? Rejected(Header.Name(_at.Channel), Records[_at.Channel], problem) : Rejected(Header.Name(_at.Meter), Meter, problem!);
        }

        var date = Records[_at.Date];
        if (!TryDate(date, out var day))
        {
            return Rejected(Header.Name(_at.Date), date, "bad_time");
        }

        var (start, end) = _zone.DayOf(day);
        if (TimeProblem(start) is { } early)
        {
            return Rejected(Header.Name(_at.Date), date, early);
        }

        return ReadValues(out var last) ?? TotalProblem(last, unit) ?? Store(batch, of, day, start, (int)((end - start) / _length), last, multiply, divide);
    }

    /// <summary>All fields of the row; <paramref name="last"/> is how many there are up to the last one that holds something.</summary>
    private Reject? ReadValues(out int last)
    {
        last = 0;
        var ofDay = _at.Flag >= 0 ? FlagOf(Records[_at.Flag]) : Flag.Actual;
        if (ofDay is null)
        {
            return Rejected(Header.Name(_at.Flag), Records[_at.Flag], "bad_flag");
        }

        for (var i = 0; i < _values.Length; i++)
        {
            var cell = _values[i] < Records.Count ? Records[_values[i]] : default;
            var value = Value(cell, out var problem);
            if (problem is not null)
            {
                return Rejected(Header.Name(_values[i]), cell, problem);
            }

            var flag = ofDay.Value;
            if (_flags.Length > 0 && _flags[i] < Records.Count && Records[_flags[i]] is { Length: > 0 } own)
            {
                if (FlagOf(own) is not { } known)
                {
                    return Rejected(Header.Name(_flags[i]), own, "bad_flag");
                }

                flag = known;
            }

            (_read[i], _isEstimated[i]) = (flag == Flag.None ? null : value, flag == Flag.Estimated);
            last = cell.Length > 0 ? i + 1 : last;
        }

        return null;
    }

    /// <summary>Whether the row says another sum than its values have. Where one is missing there is nothing to compare.</summary>
    private Reject? TotalProblem(int last, ReadOnlySpan<char> unit)
    {
        if (_at.Total < 0 || _at.Total >= Records.Count || Value(Records[_at.Total], out var problem) is not { } total)
        {
            return null;
        }

        var (sum, scale, count) = (0m, 0, 0);
        for (var i = 0; i < last; i++)
        {
            (sum, scale, count) = (sum + (_read[i] ?? 0), Math.Max(scale, (_read[i] ?? 0).Scale), count + (_read[i] is null ? 0 : 1));
        }

        if (count < _perDay - 2)
        {
            return null;
        }

        // Of power the total is energy: kWh, or Wh.
        if (Units.IsPower(unit))
        {
            sum = sum * _length / 3_600;
        }

        return TotalText.Agree(sum, total, count, scale) ? null : Rejected(Header.Name(_at.Total), Records[_at.Total], TotalText.Differs);
    }

    private Reject? Store(Batch batch, MeterChannel of, long day, long start, int count, int last, int multiply, int divide)
    {
        var (gapFrom, gapLength) = (0, 0);
        if (last > count)
        {
            // More values than the day has: a day that was put forward, in the columns of an ordinary one, with nothing where the hour is missing.
            (gapFrom, gapLength) = (Change(day, start, count), _perDay - count);
            if (last != _perDay || gapLength <= 0 || !IsHole(gapFrom, gapLength))
            {
                return Rejected("", default, "too_many_values");
            }
        }
        else if (count > _perDay && last <= _perDay && last > 0)
        {
            if (Profile.LongDay == LongDay.Reject)
            {
                return Rejected("", default, "too_few_values");
            }

            // The second of two equal hours was left out: what comes after it is so much later.
            (gapFrom, gapLength) = (Change(day, start, count), _perDay - count);
        }

        for (var i = 0; i < last; i++)
        {
            var at = i;
            if (gapLength != 0 && i >= gapFrom)
            {
                if (gapLength > 0 && i < gapFrom + gapLength)
                {
                    continue;
                }

                at = i - gapLength;
            }

            if (_read[i] is { } value)
            {
                batch.Intervals.Add(new Interval(of, start + ((long)at * _length), _length, multiply == 1 && divide == 1 ? value : value * multiply / divide, _isEstimated[i]));
            }
            else
            {
                batch.Missing++;
            }
        }

        return null;
    }

    private bool IsHole(int from, int length)
    {
        for (var i = from; i < from + length; i++)
        {
            if (_read[i] is not (null or 0m))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>After how many intervals of the day the clock was changed; of a day with an hour twice, after both.</summary>
    private int Change(long day, long start, int count)
    {
        for (var i = 1; i <= count; i++)
        {
            // The clock reads what elapsed, until it was changed.
            var local = (day * 86_400) + ((long)i * _length);
            var found = _zone.Map(local, out var first, out _);
            if (found == 0 || first != start + ((long)i * _length))
            {
                // Forward: from here on there is no such reading. Back: readings of the first of two equal hours are still found.
                return i;
            }
        }

        return count;
    }

    private bool TryDate(ReadOnlySpan<char> cell, out long day)
    {
        day = 0;
        if (_dates[_hint].TryParse(cell, out var clock) || Other(cell, out clock))
        {
            day = clock.Local / 86_400;
            return clock.Local % 86_400 == 0;
        }

        return false;
    }

    private bool Other(ReadOnlySpan<char> cell, out ClockText clock)
    {
        for (var i = 0; i < _dates.Length; i++)
        {
            if (_dates[i].TryParse(cell, out clock))
            {
                _hint = i;
                return true;
            }
        }

        clock = default;
        return false;
    }
}
