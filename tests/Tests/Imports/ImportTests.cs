using Rondo.Imports;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>From a file to readings, on both databases.</summary>
public sealed class ImportTests
{
    [Theory, BothDatabases]
    public async Task A_file_becomes_readings_of_a_series_for_each_meter_and_channel(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        var row = await rig.ImportAsync(Files.Long(meters: 3, values: 200));
        Assert.Equal((600, 600, 600, 0, 0, 0, row.Bytes), (row.Units, row.ValueCount, row.Inserted, row.Replaced, row.Same, row.Rejected, row.BytesRead));
        var values = await rig.ValuesAsync();
        Assert.Equal(600, values.Count);
        Assert.Equal(("M1/import 2026-01-01T00:00:00Z 0 good", "M3/import 2026-01-05T03:30:00Z 19.9 good"), (values[0], values[^1]));
        Assert.Equal(["M1/import kWh energy", "M2/import kWh energy", "M3/import kWh energy"], await rig.Store.QueryAsync<string>("select name || ' ' || unit || ' ' || kind from series where name like 'M%' order by 1"));
    }

    [Theory, BothDatabases]
    public async Task Channels_of_one_meter_share_a_row_whichever_file_brings_them(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        const string Head = "meter,channel,timestamp,value,status\n";
        await rig.ImportAsync(Head + "M1,import,2026-01-01T00:00Z,1,A\nM1,export,2026-01-01T00:00Z,2,E\nM1,import,2026-01-01T00:30Z,3,A\n");
        await rig.ImportAsync(Head + "M1,reactive,2026-01-01T00:00Z,4,A\nM1,export,2026-01-01T00:30Z,5,A\n");
        Assert.Equal(2, await rig.CountAsync("sample"));
        Assert.Equal(1, await rig.CountAsync("source"));
        Assert.Equal(
            ["M1/export 2026-01-01T00:00:00Z 2 suspect", "M1/export 2026-01-01T00:30:00Z 5 good", "M1/import 2026-01-01T00:00:00Z 1 good", "M1/import 2026-01-01T00:30:00Z 3 good", "M1/reactive 2026-01-01T00:00:00Z 4 good"],
            await rig.ValuesAsync());
    }

    [Theory, BothDatabases]
    public async Task A_year_of_half_hours_has_17520_on_either_shape_of_file(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var text = new System.Text.StringBuilder(Files.WideHeader(50));
        for (var day = new DateOnly(2025, 1, 1); day.Year == 2025; day = day.AddDays(1))
        {
            var count = day == new DateOnly(2025, 3, 30) ? 46 : day == new DateOnly(2025, 10, 26) ? 50 : 48;
            text.Append(Files.WideRow("M1", day.ToString("yyyy-MM-dd"), Files.Count(count)));
        }

        var row = await rig.ImportAsync(text.ToString(), "wide-half-hours");
        Assert.Equal((365, 17_520, 17_520), (row.Units, row.ValueCount, row.Inserted));
        Assert.Equal(17_520, await rig.CountAsync("sample"));

        // Every half hour of the year once: nothing is missing between the first and the last.
        Assert.Equal((17_520 - 1) * 1_800L, (long)((await rig.Store.ScalarAsync<Instant>("select max(at) from sample")) - await rig.Store.ScalarAsync<Instant>("select min(at) from sample")).TotalSeconds);
    }

