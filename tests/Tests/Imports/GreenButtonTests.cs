using Rondo.Imports;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Green Button as XML.</summary>
public sealed class GreenButtonTests
{
    private const string Feed = """
        <?xml version="1.0" encoding="utf-8"?>
        <feed xmlns="http://www.w3.org/2005/Atom" xmlns:e="http://naesb.org/espi">
        """;

    private static readonly Profile _profile = Files.Shipped("green-button");

    [Fact]
    public void Values_are_of_the_usage_point_in_the_unit_and_direction_of_their_reading_type()
    {
        // The reading types stand behind what is of them.
        var read = Files.Read(_profile, Feed
            + Point("A1") + Meter("A1", "1", "T1") + Block("A1", "1", Reading(1_714_521_600, 900, "1250") + Reading(1_714_522_500, 900, "-3") + Reading(1_714_523_400, 900, "") + Reading(1_714_524_300, 900, "7", 8))
            + Meter("A1", "2", "T2") + Block("A1", "2", Reading(1_714_521_600, 3_600, "15"))
            + Point("B2") + Meter("B2", "1", "T3") + Block("B2", "1", Reading(1_714_521_600, 1_800, "6")) + Meter("B2", "2", "T4") + Block("B2", "2", Reading(1_714_521_600, 1_800, "9"))
            + Kind("T1", 72, 0, 1) + Kind("T2", 72, 3, 19) + Kind("T3", 38, 3, 1) + Kind("T4", 73, 0, 1) + "</feed>");
        Assert.Equal(
            ["A1/import 2024-05-01T00:00:00Z 900 1.250 False kWh", "A1/import 2024-05-01T00:45:00Z 900 0.007 True kWh", "A1/export 2024-05-01T00:00:00Z 3600 15 False kWh", "B2/import 2024-05-01T00:00:00Z 1800 3 False kWh", "B2/reactive-import 2024-05-01T00:00:00Z 1800 0.009 False kvarh"],
            read.Intervals.Zip(read.Starts, (i, start) => $"{i.Of.Series} {start} {i.LengthS} {i.Value:0.###########} {i.IsEstimated} {i.Of.Unit}").Select(l => l.Replace("1.25 ", "1.250 ")));
        Assert.Equal((1, "value -3 negative"), (read.Missing, string.Join(';', read.Rejects.Select(r => $"{r.Field} {r.Value} {r.Reason}"))));
        Assert.Equal("\"A1\",\"2024-05-01T00:15:00Z\",\"-3\",\"Wh\",\"import\",\"A\"", read.Rejects[0].Raw);
        Assert.InRange(read.Rejects[0].Line, 3, 20);
    }

    [Fact]
    public void What_is_doubtful_is_rejected_with_its_reason()
    {
        var read = Files.Read(_profile, Feed
            + Point("A1") + Meter("A1", "1", "T1") + Kind("T1", 72, 0, 1)
            + Block("A1", "1", Reading(1_714_521_600, 2_592_000, "1") + Reading(1_714_521_601, 900, "2") + Reading(12, 900, "3") + "<e:IntervalReading><e:value>4</e:value></e:IntervalReading>" + Reading(1_714_521_600, 900, "x"))
            + Meter("A1", "2", "T2") + Kind("T2", 72, 0, 1, cumulative: true) + Block("A1", "2", Reading(1_714_521_600, 900, "5"))
            + Meter("A1", "3", "T3") + Kind("T3", 119, 0, 1) + Block("A1", "3", Reading(1_714_521_600, 900, "6"))
            + Block("A1", "9", Reading(1_714_521_600, 900, "7")) + Meter("a b", "4", "T1") + Block("a b", "4", Reading(1_714_521_600, 900, "8")) + "</feed>");
        Assert.Empty(read.Intervals);
        Assert.Equal(["bad_interval", "off_grid", "bad_time", "bad_interval", "bad_number", "cumulative", "bad_unit", "no_reading_type", "bad_meter"], read.Rejects.Select(r => r.Reason));
    }

    [Fact]
    public void A_file_without_links_or_types_is_of_its_only_usage_point_and_in_the_unit_of_the_profile()
    {
        var text = Feed + Point("A1") + $"<entry><content><e:IntervalBlock>{Reading(1_714_521_600, 900, "1")}</e:IntervalBlock></content></entry></feed>";
        var read = Files.Read(Files.Changed("green-button", "unit: kWh", "channel: solar"), text);
        Assert.Equal(["A1/solar 1"], read.Intervals.Select(i => $"{i.Of.Series} {i.Value}"));
        read = Files.Read(_profile, Feed + $"<e:IntervalBlock>{Reading(1_714_521_600, 900, "1")}</e:IntervalBlock></feed>");
        Assert.Equal(["no_meter"], read.Rejects.Select(r => r.Reason));
    }

