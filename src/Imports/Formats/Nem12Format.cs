using System.Globalization;
using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Formats;

/// <summary>NEM12: records by number. One unit is a 300 record with the 400 records that belong to it, or a record that cannot be read. Times are UTC+10 all year.</summary>
internal sealed class Nem12Format(RecordReader records, Profile profile) : FormatReader(records, profile)
{
    private const int Offset = 10 * 3_600;
    private static readonly TimePattern _date = new("yyyyMMdd");
    private readonly List<decimal?> _values = [];
    private readonly List<bool?> _isEstimated = [];
    private MeterChannel? _of;
    private string? _details;
    private Reject? _reject;
    private string? _badDetails;
    private int _length;
    private int _multiply = 1;
    private int _divide = 1;
    private long _day;
    private char _quality;
    private bool _hasDay;
    private bool _isAhead;
    private bool _hasEnd;
    private bool _isOver;

    protected override bool ReadUnit(Batch batch, out Reject? reject)
    {
        reject = null;
        while (_isAhead || (!_isOver && Records.Read()))
        {
            _isAhead = false;
            var kind = Records.Problem is null && Records.Count > 0 ? Records[0] : "";
            if (kind is "400")
            {
                if (_hasDay)
                {
                    TakeDetails();
                }

                continue;
            }

            if (_hasDay)
            {
                // What comes next is looked at again, once this day is stored.
                _isAhead = true;
                reject = Finish(batch);
                return true;
            }

            _hasEnd = kind is "900";
            if (kind is "100" or "500" or "900")
            {
                continue;
            }

            reject = kind switch
            {
                "200" => Begin(),
                "300" => TakeDay(),
                _ => Rejected("", kind, Records.Problem ?? "bad_record", _details),
            };
            if (reject is not null)
            {
                return true;
            }
        }

        if (_hasDay)
        {
            _isOver = true;
            reject = Finish(batch);
            return true;
        }

        _isOver = true;
        if (!_hasEnd && Warnings.Count == 0)
        {
            Warnings.Add("the file has no 900 record at its end: it may have been cut off");
        }

        return false;
    }

    private Reject? Begin()
    {
        (_of, _details) = (null, null);
        if (Records.Count < 9)
        {
            return Rejected("", default, "columns");
        }

        if (!int.TryParse(Records[8], NumberStyles.None, CultureInfo.InvariantCulture, out var minutes) || minutes is not (5 or 15 or 30))
        {
            return Rejected("IntervalLength", Records[8], "bad_interval");
        }

        _length = minutes * 60;
        if (!Units.TryFind(Records[7], _length, out _multiply, out _divide))
        {
            return Rejected("UOM", Records[7], "bad_unit");
        }

        _of = Channel(Records[1], Records[4], Records[7], out var problem);
        _details = _of is null ? null : Records.Raw(Reject.LongestRaw);
        return _of is null ? Rejected(problem == "bad_channel" ? "NMISuffix" : "NMI", problem == "bad_channel" ? Records[4] : Records[1], problem!) : null;
    }

    private Reject? TakeDay()
    {
        if (_of is null)
        {
            return Rejected("", default, "no_200_record");
        }

        var count = 86_400 / _length;

        // A last line without an end is whole when it has all fields up to the quality; the update time behind may be cut off.
        if (Records.Count < count + 3 || (Records.IsUnfinished && !Profile.TakesUnfinished))
        {
            return Rejected("", default, Records.IsUnfinished ? "unfinished" : "columns", _details);
        }

        if (!_date.TryParse(Records[1], out var clock))
        {
            return Rejected("IntervalDate", Records[1], "bad_time", _details);
        }

        _day = clock.Local - Offset;
        if (TimeProblem(_day) is { } early)
        {
            return Rejected("IntervalDate", Records[1], early, _details);
        }

        _values.Clear();
        for (var i = 0; i < count; i++)
        {
            _values.Add(Value(Records[2 + i], out var problem));
            if (problem is not null)
            {
                return Rejected($"IntervalValue{i + 1}", Records[2 + i], problem, _details);
            }
        }

        var quality = Records[2 + count];
        _quality = quality.Length > 0 ? char.ToUpperInvariant(quality[0]) : ' ';
        if (_quality is not ('A' or 'S' or 'F' or 'E' or 'V' or 'N'))
        {
            return Rejected("QualityMethod", quality, "bad_flag", _details);
        }

        _isEstimated.Clear();
        _isEstimated.AddRange(Enumerable.Repeat<bool?>(null, count));
        _badDetails = null;

        // Should what belongs to it be wrong, this is the row that is shown.
        _reject = _quality == 'V' ? Rejected("QualityMethod", quality, "bad_400_records", _details) : null;
        _hasDay = true;
        return null;
    }

    /// <summary>A 400 record: from, to (both counted from 1), quality.</summary>
    private void TakeDetails()
    {
        if (_quality != 'V')
        {
            return;
        }

        if (Records.Count < 4
            || !int.TryParse(Records[1], NumberStyles.None, CultureInfo.InvariantCulture, out var from)
            || !int.TryParse(Records[2], NumberStyles.None, CultureInfo.InvariantCulture, out var to)
            || from < 1 || to < from || to > _values.Count
            || Records[3].Length == 0 || char.ToUpperInvariant(Records[3][0]) is not ('A' or 'S' or 'F' or 'E' or 'N'))
        {
            _badDetails = "bad_400_records";
            return;
        }

        var quality = char.ToUpperInvariant(Records[3][0]);
        for (var i = from - 1; i < to; i++)
        {
            if (_isEstimated[i] is not null)
            {
                _badDetails = "bad_400_records";
            }

            _isEstimated[i] = quality != 'A';
            if (quality == 'N')
            {
                _values[i] = null;
            }
        }
    }

    private Reject? Finish(Batch batch)
    {
        _hasDay = false;
        if (_quality == 'V' && (_badDetails is not null || _isEstimated.Contains(null)))
        {
            return _reject;
        }

        for (var i = 0; i < _values.Count; i++)
        {
            if (_quality == 'N' || _values[i] is not { } value)
            {
                batch.Missing++;
                continue;
            }

            var isEstimated = _quality == 'V' ? _isEstimated[i] == true : _quality != 'A';
            batch.Intervals.Add(new Interval(_of!, _day + ((long)i * _length), _length, _multiply == 1 && _divide == 1 ? value : value * _multiply / _divide, isEstimated));
        }

        return null;
    }
}
