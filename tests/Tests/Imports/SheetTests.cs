using System.Text;
using Rondo.Imports;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Excel files and archives.</summary>
public sealed class SheetTests
{
    private static readonly string[] _header = [Workbook.Text("Meter"), Workbook.Text("Timestamp"), Workbook.Text("Value")];
    private static readonly Profile _long = Files.Shipped("long-csv");

    [Fact]
    public void A_sheet_is_read_by_the_same_profiles_as_csv_dates_as_dates_numbers_as_numbers()
    {
        // 45382 is 2024-03-31; the fraction of a day is never exact. 2000000000015 is a number in Excel, and not rounded.
        var book = Workbook.Of([("Data", Workbook.Rows(
            [Workbook.Text("report")],
            [],
            _header,
            [Workbook.Number("2000000000015"), Workbook.Date("45382.0208333"), Workbook.Number("0.30000000000000004"), Workbook.Empty],
            [Workbook.Shared(0), Workbook.Text("2024-03-31T01:00:00Z"), Workbook.Formula("1+1", "2")],
            [Workbook.Shared(0), Workbook.Number("45382.0625"), Workbook.Number("3")],
            [Workbook.Shared(0), Workbook.Date("45383"), Workbook.Text("many")],
            [Workbook.Text("=cmd()"), Workbook.Date("45383"), Workbook.Number("1")],
            [Workbook.Text("Total"), Workbook.Empty, Workbook.Formula("SUM(C4:C7)", "5.3")]))], ["M&amp;1", "x"]);
        var read = Files.Read(_long, book);
        Assert.Equal(["2024-03-31T00:30:00Z=0.3"], read.Lines);
        Assert.Equal("2000000000015", read.Intervals[0].Of.Meter);
        Assert.Equal(["5 Meter M&1 bad_meter", "6 Meter M&1 bad_meter", "7 Meter M&1 bad_meter", "8 Meter =cmd() bad_meter"], read.Reasons);

        // Of a formula there is what was worked out, a plain number in a column of days is a day.
        read = Files.Read(_long, Workbook.Of([("Data", Workbook.Rows(
            _header,
            [Workbook.Shared(0), Workbook.Text("2024-03-31T01:00:00Z"), Workbook.Formula("1+1", "2")],
            [Workbook.Shared(0), Workbook.Number("45382.0625"), Workbook.Number("3")],
            [Workbook.Shared(0), Workbook.Date("45383"), Workbook.Text("many")]))], ["M1"]));
        Assert.Equal(["2024-03-31T01:00:00Z=2", "2024-03-31T01:30:00Z=3"], read.Lines);
        Assert.Equal(["4 Value many bad_number"], read.Reasons);
        Assert.Equal("M1,2024-04-01,many", read.Rejects[0].Raw);
    }

    [Fact]
    public void Numbers_are_written_as_the_profile_reads_them_and_times_in_columns_of_their_own()
    {
        var profile = Files.Changed("long-csv", "decimal: ','", "separator: ;", "dates: [dd/MM/yyyy]");
        var read = Files.Read(profile, Workbook.Of([("Data", Workbook.Rows(
            [Workbook.Text("Meter"), Workbook.Text("Date"), Workbook.Text("Time"), Workbook.Text("Value")],
            [Workbook.Text("M1"), Workbook.Date("45382"), Workbook.Time("0.0208333333333333"), Workbook.Number("1234.5")],
            [Workbook.Text("M1"), Workbook.Number("45382"), Workbook.Text("01:00"), Workbook.Text("1.234,5")],
            [Workbook.Text("M1"), Workbook.Text("31/03/2024"), Workbook.Time("0.0625"), Workbook.Text("2,5;x")]))]));
        Assert.Equal(["2024-03-31T00:30:00Z=1234.5", "2024-03-31T01:00:00Z=1234.5"], read.Lines);
        Assert.Equal(["4 Value 2,5;x bad_number"], read.Reasons);
    }