    [Fact]
    public void A_file_that_is_cut_off_gives_what_is_whole_and_says_where_it_ends()
    {
        var text = Feed + Point("A1") + Meter("A1", "1", "T1") + Kind("T1", 72, 0, 1) + Block("A1", "1", Reading(1_714_521_600, 900, "1") + Reading(1_714_522_500, 900, "2"));
        var read = Files.Read(_profile, text[..(text.LastIndexOf("<e:value>", StringComparison.Ordinal) + 10)]);
        Assert.Equal(["2024-05-01T00:00:00Z=0.001"], read.Lines);
        Assert.Equal("unfinished", read.Rejects.Single().Reason);
        Assert.Contains("cut off", read.Warnings.Single());
    }

    [Fact]
    public void What_is_not_or_would_take_memory_without_end_is_refused()
    {
        Assert.Contains("no Green Button XML", Refusal("meter,timestamp,value\nM1,2024-05-01T00:00Z,1\n"));
        Assert.Contains("no IntervalBlock", Refusal("<feed/>"));
        Assert.Contains("no Green Button XML", Refusal("<!DOCTYPE feed [<!ENTITY a \"b\">]><feed>&a;</feed>"));
        Assert.Contains("deep", Refusal(string.Concat(Enumerable.Repeat("<a>", 1_000))));
        Assert.Contains("between two tags", Refusal("<feed><a>" + new string('x', 100_000) + "</a></feed>"));
        Assert.Contains("between two tags", Refusal("<feed a=\"" + new string('x', 100_000) + "\"/>"));
        Assert.Contains("CDATA", Refusal("<feed><![CDATA[" + new string('<', 100_000) + "]]></feed>"));
        Assert.Contains("names of elements", Refusal("<feed>" + string.Concat(Enumerable.Range(0, 20_000).Select(i => $"<a{i}/>"))));
        Assert.Contains("Excel", Assert.Throws<ImportRefused>(() => Files.Read(_profile, Workbook.Of([("Data", "")]))).Message);

        static string Refusal(string text) => Assert.Throws<ImportRefused>(() => Files.Read(_profile, text)).Message;
    }

    [Theory, BothDatabases]
    public async Task What_is_rejected_can_be_corrected_as_csv_and_imported_again(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 2);
        var readings = string.Concat(Enumerable.Range(0, 9).Select(i => Reading(1_714_521_600 + (i * 1_800), 1_800, i == 4 ? "x" : $"{i}")));
        var row = await rig.ImportAsync(Feed + Point("A1") + Meter("A1", "1", "T1") + Kind("T1", 72, 1, 1) + Block("A1", "1", readings) + "</feed>", "green-button");
        Assert.Equal((9, 8, 1), (row.Units, row.Inserted, row.Rejected));
        var file = new StringWriter();
        RejectFile.Begin(file, row);
        string? context = null;
        RejectFile.Write(file, row, await rig.Imports.RejectsAsync(row.Id, 0), ref context);
        Assert.Contains("A1,2024-05-01T02:00:00Z,x,Wh,import,A,", file.ToString());
        await rig.ImportAsync(file.ToString().Replace(",x,Wh", ",40,Wh"), "long-csv");
        var values = await rig.ValuesAsync();
        Assert.Equal((9, "A1/import 2024-05-01T02:00:00Z 0.04 good"), (values.Count, values[4]));
    }

    private static string Link(string rel, string address) => $"<link rel=\"{rel}\" href=\"https://x.example/espi/1_1/resource/{address}\"/>";

    private static string Point(string point) => $"<entry>{Link("self", $"UsagePoint/{point}")}<content><e:UsagePoint><e:ServiceCategory><e:kind>0</e:kind></e:ServiceCategory></e:UsagePoint></content></entry>\n";

    private static string Meter(string point, string number, string kind) =>
        $"<entry>{Link("self", $"UsagePoint/{point}/MeterReading/{number}")}{Link("up", $"UsagePoint/{point}/MeterReading")}{Link("related", $"ReadingType/{kind}")}<content><e:MeterReading/></content></entry>\n";

    private static string Kind(string kind, int unit, int power, int direction, bool cumulative = false) =>
        $"<entry>{Link("self", $"ReadingType/{kind}")}<content><e:ReadingType><e:accumulationBehaviour>{(cumulative ? 3 : 4)}</e:accumulationBehaviour><e:flowDirection>{direction}</e:flowDirection>"
        + $"<e:powerOfTenMultiplier>{power}</e:powerOfTenMultiplier><e:uom>{unit}</e:uom></e:ReadingType></content></entry>\n";

    private static string Block(string point, string number, string readings) =>
        $"<entry>{Link("self", $"UsagePoint/{point}/MeterReading/{number}/IntervalBlock/1")}{Link("up", $"UsagePoint/{point}/MeterReading/{number}/IntervalBlock")}<content><e:IntervalBlock>"
        + $"<e:interval><e:duration>86400</e:duration><e:start>1714521600</e:start></e:interval>\n{readings}</e:IntervalBlock></content></entry>\n";

    private static string Reading(long start, int duration, string value, int? quality = null) =>
        $"<e:IntervalReading>{(quality is { } q ? $"<e:ReadingQuality><e:quality>{q}</e:quality></e:ReadingQuality>" : "")}<e:timePeriod><e:duration>{duration}</e:duration><e:start>{start}</e:start></e:timePeriod><e:value>{value}</e:value></e:IntervalReading>\n";
}
