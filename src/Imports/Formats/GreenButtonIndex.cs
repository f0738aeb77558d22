using System.Globalization;
using System.Xml;
using Rondo.Imports.Files;

namespace Rondo.Imports.Formats;

/// <summary>What the values of an interval block mean.</summary>
/// <param name="Unit">Unit by number: 72 Wh, 38 W, 71 VAh, 73 varh; null when nobody says.</param>
/// <param name="Power">Values are times ten to the power of this.</param>
/// <param name="Direction">1 delivered, 19 received; null when nobody says.</param>
/// <param name="IsCumulative">True for the reading of a register, which is no amount of an interval.</param>
/// <param name="IsEstimated">Whether values are estimated that say nothing of themselves.</param>
internal sealed record ReadingKind(int? Unit = null, int Power = 0, int? Direction = null, bool IsCumulative = false, bool IsEstimated = false);

/// <summary>
/// What stands in a file besides its readings, found before they are read: it may stand behind them. Entries refer to one another by addresses, of which the parts count that
/// name a usage point, a meter reading and a reading type.
/// </summary>
internal sealed class GreenButtonIndex
{
    private const int Most = FormatReader.MostMeters;
    private readonly Dictionary<string, ReadingKind> _kinds = new(StringComparer.Ordinal);
    private readonly Dictionary<(string Point, string Reading), string> _kindOf = [];
    private readonly HashSet<string> _points = new(StringComparer.Ordinal);

    /// <summary>The only usage point; null when there are several, or none has a name.</summary>
    public string? OnlyPoint => _points.Count == 1 ? _points.First() : null;

    /// <summary>Whether there is more than one.</summary>
    public bool HasSeveralPoints => _points.Count > 1;

    /// <summary>Reads a file from its beginning to its end, or to where it is broken.</summary>
    /// <exception cref="ImportRefused">It is no Green Button file.</exception>
    public static GreenButtonIndex Read(TextReader text)
    {
        var index = new GreenButtonIndex();
        var hasBlocks = false;
        try
        {
            using var xml = Xml.Open(text);
            index.Read(xml, ref hasBlocks);
        }
        catch (XmlException fault) when (!hasBlocks)
        {
            throw new ImportRefused($"the file is no Green Button XML: {fault.Message}", fault);
        }
        catch (XmlException)
        {
            // Whoever reads the readings comes to it, and says so.
        }

        return hasBlocks ? index : throw new ImportRefused("the file is no Green Button XML: it has no IntervalBlock");
    }

    /// <summary>What the values of a meter reading mean; null when nobody says, and there are several meanings.</summary>
    public ReadingKind? KindOf(string point, string reading) =>
        _kindOf.TryGetValue((point, reading), out var name) && _kinds.TryGetValue(name, out var kind) ? kind
        : _kinds.Count == 0 ? new ReadingKind()
        : _kinds.Count == 1 ? _kinds.Values.First()
        : null;

    /// <summary>What follows <paramref name="kind"/> in an address; empty for none.</summary>
    public static string Part(string? address, string kind)
    {
        var parts = (address ?? "").Split('?')[0].Split('/');
        var at = Array.LastIndexOf(parts, kind);
        return at >= 0 && at + 1 < parts.Length ? parts[at + 1] : "";
    }

    /// <summary>Codes of quality that mean a value was not measured: edited by hand, estimated by another day or in between, projected, mixed.</summary>
    public static bool IsEstimate(string code) => code is "7" or "8" or "9" or "12" or "13";

    private void Read(XmlReader xml, ref bool hasBlocks)
    {
        var (self, kindName) = ("", "");
        while (Xml.Next(xml))
        {
            if (xml.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            switch (xml.LocalName)
            {
                case "entry":
                    (self, kindName) = ("", "");
                    break;
                case "link" when xml.GetAttribute("href") is { } address:
                    self = xml.GetAttribute("rel") == "self" ? address : self;
                    kindName = xml.GetAttribute("rel") == "related" && Part(address, "ReadingType") is { Length: > 0 } name ? name : kindName;
                    break;
                case "UsagePoint" when Part(self, "UsagePoint") is { Length: > 0 } point:
                    _points.Add(point);
                    break;
                case "MeterReading" when kindName.Length > 0:
                    _kindOf[(Part(self, "UsagePoint"), Part(self, "MeterReading"))] = kindName;
                    break;
                case "ReadingType":
                    var own = Part(self, "ReadingType");
                    _kinds[own.Length > 0 ? own : $"#{_kinds.Count}"] = ReadKind(xml);
                    break;
                case "IntervalBlock":
                    hasBlocks = true;
                    break;
            }

            if (_points.Count > Most || _kindOf.Count > Most || _kinds.Count > Most)
            {
                throw new ImportRefused($"the file has more than {Most:N0} meters; split it");
            }
        }
    }

    private static ReadingKind ReadKind(XmlReader xml)
    {
        var kind = new ReadingKind();
        var depth = xml.Depth;
        if (xml.IsEmptyElement)
        {
            return kind;
        }

        while (Xml.Next(xml) && xml.Depth > depth)
        {
            if (xml.NodeType == XmlNodeType.Element)
            {
                kind = xml.LocalName switch
                {
                    "uom" => kind with { Unit = Number(Xml.TextOf(xml)) },
                    "powerOfTenMultiplier" => kind with { Power = Number(Xml.TextOf(xml)) ?? 0 },
                    "flowDirection" => kind with { Direction = Number(Xml.TextOf(xml)) },
                    "accumulationBehaviour" => kind with { IsCumulative = Xml.TextOf(xml) is "1" or "3" },
                    "defaultQuality" => kind with { IsEstimated = IsEstimate(Xml.TextOf(xml)) },
                    _ => kind,
                };
            }
        }

        return kind;
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number) ? number : null;
}