    [Fact]
    public void A_wide_sheet_gives_what_the_same_wide_file_gives()
    {
        var values = Files.Count(46).ToList();
        var profile = Files.Shipped("wide-half-hours");
        var wanted = Files.Read(profile, Files.WideHeader(48) + Files.WideRow("M1", "2024-03-31", values.Concat(["", ""])));
        var read = Files.Read(profile, Workbook.Of([("Data", Workbook.Rows(
            [Workbook.Text("MPAN"), Workbook.Text("Date"), .. Enumerable.Range(1, 48).Select(i => Workbook.Text($"HH{i}"))],
            [Workbook.Text("M1"), Workbook.Date("45382"), .. values.Select(Workbook.Number)]))]));
        Assert.Equal(46, read.Intervals.Count);
        Assert.Equal(wanted.Lines, read.Lines);
    }

    [Fact]
    public void The_first_sheet_that_is_shown_is_read_or_the_one_that_the_profile_names()
    {
        static string Sheet(string value) => Workbook.Rows(_header, [Workbook.Text("M1"), Workbook.Date("45382"), Workbook.Number(value)]);
        var book = Workbook.Of([("!Secret", Sheet("1")), ("Summary", Sheet("2")), ("Data", Sheet("3"))]);
        Assert.Equal(["2024-03-31T00:00:00Z=2"], Files.Read(_long, book).Lines);
        Assert.Equal(["2024-03-31T00:00:00Z=3"], Files.Read(Files.Changed("long-csv", "sheet: data"), book).Lines);
        Assert.Contains("it has Secret, Summary, Data", Assert.Throws<ImportRefused>(() => Files.Read(Files.Changed("long-csv", "sheet: May"), book)).Message);
    }

    [Fact]
    public void Days_that_are_counted_from_1904_are_read_where_they_are_days_and_rejected_where_they_are_numbers()
    {
        var read = Files.Read(_long, Workbook.Of(
            [("Data", Workbook.Rows(_header, [Workbook.Text("M1"), Workbook.Date("43920"), Workbook.Number("1")], [Workbook.Text("M1"), Workbook.Number("43920.5"), Workbook.Number("2")]))], is1904: true));
        Assert.Equal(["2024-03-31T00:00:00Z=1"], read.Lines);
        Assert.Equal(["3 Timestamp 43920.5 bad_time"], read.Reasons);
    }

    [Fact]
    public void Absurd_sheets_are_refused_before_they_are_held()
    {
        var small = Workbook.Rows(_header, [Workbook.Text("M1"), Workbook.Date("45382"), Workbook.Number("1")]);
        Assert.Contains("unpacks to more", Refusal(Workbook.Of([("Data", small + new string(' ', 3_000_000))]), 2_000_000));
        Assert.Contains("without a row", Refusal(Workbook.Of([("Data", Workbook.Rows([Workbook.Text(new string('x', 40_000_000))]))])));
        Assert.Contains("comments", Refusal(Workbook.Of([("Data", "<row><c><v><![CDATA[" + new string('<', 40_000_000) + "]]></v></c></row>")])));
        Assert.Contains("texts of the Excel file", Refusal(Workbook.Of([("Data", small)], [new string('x', 70_000_000)])));
        Assert.Contains("columns", Refusal(Workbook.Of([("Data", "<row r=\"1\"><c r=\"ZZZZ1\"><v>1</v></c></row>")])));
        Assert.Contains("rows", Refusal(Workbook.Of([("Data", small + "<row r=\"99999999\"><c r=\"A99999999\"><v>1</v></c></row>")])));
        Assert.Contains("cannot be read", Refusal(Workbook.Of([("Data", small + "<row><c")])));
        Assert.Contains("cannot be read", Refusal(Workbook.Zip(("xl/workbook.xml", "<!DOCTYPE a [<!ENTITY b \"c\">]><workbook>&b;</workbook>"))));

        // What is large and plain is read.
        var row = Workbook.Rows(_header);
        Assert.Equal(60_000, Files.Read(Files.Changed("long-csv", "flags: none"), Workbook.Of([("Data", row + string.Concat(Enumerable.Range(2, 60_000).Select(i =>
            $"<row r=\"{i}\"><c r=\"A{i}\" {Workbook.Text("M1")}</c><c r=\"B{i}\" {Workbook.Text($"2024-05-01T00:00:00Z{new string(' ', 450)}")}</c><c r=\"C{i}\"><v>{i}</v></c></row>")))])).Intervals.Count);

        static string Refusal(byte[] book, long most = 100_000_000) => Assert.Throws<ImportRefused>(() => Files.Read(_long, book, most)).Message;
    }