    [Theory, BothDatabases]
    public async Task The_same_file_again_changes_nothing_and_says_so(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var text = Files.Long(1, 10);
        var first = await rig.ImportAsync(text);
        Assert.Equal(new ImportAdded(first.Id, false), await rig.AddAsync(text));

        // At once by many: one import.
        var other = Files.Long(1, 10, plus: 5);
        var added = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => rig.AddAsync(other)));
        Assert.Single(added, a => a.IsNew);
        Assert.Single(added.Select(a => a.Id).Distinct());
        await rig.UntilAsync(added[0].Id, "done");
        Assert.Equal(2, await rig.CountAsync("import"));

        // Once it is taken back, it may be imported anew.
        await rig.UndoAsync(added[0].Id);
        Assert.True((await rig.AddAsync(other)).IsNew);
    }

    [Theory, BothDatabases]
    public async Task Rejected_rows_are_kept_and_can_be_corrected_and_imported_again(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 3);
        var text = "meter;timestamp;value;note\nM1;2026-01-01T00:00Z;1;a\nM1;2026-01-01T00:30Z;x;=cmd()\nM1;2026-01-01T01:00Z;-5;\"b;\"\"c\"\nM1;2026-01-01T01:30Z;4;-1\nM1;nonsense;4;\n";
        var row = await rig.ImportAsync(text);
        Assert.Equal((2, 3, 5), (row.Inserted, row.Rejected, row.Units));
        var rejects = await rig.Imports.RejectsAsync(row.Id, 0);
        Assert.Equal(["3 value x bad_number", "4 value -5 negative", "6 timestamp nonsense bad_time"], rejects.Select(r => $"{r.Line} {r.Field} {r.Value} {r.Reason}"));
        Assert.Equal("M1;2026-01-01T00:30Z;x;=cmd()", rejects[0].Raw);
        var csv = Csv(row, rejects);
        Assert.Equal(
            "meter,timestamp,value,note,rondo_line,rondo_column,rondo_value,rondo_reason\r\nM1,2026-01-01T00:30Z,x,'=cmd(),3,value,x,bad_number\r\nM1,2026-01-01T01:00Z,-5,\"b;\"\"c\",4,value,-5,negative\r\nM1,nonsense,4,,6,timestamp,nonsense,bad_time\r\n",
            csv);
        var again = await rig.ImportAsync(csv.Replace(",x,", ",2,").Replace(",-5,", ",3,").Replace("M1,nonsense", "M1,2026-01-01T02:00Z"));
        Assert.Equal((3, 0), (again.Inserted, again.Rejected));
        Assert.Equal(5, (await rig.ValuesAsync()).Count);
    }

    [Theory, BothDatabases]
    public async Task A_file_that_would_have_too_many_rejects_or_unknown_meters_is_refused_whole(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 10);
        var text = Files.Long(1, 100) + "M1,x,1\nM1,y,2\n";
        var refused = await rig.ImportAsync(text, change: r => r with { MaxRejects = 1 }, until: "dead");
        Assert.Contains("more than 1 rows would be rejected, the first one in line 102: bad_time", refused.LastError);
        Assert.Equal((0, 2, 2), (await rig.CountAsync("sample"), await rig.CountAsync("import_reject"), refused.Rejected));
        var unknown = await rig.ImportAsync(Files.Long(2, 10), change: r => r with { Unknown = Rondo.Imports.Profiles.UnknownMeters.Refuse }, until: "dead");
        Assert.Contains("2 series are not known: M1/import, M2/import", unknown.LastError);
        Assert.Equal(0, await rig.CountAsync("source"));

        // So is one that is no such file at all.
        Assert.Contains("no header", (await rig.ImportAsync("what,is,this\n1,2,3\n", until: "dead")).LastError);

        // A permanent error is not tried again, and is kept.
        var details = (await rig.Imports.ShowAsync(unknown.Id))!;
        Assert.Equal((true, 1, 0), (details.Errors.Single().IsPermanent, details.Errors.Count, unknown.RetryCount));
        Assert.Equal(102, (await rig.ImportAsync(text, change: r => r with { MaxRejects = 2 })).Units);
        var skipped = await rig.ImportAsync(Files.Long(2, 10, plus: 1), change: r => r with { Unknown = Rondo.Imports.Profiles.UnknownMeters.Skip });
        Assert.Equal((20, 10, 10), (skipped.ValueCount, skipped.Skipped, skipped.Replaced));
        Assert.Equal(1, await rig.CountAsync("source"));
    }

    [Theory, BothDatabases]
    public async Task What_cannot_be_taken_leaves_nothing(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var small = new ImportOperations(rig.Database, null!, null!, rig.Options with { MaxBytes = 100 }, null, TimeProvider.System);
        var request = new ImportRequest { File = "../../etc/passwd", Profile = Files.Shipped("long-csv") };
        Assert.Contains("more than 100 bytes", (await Assert.ThrowsAsync<ImportRefused>(() => small.AddAsync(request, new MemoryStream(new byte[101]), default))).Message);
        Assert.Contains("empty", (await Assert.ThrowsAsync<ImportRefused>(() => small.AddAsync(request, new MemoryStream(), default))).Message);
        Assert.Contains("tags", (await Assert.ThrowsAsync<ImportRefused>(() => rig.Imports.AddAsync(request with { Tags = [""] }, new MemoryStream([1]), default))).Message);
        Assert.Equal(0, await rig.CountAsync("import"));
        Assert.DoesNotContain(Directory.EnumerateFiles(rig.Options.Folder), f => Path.GetFileName(f).StartsWith("new-"));

        // The name that somebody gave is never a path.
        await rig.Imports.AddAsync(request, new MemoryStream("no meter file"u8.ToArray()), default);
        Assert.All(Directory.EnumerateFiles(rig.Options.Folder, "*", SearchOption.AllDirectories), f => Assert.Matches("^([0-9a-f]{2}/[0-9a-f]{64}|database-[0-9a-f-]+)$", Path.GetRelativePath(rig.Options.Folder, f)));
    }

    private static string Csv(ImportRow row, IReadOnlyList<ImportRejectRow> rejects)
    {
        var text = new StringWriter();
        string? context = null;
        RejectFile.Begin(text, row);
        RejectFile.Write(text, row, rejects, ref context);
        RejectFile.End(text, row);
        return text.ToString();
    }
}
