using System.IO.Compression;
using System.Text;
using Rondo.Imports;
using Rondo.Imports.Guessing;
using Rondo.Imports.Profiles;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>A profile that is proposed for a file nobody has described.</summary>
public sealed class GuessTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_long_file_is_proposed_with_how_sure_each_part_is()
    {
        var guess = Guess("Meter ID,Read Date Time,Usage (kWh),Status,Remark\n" + Rows(96, i => $"M1,{Stamp(i, "yyyy-MM-dd HH:mm")},{i / 10m},{(i % 7 == 0 ? "E" : "A")},x"));
        Assert.True(guess.IsGood, Told(guess));
        AssertParts(
            guess, "encoding UTF-8 certain", "separator , certain", "header line 1 of those that are not empty certain", "shape long certain", "decimal . certain", "unit kWh certain", "dates iso certain", "zone UTC assumed", "interval 30m likely",
            "label start likely", "meters text likely", "meter Meter ID certain", "timestamp Read Date Time certain", "value Usage (kWh) certain", "flag Status certain", "not_read Remark likely");
        Assert.Equal((96L, 96L, 0L, 10), (guess.Trial!.Rows, guess.Trial.Values, guess.Trial.Rejected, guess.Trial.First.Count));
        Assert.Equal(("M1", "2026-01-14T00:00:00Z", 30, 0m, "estimated"), Shown(guess.Trial.First[0]));
        Assert.Contains("zone: UTC  # assumed: no time says its zone", guess.Yaml);
    }

    [Fact]
    public void What_is_proposed_is_a_profile_and_reads_the_file_as_it_says()
    {
        // Semicolons, decimal commas, days first, ends of intervals, two columns for the time, Windows-1252, a preamble.
        var text = "Zählerübersicht für £\n\nZähler;Datum;Uhrzeit Ende;Wert;Einheit\n" + Rows(96, i => $"DE01;{Stamp(i + 1, "dd.MM.yyyy")};{Stamp(i + 1, "HH:mm")};{i},25;Wh");
        text = text.Replace("Zähler;Datum;Uhrzeit Ende;Wert;Einheit", "Meter;Date;End time;Value;Unit", StringComparison.Ordinal);
        var guess = Guess(Encoding.GetEncoding("latin1").GetBytes(text), siteZone: "Europe/Berlin");
        Assert.True(guess.IsGood, Told(guess));
        AssertParts(guess, "encoding Windows-1252 likely", "separator ; certain", "decimal , certain", "dates dd.MM.yyyy certain", "times HH:mm certain", "label end certain", "zone Europe/Berlin assumed", "unit Unit certain", "interval 30m likely");
        Assert.Equal(("DE01", "2026-01-13T23:00:00Z", 30, 0.00025m, "actual"), Shown(guess.Trial!.First[0]));
        Assert.Equal(96, guess.Trial.Values);
    }

    [Theory]
    [InlineData(DateOrder.Unknown, "unclear", "2026-02-01")]
    [InlineData(DateOrder.DayFirst, "certain", "2026-02-01")]
    [InlineData(DateOrder.MonthFirst, "certain", "2026-01-02")]
    public void Of_days_up_to_12_nobody_knows_the_order_until_somebody_says_it(DateOrder order, string certainty, string day)
    {
        var guess = Guess("meter,date,time,kwh\n" + string.Concat(Enumerable.Range(0, 48).Select(i => $"M1,01/02/2026,{i / 2:00}:{i % 2 * 30:00},1.5\n")), order);
        var dates = guess.Parts.Single(p => p.Part == "dates");
        Assert.Equal((certainty, order == DateOrder.Unknown), (dates.Certainty, guess.IsUnclear));
        Assert.Equal(order != DateOrder.Unknown, guess.IsGood);
        Assert.StartsWith(day, guess.Trial!.First[0].Start.ToString(), StringComparison.Ordinal);
        if (order == DateOrder.Unknown)
        {
            Assert.Contains("'01/02/2026' may be 1 February 2026 or 2 January 2026", dates.Why);
            Assert.Contains("--date-order", dates.Why);
            Assert.Contains("# unclear:", guess.Yaml);
        }
    }

    [Fact]
    public void A_day_beyond_12_tells_the_order_and_a_file_that_contradicts_itself_is_told()
    {
        Assert.Equal(("dd/MM/yyyy", "certain"), Dates("01/02/2026", "13/02/2026"));
        Assert.Equal(("MM/dd/yyyy", "certain"), Dates("01/02/2026", "01/13/2026"));
        Assert.Equal(("M/d/yyyy", "certain"), Dates("1/2/2026", "12/31/2026"));
        Assert.Equal("unclear", Dates("13/02/2026", "02/13/2026").Certainty);
        Assert.Equal(("dd-MMM-yy", "certain"), Dates("01-Feb-26", "13-Feb-26"));
        Assert.Equal(("yyyyMMdd", "certain"), Dates("20260201", "20260213"));

        // Rows a day apart by one order and a month by the other speak, and prove nothing.
        var why = Guess("meter,date,kwh\nM1,01/02/2026,1.5\nM1,02/02/2026,1.5\nM1,03/02/2026,1.5\n").Parts.Single(p => p.Part == "dates");
        Assert.Equal("unclear", why.Certainty);
        Assert.Contains("speaks for the day first", why.Why);

        (string Value, string Certainty) Dates(params string[] days)
        {
            var dates = Guess("meter,date,kwh\n" + string.Concat(days.Select(d => $"M1,{d},1.5\n"))).Parts.Single(p => p.Part == "dates");
            return (dates.Value, dates.Certainty);
        }
    }

    [Fact]
    public void A_value_that_may_be_thousands_or_a_fraction_is_told()
    {
        Assert.Equal("decimal . unclear", Part("1.234", "2.345", ';'));
        Assert.Equal("decimal , unclear", Part("1,234", "2,345", ';'));
        Assert.Equal("decimal . certain", Part("1.234", "0.345", ';'));
        Assert.Equal("decimal , certain", Part("1.234,5", "2,3", ';'));
        Assert.Equal("decimal . unclear", Part("1.5", "2,5", ';').Replace("decimal , ", "decimal . ", StringComparison.Ordinal));
        Assert.Equal("decimal . likely", Part("1.234", "2.345", ','));
        Assert.Equal("decimal . likely", Part("1", "2", ','));

        string Part(string one, string other, char separator)
        {
            var part = Guess(string.Join(separator, "meter", "timestamp", "value") + "\n" + string.Join(separator, "M1", "2026-01-01 00:00", one) + "\n" + string.Join(separator, "M1", "2026-01-01 00:30", other) + "\n").Parts.Single(p => p.Part == "decimal");
            return $"{part.Part} {part.Value} {part.Certainty}";
        }
    }

    [Fact]
    public void Times_that_run_from_the_first_end_to_midnight_are_ends()
    {
        var ends = Guess("mpan,timestamp,kwh\n" + Rows(48, i => $"2000000000015,{Stamp(i + 1, "yyyy-MM-dd HH:mm")},0.5"));
        AssertParts(ends, "label end likely", "meters mpan certain");
        Assert.Equal("2026-01-14T00:00:00Z", ends.Trial!.First[0].Start.ToString());
        AssertParts(Guess("meter,timestamp,kwh\nM1,2026-01-14T00:30:00Z,0.5\nM1,2026-01-14T24:00:00Z,0.5\n"), "label end certain", "zone UTC certain");
        AssertParts(Guess("meter,timestamp,kwh\nM1,2026-01-14 05:15,0.5\nM1,2026-01-14 05:30,0.5\nM1,2026-01-14 05:45,0.5\n"), "label start assumed", "interval 15m likely");
        AssertParts(Guess("meter,date,settlement period,kwh\n" + Rows(48, i => $"M1,2026-01-14,{i + 1},0.5")), "period settlement period certain", "interval 30m likely", "date date certain");
    }

    [Theory]
    [InlineData("none", 50)]
    [InlineData("interleaved", 48)]
    [InlineData("block", 48)]
    public void A_wide_file_is_proposed_with_its_flags_and_total(string flags, int columns)
    {
        var names = Enumerable.Range(0, columns).Select(i => $"{i / 2 % 24:00}:{i % 2 * 30:00}");
        names = columns == 50 ? Enumerable.Range(1, 50).Select(i => $"HH{i}") : names;
        var header = flags switch
        {
            "interleaved" => names.SelectMany((n, i) => new[] { n, $"flag{i + 1}" }),
            "block" => names.Concat(Enumerable.Range(1, columns).Select(i => $"flag{i}")),
            _ => names,
        };
        var values = Enumerable.Range(0, columns).Select(i => i < 48 ? "0.5" : "");
        var cells = flags switch { "interleaved" => values.SelectMany(v => new[] { v, "A" }), "block" => values.Concat(Enumerable.Repeat("E", columns)), _ => values };
        var guess = Guess("MPAN Core,Settlement Date,Total," + string.Join(',', header) + "\n" + string.Concat(Enumerable.Range(14, 3).Select(d => $"2000000000015,{d}/01/2026,24.0,{string.Join(',', cells)}\n")));
        Assert.True(guess.IsGood, Told(guess));
        AssertParts(guess, "shape wide certain", "interval 30m certain", $"flags {flags} {(flags == "none" ? "likely" : "certain")}", "meter MPAN Core certain", "date Settlement Date certain", "total Total certain", "meters mpan certain", "dates dd/MM/yyyy certain");
        Assert.Equal((144L, 0L), (guess.Trial!.Values, guess.Trial.Rejected));
    }

    [Fact]
    public void Without_a_header_columns_are_counted()
    {
        var wide = Guess(string.Concat(Enumerable.Range(14, 3).Select(d => $"2000000000015,{d}/01/2026,kWh,24,{string.Join(',', Enumerable.Repeat("0.5", 48))}\n")));
        Assert.True(wide.IsGood, Told(wide));
        AssertParts(wide, "header none likely", "meter #1 likely", "date #2 likely", "unit #3 likely", "total #4 likely", "values #5 likely");
        Assert.Equal((144L, 0L), (wide.Trial!.Values, wide.Trial.Rejected));
        var rows = Guess(Rows(48, i => $"M{i % 2 + 1}|{Stamp(i / 2, "yyyyMMddHHmm")}|{i}.5"));
        Assert.True(rows.IsGood, Told(rows));
        AssertParts(rows, "separator | certain", "meter #1 likely", "timestamp #2 likely", "value #3 likely", "dates yyyyMMddHHmm certain");
        Assert.Equal((48L, 0L, 2), (rows.Trial!.Values, rows.Trial.Rejected, rows.Trial.Series));
    }

    [Fact]
    public void Shapes_that_describe_themselves_are_known_packed_or_not()
    {
        var day = $"300,20260114,{string.Join(',', Enumerable.Repeat("1", 48))},A,,,20260115000000,\n";
        var nem12 = "100,NEM12,202601150000,MDP1,R1\n200,NCDE001111,E1,1,E1,N1,METSER123,kWh,30,\n" + day + "900\n";
        AssertParts(Guess(nem12), "shape nem12 certain");
        AssertParts(Guess(nem12[nem12.IndexOf('\n')..].TrimStart()), "shape nem12 likely");
        var green = Guess(Encoding.UTF8.GetBytes("""
            <feed xmlns:espi="http://naesb.org/espi"><entry><link rel="self" href="/UsagePoint/9/MeterReading/1/IntervalBlock/1"/><content><espi:IntervalBlock>
            <espi:IntervalReading><espi:timePeriod><espi:duration>1800</espi:duration><espi:start>1768348800</espi:start></espi:timePeriod><espi:value>500</espi:value></espi:IntervalReading>
            </espi:IntervalBlock></content></entry></feed>
            """));
        AssertParts(green, "shape green-button certain");
        Assert.Equal(1, green.Trial!.Values);

        AssertParts(Guess(Gzip(nem12)), "container gzip certain", "shape nem12 certain");
        AssertParts(Guess(Workbook.Zip(("a.csv", nem12))), "container zip certain", "shape nem12 certain");
        var book = Workbook.Of([("Readings", Workbook.Rows(
            [Workbook.Text("meter"), Workbook.Text("timestamp"), Workbook.Text("value")],
            [Workbook.Text("M1"), Workbook.Date("46036"), Workbook.Number("1.5")],
            [Workbook.Text("M1"), Workbook.Date("46036.0208333"), Workbook.Number("2.5")]))]);
        var sheet = Guess(book);
        Assert.True(sheet.IsGood, Told(sheet));
        AssertParts(sheet, "container Excel (xlsx) certain", "shape long certain", "decimal . certain", "dates iso certain");
        AssertParts(Guess([0xFF, 0xFE, .. Encoding.Unicode.GetBytes("meter\ttimestamp\tvalue\nM1\t2026-01-14 00:00\t1.5\n")]), "encoding UTF-16 certain", "separator tab certain");
        AssertParts(Guess("sep=;\nmeter;timestamp;value\nM1;2026-01-14 00:00;1,5\n"), "separator ; certain", "decimal , certain");
    }

    [Fact]
    public void A_file_that_names_no_meter_is_told_and_read_with_the_one_that_is_said()
    {
        var path = _folder.Write("roof_2026.csv", "TYPE,DATE,START TIME,END TIME,USAGE,UNITS,COST,NOTES\n" + string.Concat(Enumerable.Range(0, 48).Select(i => $"Electric usage,2026-01-14,{i / 2:00}:{i % 2 * 30:00},{i / 2:00}:{(i % 2 * 30) + 29:00},0.5,kWh,$0.1,\n")));
        var guess = ProfileGuesser.Guess(path, null, DateOrder.Unknown, null, 100_000_000, default);
        AssertParts(guess, "meter none assumed", "date DATE certain", "time_of_day START TIME certain", "value USAGE certain", "unit UNITS certain", "label start certain");
        Assert.True(guess.IsGood, Told(guess));
        Assert.Equal("UNNAMED", guess.Trial!.First[0].Meter);
        Assert.Contains("--meter NAME", Assert.Throws<ImportRefused>(() => ImportTrial.Read(path, ProfileReader.Read(guess.Yaml!, "test"), null, 100_000_000, default)).Message);
        var profile = ProfileReader.Read(guess.Yaml!, "test").For("roof", path);
        var trial = ImportTrial.Read(path, profile, null, 100_000_000, default);
        Assert.Equal((48L, "ROOF", 24m), (trial.Values, trial.First[0].Meter, trial.First.Count * 2.4m));
    }

    [Fact]
    public void What_is_no_file_of_readings_is_told_as_such_whatever_it_is()
    {
        foreach (var text in new[] { "one\ntwo\nthree\n", "a,b\nc,d\n", "<html><body>x</body></html>", "date,kwh\nnever,none\n", "\n\n\n", "%PDF-1.4 whatever", ",,,,\n,,,,\n" })
        {
            var guess = Guess(text);
            Assert.False(guess.IsGood, text);
            Assert.True(guess.IsUnclear, text);
            Assert.Null(guess.Yaml);
        }

        Assert.Contains("old kind", Assert.Throws<ImportRefused>(() => Guess([0xD0, 0xCF, 0x11, 0xE0, 1, 2, 3])).Message);
        Assert.Contains("not a name", Assert.Throws<ImportRefused>(() => ProfileGuesser.Guess(_folder.Write("x.csv", "a"), "../x", DateOrder.Unknown, null, 1_000, default)).Message);
    }

    [Fact]
    public void Names_of_columns_are_text_in_the_YAML_whatever_is_in_them()
    {
        var guess = Guess("\"Meter: 'x' #1, [y]\",\"timestamp\",\"value {kWh}\"\n" + Rows(4, i => $"M1,{Stamp(i, "yyyy-MM-dd HH:mm")},0.5"), name: "it-is");
        Assert.True(guess.IsGood, Told(guess) + guess.Yaml);
        Assert.Equal("it-is", ProfileReader.Read(guess.Yaml!, "test").Name);

        // A name that profiles cannot tell from others: columns are counted, and the row of names is one of the rejected ones.
        var twice = Guess("meter,timestamp,value,value\n" + Rows(4, i => $"M1,{Stamp(i, "yyyy-MM-dd HH:mm")},,0.5"));
        AssertParts(twice, "names columns are counted likely");
        Assert.Equal((4L, 1L), (twice.Trial!.Values, twice.Trial.Rejected));
    }

    [Fact]
    public void Any_beginning_of_a_file_and_any_damage_to_it_is_looked_at_without_a_fault()
    {
        var whole = Encoding.UTF8.GetBytes("Meter ID;Read Date Time;Usage (kWh);Status\n" + Rows(48, i => $"M1;{Stamp(i, "dd/MM/yyyy HH:mm")};{i},5;A"));
        var random = new Random(20_260_114);
        for (var i = 0; i < 60; i++)
        {
            var bytes = whole[..random.Next(1, whole.Length)].ToArray();
            for (var damage = random.Next(20); damage > 0; damage--)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            try
            {
                var guess = Guess(bytes);
                Assert.True(guess.Yaml is null || ProfileReader.Read(guess.Yaml, "test") is not null);
            }
            catch (ImportRefused)
            {
                // Told as what it is.
            }
        }
    }

    private ProfileGuess Guess(string text, DateOrder order = DateOrder.Unknown, string? name = null) => Guess(Encoding.UTF8.GetBytes(text), order, name);

    private ProfileGuess Guess(byte[] bytes, DateOrder order = DateOrder.Unknown, string? name = null, string? siteZone = null)
    {
        var path = _folder.At("some file.csv");
        File.WriteAllBytes(path, bytes);
        var guess = ProfileGuesser.Guess(path, name, order, siteZone, 100_000_000, default);
        Assert.Equal(name ?? "some-file", guess.Name);
        return guess;
    }

    private static string Rows(int count, Func<int, string> row) => string.Concat(Enumerable.Range(0, count).Select(i => row(i) + "\n"));

    private static string Stamp(int halfHours, string format) =>
        new DateTime(2026, 1, 14, 0, 0, 0, DateTimeKind.Unspecified).AddMinutes(30 * halfHours).ToString(format, System.Globalization.CultureInfo.InvariantCulture);

    private static byte[] Gzip(string text)
    {
        var to = new MemoryStream();
        using (var zip = new GZipStream(to, CompressionLevel.Fastest))
        {
            zip.Write(Encoding.UTF8.GetBytes(text));
        }

        return to.ToArray();
    }

    private static (string, string, int, decimal, string) Shown(TrialValue value) => (value.Meter, value.Start.ToString(), value.Minutes, value.Value, value.Quality);

    private static string Told(ProfileGuess guess) => string.Join('\n', guess.Parts.Select(p => $"{p.Part} {p.Value} {p.Certainty}: {p.Why}")) + "\n" + guess.Yaml + "\n" + guess.Trial?.Refusal;

    private static void AssertParts(ProfileGuess guess, params string[] expected)
    {
        var parts = guess.Parts.Select(p => $"{p.Part} {p.Value} {p.Certainty}").ToList();
        Assert.All(expected, e => Assert.True(parts.Contains(e), $"'{e}' is not told. There is:\n{Told(guess)}"));
    }
}