    [Fact]
    public void An_archive_with_one_file_is_read_as_that_file_and_nothing_in_it_is_a_path()
    {
        const string Text = "meter,timestamp,value\nM1,2024-05-01T00:00Z,1.5\n";
        Assert.Equal(["2024-05-01T00:00:00Z=1.5"], Files.Read(_long, Workbook.Zip(("../../etc/may.csv", Text), ("__MACOSX/._may.csv", "x"), ("data/.DS_Store", "x"))).Lines);
        Assert.Contains("holds 2 files and an import is one: may.csv, b/june.csv. Unpack it", Refusal(Workbook.Zip(("may.csv", Text), ("b/june.csv", Text))));
        Assert.Contains("no file", Refusal(Workbook.Zip()));
        Assert.Contains("unpacks to more", Refusal(Workbook.Zip(("may.csv", new string('x', 3_000_000))), 2_000_000));
        Assert.Contains("another one", Refusal(Workbook.Zip(("may.xlsx", Encoding.UTF8.GetString("PK\u0003\u0004rest"u8)))));
        Assert.Contains("broken", Refusal(Workbook.Zip(("may.csv", Text))[..60]));
        Assert.Contains("lists", Refusal(Workbook.Zip([.. Enumerable.Range(0, 10_001).Select(i => ($"{i}", "x"))])));

        // The list of files says one thing and is another.
        var broken = Workbook.Zip(("may.csv", Text));
        broken[^6] = 0xFF;
        Assert.Contains("broken", Refusal(broken));

        static string Refusal(byte[] zip, long most = 100_000_000) => Assert.Throws<ImportRefused>(() => Files.Read(_long, zip, most)).Message;
    }

    [Theory, BothDatabases]
    public async Task An_import_of_a_sheet_or_an_archive_goes_on_behind_what_is_stored(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 10);
        var rows = Enumerable.Range(0, 35).Select(i => (string[])[Workbook.Text("M1"), Workbook.Text($"{new Instant(1_714_521_600_000_000 + (i * 1_800_000_000L))}"), i == 3 ? Workbook.Text("=1+1") : Workbook.Number($"{i}")]);
        byte[][] files = [Workbook.Of([("Data", Workbook.Rows([_header, .. rows]))]), Workbook.Zip(("a.csv", Files.Long(2, 35)))];
        foreach (var (file, values, rejected) in files.Zip([34L, 70L], (f, v) => (f, v, v == 34L ? 1L : 0L)))
        {
            var commits = 0;
            rig.Database.After = work => work == "imports.chunk" && Interlocked.Increment(ref commits) == 2 ? SteeredDatabase.Away(work) : null;
            var id = (await rig.Imports.AddAsync(new ImportRequest { File = "a", Profile = _long }, new MemoryStream(file), default)).Id;
            var row = await rig.UntilAsync(id, "failed");
            Assert.InRange(row.Units, 10, values);
            rig.Database.After = null;
            Assert.Null((await rig.Imports.RetryAsync(id, null)).Refusal);
            row = await rig.UntilAsync(id, "done");
            Assert.Equal((values, values, rejected, row.Bytes), (row.ValueCount, row.Inserted, row.Rejected, row.BytesRead));
        }

        Assert.Equal(34 + 70, (await rig.ValuesAsync()).Count);
    }
}
