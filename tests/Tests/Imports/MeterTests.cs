using Rondo.Imports;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Files whose rows name no meter: it is said, or stands in the name of the file.</summary>
public sealed class MeterTests
{
    private const string Text = "timestamp,value\n2026-01-01T00:00Z,1\n2026-01-01T00:30Z,x\n2026-01-01T01:00Z,3\n";

    [Theory, BothDatabases]
    public async Task A_file_that_names_no_meter_is_of_the_one_that_is_said_and_the_same_bytes_may_be_of_two(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 1);
        var roof = await rig.ImportAsync(Text, change: r => r with { Meter = "roof" });
        Assert.Equal(("ROOF", 2, 1), (roof.Meter, roof.Inserted, roof.Rejected));
        var cellar = await rig.ImportAsync(Text, change: r => r with { Meter = "cellar" });
        Assert.NotEqual(roof.Id, cellar.Id);
        Assert.Equal(new ImportAdded(roof.Id, false), await rig.AddAsync(Text, change: r => r with { Meter = "ROOF" }));
        Assert.Equal(["CELLAR/import 2026-01-01T00:00:00Z 1 good", "CELLAR/import 2026-01-01T01:00:00Z 3 good", "ROOF/import 2026-01-01T00:00:00Z 1 good", "ROOF/import 2026-01-01T01:00:00Z 3 good"], await rig.ValuesAsync());

