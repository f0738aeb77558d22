using System.IO.Compression;
using System.Text;
using Rondo.Imports;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;

namespace Rondo.Tests.Imports;

/// <summary>Files as suppliers send them.</summary>
public sealed class FormatTests
{
    private static readonly Profile _long = Files.Shipped("long-csv");

    [Fact]
    public void Encodings_are_found_by_mark_then_strict_utf8_then_windows_1252()
    {
        const string Text = "meter;timestamp;value;note\nM1;2024-05-01T00:00Z;1.5;12 £ ²\n";
        var latin = CodePagesEncodingProvider.Instance.GetEncoding(1252)!;
        byte[][] all =
        [
            new UTF8Encoding(false).GetBytes(Text), [.. new UTF8Encoding(true).GetPreamble(), .. Encoding.UTF8.GetBytes(Text)], [.. Encoding.Unicode.GetPreamble(), .. Encoding.Unicode.GetBytes(Text)],
            [.. Encoding.BigEndianUnicode.GetPreamble(), .. Encoding.BigEndianUnicode.GetBytes(Text)], latin.GetBytes(Text), Packed(latin.GetBytes(Text)),
            Encoding.UTF8.GetBytes(Text.Replace("\n", "\r\n")), Encoding.UTF8.GetBytes(Text.Replace("\n", "\r")), Encoding.UTF8.GetBytes("sep=;\r\n" + Text), Encoding.UTF8.GetBytes("\n\n" + Text.Replace("M1", "M\0001") + "\n;;;\n"),
        ];
        foreach (var bytes in all)
        {
            Assert.Equal(["2024-05-01T00:00:00Z=1.5"], Files.Read(_long, bytes).Lines);
        }

        // A character that lies across the boundary of what is read at once does not make a file of UTF-8 one of Windows-1252.
        var wide = "meter,timestamp,value,note\n" + string.Concat(Enumerable.Range(0, 40_000).Select(i => $"M1,2024-05-01T00:00Z,1,€{new string('x', i % 3)}\n"));
        Assert.Equal(40_000, Files.Read(_long, wide).Intervals.Count);
    }

    [Fact]
    public void What_is_no_text_is_named()
    {
        Assert.Contains("zip", Assert.Throws<ImportRefused>(() => Files.Read(_long, "PK\u0003\u0004 and so on"u8.ToArray())).Message);
        Assert.Contains("Excel", Assert.Throws<ImportRefused>(() => Files.Read(_long, [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1])).Message);
        Assert.Contains("unpacked", Assert.Throws<ImportRefused>(() => Files.Read(_long, [0x1F, 0x8B, 0x08, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF])).Message);
        Assert.Contains("unpacks to more", Assert.Throws<ImportRefused>(() => Files.Read(_long, Packed(new byte[110_000_000]))).Message);
        Assert.Contains("no header", Assert.Throws<ImportRefused>(() => Files.Read(_long, "")).Message);
        Assert.Contains("no header", Assert.Throws<ImportRefused>(() => Files.Read(_long, "a,b,c\n1,2,3\n")).Message);
    }

    [Fact]
    public void A_bad_row_is_kept_with_where_and_why_and_shifts_nothing()
    {
        var read = Files.Read(_long, string.Join('\n',
            "report of 2024", "", "Meter Id,Time Stamp,Value", "M1,2024-05-01T00:00Z,1", "M1,2024-05-01T00:30Z", "M1,2024-05-01T01:00Z,abc", "M1,32/05/2024 01:30,4", "2E+12,2024-05-01T02:00Z,5", "M 2,2024-05-01T02:30Z,6",
            "M1,2024-05-01T03:00Z,-7", "M1,2024-05-01T03:17Z,8", "M1,2024-05-01T03:29:59Z,9", "M1,2024-05-01T04:00Z,", "M1,2024-05-01T04:30Z,N/A", "\"M1\",\"2024-05-01T05:00Z\",\"1,234.5\",", "\"M1,2024-05-01T05:30Z,1", "Total,,99", "M1,2024-05-01T06:00Z,1"));
        Assert.Equal(["2024-05-01T00:00:00Z=1", "2024-05-01T03:30:00Z=9", "2024-05-01T05:00:00Z=1234.5"], read.Lines);
        Assert.Equal(
            ["5   columns", "6 Value abc bad_number", "7 Time Stamp 32/05/2024 01:30 bad_time", "8 Meter Id 2E+12 digits_lost", "9 Meter Id M 2 bad_meter", "10 Value -7 negative", "11 Time Stamp 2024-05-01T03:17Z off_grid", "16   bad_quote", "18   unfinished"],
            read.Reasons);
        Assert.Equal((2, "M1,2024-05-01T00:30Z"), (read.Missing, read.Rejects[0].Raw));
    }

