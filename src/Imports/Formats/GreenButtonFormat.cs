using System.Globalization;
using System.Xml;
using Rondo.Imports.Files;
using Rondo.Imports.Profiles;
using Rondo.Storage;

namespace Rondo.Imports.Formats;

/// <summary>
/// Green Button (ESPI) as XML: a unit is an interval reading. The meter is the usage point, by what its address says. What is rejected is told as a row of a long CSV.
/// </summary>
internal sealed class GreenButtonFormat : FormatReader
{
    private const int MostPower = 12;
    private const int Watt = 38;
    private const decimal Largest = 1_000_000_000_000m;
    private readonly XmlReader _xml;
    private readonly GreenButtonIndex _index;
    private ReadingKind? _kind;
    private string _meter = "";
    private string? _block;
    private bool _isOver;

    public GreenButtonFormat(MeterFile file, Profile profile)
        : base(null, profile)
    {
        if (file.Sheet is not null)
        {
            throw new ImportRefused($"profile {profile.Name} reads XML, and this is an Excel file");
        }

        using (var first = file.Again())
        {
            _index = GreenButtonIndex.Read(first.Text);
        }

        if (profile.OnlyMeter is not null && _index.HasSeveralPoints)
        {
            throw new ImportRefused("the file has several usage points, and --meter names one; hand it in without");
        }

        _xml = Xml.Open(file.Text);
    }

    public override string? HeaderText => string.Join('\u001f', "meter", "timestamp", "value", "unit", "channel", "flag");

    protected override bool ReadUnit(Batch batch, out Reject? reject)
    {
        reject = null;
        try
        {
            while (!_isOver && Xml.Next(_xml))
            {
                if (_xml.NodeType != XmlNodeType.Element)
                {
                    continue;
                }

                switch (_xml.LocalName)
                {
                    case "entry":
                        _block = null;
                        break;
                    case "link" when GreenButtonIndex.Part(_xml.GetAttribute("href"), "MeterReading").Length > 0:
                        _block = _xml.GetAttribute("href");
                        break;
                    case "IntervalBlock":
                        Begin();
                        break;
                    case "IntervalReading":
                        reject = Take(batch);
                        return true;
                }
            }
        }
        catch (XmlException fault) when (!_isOver)
        {
            _isOver = true;
            Warnings.Add($"the XML is broken in line {fault.LineNumber}, or was cut off there; nothing behind that was read");
            reject = Rejected(fault.LineNumber, "", "", default, "unfinished");
            return true;
        }

        _isOver = true;
        return false;
    }

    private void Begin()
    {
        var point = GreenButtonIndex.Part(_block, "UsagePoint");
        _kind = _index.KindOf(point, GreenButtonIndex.Part(_block, "MeterReading"));
        _meter = Profile.OnlyMeter ?? (point.Length > 0 ? point : _index.OnlyPoint ?? "");
    }

    private Reject? Take(Batch batch)
    {
        var line = Xml.LineOf(_xml);
        var (start, duration, text, isEstimated) = ("", "", "", _kind?.IsEstimated == true);
        for (var depth = _xml.Depth; !_xml.IsEmptyElement && Xml.Next(_xml) && _xml.Depth > depth;)
        {
            if (_xml.NodeType == XmlNodeType.Element)
            {
                switch (_xml.LocalName)
                {
                    case "start":
                        start = Xml.TextOf(_xml);
                        break;
                    case "duration":
                        duration = Xml.TextOf(_xml);
                        break;
                    case "value":
                        text = Xml.TextOf(_xml);
                        break;
                    case "quality":
                        isEstimated |= GreenButtonIndex.IsEstimate(Xml.TextOf(_xml));
                        break;
                }
            }
        }

        return Take(batch, line, start, duration, text, isEstimated);
    }

    private Reject? Take(Batch batch, long line, string startText, string durationText, string valueText, bool isEstimated)
    {
        var hasStart = long.TryParse(startText, NumberStyles.None, CultureInfo.InvariantCulture, out var start);
        var direction = _kind?.Direction switch { 1 => "import", 19 => "export", _ => Profile.Channel };
        var unit = "";
        var channel = direction;
        if (_kind is null)
        {
            return No("", "", "no_reading_type");
        }

        if (_kind.IsCumulative)
        {
            return No("accumulationBehaviour", "", "cumulative");
        }

        var length = int.TryParse(durationText, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) && seconds is >= 300 and <= 86_400 && 86_400 % seconds == 0 ? seconds : 0;
        if (length == 0)
        {
            return No("duration", durationText, "bad_interval");
        }

        (unit, channel) = _kind.Unit switch
        {
            72 => ("Wh", direction), Watt => ("W", direction), 73 => ("kvarh", "reactive-" + direction), 71 => ("kVAh", "apparent-" + direction), null => (Profile.Unit, direction), _ => ("", direction),
        };
        if (!Units.TryFind(unit, length, out var multiply, out var divide) || _kind.Power is < -MostPower or > MostPower)
        {
            return No("uom", $"{_kind.Unit} × 10^{_kind.Power}", "bad_unit");
        }

        if (Channel(_meter, channel, unit, out var problem) is not { } of)
        {
            return No("UsagePoint", _meter, problem!);
        }

        if (!hasStart || TimeProblem(start) is not null)
        {
            return No("start", startText, hasStart ? TimeProblem(start)! : "bad_time");
        }

        if (start % Grid(length) != 0)
        {
            return No("start", startText, "off_grid");
        }

        if (Value(valueText, out problem) is not { } value)
        {
            batch.Missing += problem is null ? 1 : 0;
            return problem is null ? null : No("value", valueText, problem);
        }

        // Reactive and apparent energy come in varh and VAh.
        value = value * Ten(_kind.Power) * multiply / divide / (_kind.Unit is 71 or 73 ? 1_000 : 1);
        if (value is >= Largest or <= -Largest)
        {
            return No("value", valueText, "bad_number");
        }

        batch.Intervals.Add(new Interval(of, start, length, value, isEstimated));
        return null;

        Reject No(string field, string what, string reason) => Rejected(line, Row(hasStart, start, startText, valueText, unit, channel, isEstimated), field, what, reason);
    }

    private string Row(bool hasStart, long start, string startText, string valueText, string unit, string channel, bool isEstimated)
    {
        var at = hasStart && start is >= 0 and < 4_102_444_800 ? new Instant(start * 1_000_000).ToString() : startText;
        var value = NumberText.TryParse(valueText, hasComma: false, out var number) && _kind is { Power: >= -MostPower and <= MostPower }
            ? (number * Ten(_kind.Power) / (_kind.Unit is 71 or 73 ? 1_000 : 1)).ToString(CultureInfo.InvariantCulture)
            : valueText;
        return string.Join(',', new[] { _meter, at, value, unit, channel, isEstimated ? "E" : "A" }.Select(f => $"\"{f.Replace("\"", "\"\"", StringComparison.Ordinal)}\""));
    }

    /// <summary>What starts of intervals are multiples of: their length, or a quarter of an hour, since zones are ahead of UTC by such.</summary>
    private static int Grid(int length)
    {
        var (a, b) = (length, 900);
        while (b > 0)
        {
            (a, b) = (b, a % b);
        }

        return a;
    }

    private static decimal Ten(int power)
    {
        var factor = 1m;
        for (var i = 0; i < Math.Abs(power); i++)
        {
            factor *= 10;
        }

        return power < 0 ? 1 / factor : factor;
    }
}