        // Nobody says it; the rows do; a name that is none.
        Assert.Contains("--meter NAME", (await rig.ImportAsync(Text + "2026-01-01T02:00Z,4\n", until: "dead")).LastError);
        Assert.Contains("name their meter themselves, in column meter", (await rig.ImportAsync(Files.Long(1, 2), change: r => r with { Meter = "roof" }, until: "dead")).LastError);
        Assert.Contains("'a b' is not a meter", (await Assert.ThrowsAsync<ImportRefused>(() => rig.AddAsync(Text, change: r => r with { Meter = "a b" }))).Message);
        Assert.Contains("NEM12", (await Assert.ThrowsAsync<ImportRefused>(() => rig.AddAsync(Text, "nem12", r => r with { Meter = "roof" }))).Message);
    }

    [Theory, BothDatabases]
    public async Task The_meter_is_taken_from_the_name_of_the_file_where_the_profile_says_so(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var profile = Profile("meter_from_file: '{meter}_*.csv'");
        var row = await rig.ImportAsync(Text, change: r => r with { File = "roof-1_2026_01.CSV" }, own: profile);
        Assert.Equal("ROOF-1", row.Meter);
        Assert.Equal("ROOF-1/import 2026-01-01T00:00:00Z 1 good", (await rig.ValuesAsync())[0]);

        // What is said goes before it; a name of another form is refused before anything is kept.
        Assert.Equal("OTHER", (await rig.ImportAsync(Text, change: r => r with { File = "roof-1_2026_01.csv", Meter = "other" }, own: profile)).Meter);
        Assert.Contains("is not like '{meter}_*.csv'", (await Assert.ThrowsAsync<ImportRefused>(() => rig.AddAsync(Text, change: r => r with { File = "roof.csv" }, own: profile))).Message);
        Assert.Equal(2, await rig.CountAsync("import"));
    }

    [Theory, BothDatabases]
    public async Task A_node_of_before_leaves_imports_whose_meter_is_said_to_others_and_loses_nothing(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isOld: true);
        var said = (await rig.AddAsync(Files.Long(1, 2), change: r => r with { Meter = "roof" })).Id;
        await rig.ImportAsync(Files.Long(1, 2));
        await LeftAsync();
        await rig.Imports.CancelAsync(said);
        Assert.Null((await rig.Imports.RetryAsync(said, null)).Refusal);
        await LeftAsync();
        Assert.Equal(2, (await rig.ValuesAsync()).Count);

        async Task LeftAsync()
        {
            var job = (await rig.Imports.FindAsync(said))!.JobId;
            await Eventually.TrueAsync(
                async () => (await rig.Store.QueryAsync<string>("select error from job_failure where job_id = @job and outcome = 'snooze'", new { job })).Exists(why => why.EndsWith("knows no handler of kind 'imports.run.meter'", StringComparison.Ordinal)),
                "it is put off");
            var row = (await rig.Imports.FindAsync(said))!;
            Assert.Equal(("queued", null, 0L), (row.StateNow, row.LastError, row.Units));
        }
    }

    [Fact]
    public void Patterns_of_names_are_read_as_they_are_meant_and_mistakes_are_told()
    {
        Assert.Equal("M1", Read("{meter}.csv", "M1.csv"));
        Assert.Equal("M1", Read("{meter}_*.csv", "/some/folder/M1_a_b.csv"));
        Assert.Equal("M.1", Read("export (?) {meter}.csv", "export (7) M.1.csv"));
        Assert.Equal("M", Read("{meter}.*", "M.1.csv"));
        Assert.Equal("7", Read("*-{meter}.csv", "a-7.csv"));
        Assert.Null(Read("{meter}.csv", "M1.csv.gz"));
        Assert.Null(Read("x{meter}", "x"));
        Assert.Null(Read("*a*a*a*a*a*a*{meter}b", new string('a', 255)));
        Assert.Contains("once", Mistake("meter_from_file: may.csv"));
        Assert.Contains("either in a column or in the name", Assert.Throws<ImportRefused>(() => ProfileReader.Read(Files.Shipped("long-csv").Text + "meter_from_file: '{meter}.csv'\n", "test")).Message);
        Assert.Contains("NEM12 names", Assert.Throws<ImportRefused>(() => ProfileReader.Read("name: a\nshape: nem12\nmeter_from_file: '{meter}.csv'\n", "test")).Message);

        static string? Read(string pattern, string file)
        {
            var profile = Profile($"meter_from_file: '{pattern}'");
            try
            {
                return profile.For(null, file).OnlyMeter;
            }
            catch (ImportRefused)
            {
                return null;
            }
        }

        static string Mistake(string line) => Assert.Throws<ImportRefused>(() => Profile(line)).Message;
    }

    [Fact]
    public void Wide_files_and_Green_Button_files_are_of_the_one_meter_too()
    {
        var wide = ProfileReader.Read("name: w\nshape: wide\nzone: Europe/London\ndates: [yyyy-MM-dd]\ncolumns:\n  date: [date]\n", "test");
        var text = "date," + string.Join(',', Enumerable.Range(1, 48).Select(i => $"hh{i}")) + "\n2026-01-01," + string.Join(',', Files.Count(48)) + "\n";
        var read = Files.Read(wide.For("w1", "x.csv"), text);
        Assert.Equal((48, "W1/import"), (read.Intervals.Count, read.Intervals[0].Of.Series));
        Assert.Contains("--meter NAME", Assert.Throws<ImportRefused>(() => Files.Read(wide, text)).Message);
        var green = "<feed><entry><link rel=\"self\" href=\"/UsagePoint/9\"/><content><UsagePoint/></content></entry><entry><link rel=\"self\" href=\"/UsagePoint/9/MeterReading/1/IntervalBlock/1\"/><content><IntervalBlock>"
            + "<IntervalReading><timePeriod><duration>1800</duration><start>1767225600</start></timePeriod><value>500</value></IntervalReading></IntervalBlock></content></entry></feed>";
        var profile = Files.Shipped("green-button");
        Assert.Equal("9/import", Files.Read(profile, green).Intervals.Single().Of.Series);
        Assert.Equal("ROOF/import", Files.Read(profile.For("roof", "x.xml"), green).Intervals.Single().Of.Series);
        var two = green.Replace("</feed>", "<entry><link rel=\"self\" href=\"/UsagePoint/10\"/><content><UsagePoint/></content></entry></feed>", StringComparison.Ordinal);
        Assert.Contains("several usage points", Assert.Throws<ImportRefused>(() => Files.Read(profile.For("roof", "x.xml"), two)).Message);
    }

    private static Profile Profile(string line) => ProfileReader.Read(Files.Shipped("long-csv").Text.Replace("  meter: [meter, meterid, mpan, mpancore, mprn, nmi, serial, meternumber, id]\n", "", StringComparison.Ordinal) + line + "\n", "test");
}