    [Fact]
    public void A_last_line_without_an_end_is_rejected_unless_the_profile_takes_it()
    {
        const string Text = "meter,timestamp,value\nM1,2024-05-01T00:00Z,1\nM1,2024-05-01T00:30Z,12";
        var read = Files.Read(_long, Text);
        Assert.Equal((1, "3   unfinished"), (read.Intervals.Count, read.Reasons.Single()));
        Assert.Equal(2, Files.Read(Files.Changed("long-csv", "unfinished: accept"), Text).Intervals.Count);
        Assert.Equal(["3   unfinished"], Files.Read(_long, Text[..^5]).Reasons);
    }

    [Fact]
    public void A_record_without_an_end_is_bounded_and_the_file_goes_on_behind_it()
    {
        var read = Files.Read(_long, "meter,timestamp,value\nM1,2024-05-01T00:00Z,1\n" + new string('x', 1_000_000) + "\nM1,2024-05-01T00:30Z,2\n" + new string(',', 600_000) + "\r\nM1,2024-05-01T01:00Z,3\n\"" + new string('y', 500_000) + "\nM1,2024-05-01T01:30Z,4\n");
        Assert.Equal(["2024-05-01T00:00:00Z=1", "2024-05-01T00:30:00Z=2", "2024-05-01T01:00:00Z=3", "2024-05-01T01:30:00Z=4"], read.Lines);
        Assert.Equal(["3   record_too_long", "5   record_too_long", "7   record_too_long"], read.Reasons);
        Assert.All(read.Rejects, r => Assert.InRange(r.Raw.Length, 1, Reject.LongestRaw));
    }

    [Fact]
    public void Units_flags_channels_and_columns_in_any_order()
    {
        var read = Files.Read(_long, string.Join('\n',
            "Value\tUnit\tStatus\tChannel\tDate\tTime\tMPAN", "1500\tWh\tA\timport\t01/05/2024\t00:00\t'0012", "1.5\tMWh\tEst\tExport\t01/05/2024\t00:30\t=\"0012\"", "3\tkW\t\timport\t01/05/2024\t01:00\t0012",
            "4\tkWh\tM\timport\t01/05/2024\t01:30\t0012", "5\ttherms\tA\timport\t01/05/2024\t02:00\t0012", "6\tkWh\tZ\timport\t01/05/2024\t02:30\t0012", "7\tkvarh\tA\treactive\t01/05/2024\t24:00\t0012", ""));
        Assert.Equal(["0012/import 1.5 False", "0012/export 1500.0 True", "0012/import 1.5 False", "0012/reactive 7 False"], read.Intervals.Select(i => $"{i.Of.Series} {i.Value} {i.IsEstimated}"));
        Assert.Equal(("kvarh", "2024-05-02T00:00:00Z"), (read.Intervals[^1].Of.Unit, read.Starts.Last()));
        Assert.Equal(["6 Unit therms bad_unit", "7 Status Z bad_flag"], read.Reasons);
        Assert.Equal(["2024-05-01T00:00:00Z=0.75"], Files.Read(_long, "meter,timestamp,kw\nM1,2024-05-01T00:00Z,1.5\n").Lines);
    }

    [Theory]
    [InlineData("1234.5", false, 1234.5)]
    [InlineData("1,234.5", false, 1234.5)]
    [InlineData("1 234,5", true, 1234.5)]
    [InlineData("1.234,5", true, 1234.5)]
    [InlineData(".5", false, 0.5)]
    [InlineData("5.", false, 5.0)]
    [InlineData("1E-3", false, 0.001)]
    [InlineData("(1.2)", false, -1.2)]
    [InlineData("1.2-", false, -1.2)]
    [InlineData("+3", false, 3.0)]
    [InlineData("1.234", true, 1234.0)]
    [InlineData("0.123456", false, 0.123456)]
    [InlineData("12345678901.12345", false, 12345678901.12345)]
    [InlineData("1,5", false, null)]
    [InlineData("1.5", true, null)]
    [InlineData("1,2345", false, null)]
    [InlineData("12,34,567", false, null)]
    [InlineData("1.2.3", false, null)]
    [InlineData("", false, null)]
    [InlineData("-", false, null)]
    [InlineData("0x10", false, null)]
    [InlineData("9999999999999999", false, null)]
    [InlineData("1E400", false, null)]
    public void A_number_is_read_by_the_convention_of_its_profile_or_not_at_all(string text, bool hasComma, double? expected)
    {
        var isRead = NumberText.TryParse(text, hasComma, out var value);
        Assert.Equal(expected, isRead ? (double)value : null);
    }

    [Theory]
    [InlineData("2000000000015", true)]
    [InlineData("1234567890126", true)]
    [InlineData("1234567890125", false)]
    [InlineData("200000000001", false)]
    public void An_mpan_has_its_check_digit(string text, bool isGood) => Assert.Equal(isGood ? null : "bad_mpan", MeterText.Read(text, MeterNames.Mpan, out _));

    [Theory]
    [InlineData("iso", "2024-05-01 10:30:00.123Z", "2024-05-01T10:30:00Z")]
    [InlineData("dd MMM yyyy HH:mm:ss", "26 Aug 2019 00:30:00", "2019-08-26T00:30:00Z")]
    [InlineData("MMM dd yyyy hh:mmtt", "Nov 13 2019 12:00AM", "2019-11-13T00:00:00Z")]
    [InlineData("dd-MMM-yy", "31-Mar-24", "2024-03-31T00:00:00Z")]
    [InlineData("excel", "45382.0208333", "2024-03-31T00:30:00Z")]
    [InlineData("excel", "45592", "2024-10-27T00:00:00Z")]
    [InlineData("dd/MM/yyyy HH:mm", "31/12/2023 24:00", "2024-01-01T00:00:00Z")]
    [InlineData("dd/MM/yyyy", "31/02/2023", null)]
    [InlineData("yyyy-MM-dd HH:mm", "2024-05-01 24:30", null)]
    public void Times_are_read_by_their_pattern(string pattern, string text, string? expected)
    {
        Assert.Null(TimePattern.Problem(pattern));
        var isRead = new TimePattern(pattern).TryParse(text, out var clock);
        Assert.Equal(expected, isRead ? new Rondo.Storage.Instant(clock.Local * 1_000_000).ToString() : null);
    }

    [Fact]
    public void Wide_files_are_read_by_labels_by_names_and_by_counting()
    {
        var labels = string.Join(',', Enumerable.Range(1, 48).Select(i => $"[{i / 2:00}:{i % 2 * 30:00}]"));
        Assert.Equal(48, Files.Read(Files.Shipped("wide-half-hours"), $"MPAN,Date,Unit,Total,{labels}\n" + $"M1,2024-05-01,Wh,99,{string.Join(',', Files.Count(48))}\n").Intervals.Count);
        var text = ProfileReader.Read("name: counted\nshape: wide\nzone: Europe/London\ndates: [dd/MM/yy]\nflags: interleaved\ncolumns:\n  meter: '#1'\n  date: '#2'\n  values: '#3'\n", "test");
        var read = Files.Read(text, $"M1,01/05/24,{string.Join(',', Files.Count(48).Select(v => $"{v},{(v == "2" ? "E" : v == "3" ? "X" : "A")}"))}\n");
        Assert.Equal((47, 1, 1L), (read.Intervals.Count, read.Intervals.Count(i => i.IsEstimated), read.Missing));
    }

    [Fact]
    public void A_profile_with_a_mistake_is_told_where()
    {
        Assert.Contains("line 2: zone: 'Mars'", Mistake("name: a\nzone: Mars\n"));
        Assert.Contains("line 2: colour", Mistake("name: a\ncolour: red\n"));
        Assert.Contains("interval", Mistake("name: a\ninterval: 7m\n"));
        Assert.Contains("cannot mean 'x'", Mistake("name: a\ncolumns: { x: [y] }\n"));
        Assert.Contains("not the YAML", Mistake("name: [[[[\n"));
        Assert.Contains("not the YAML", Mistake(string.Concat(Enumerable.Repeat("a: {", 10_000))));
        Assert.Contains("There are: green-button, long-csv, nem12, wide-half-hours", Assert.Throws<ImportRefused>(() => Files.Shipped("../etc/passwd")).Message);

        static string Mistake(string text) => Assert.Throws<ImportRefused>(() => ProfileReader.Read(text, "mine.yaml")).Message;
    }

    private static byte[] Packed(byte[] bytes)
    {
        using var packed = new MemoryStream();
        using (var gzip = new GZipStream(packed, CompressionLevel.Fastest))
        {
            gzip.Write(bytes);
        }

        return packed.ToArray();
    }
}
