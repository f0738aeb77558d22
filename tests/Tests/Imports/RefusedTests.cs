using Rondo.Imports;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>A file that is refused keeps its rejected rows, so that it can be corrected.</summary>
public sealed class RefusedTests
{
    [Theory, BothDatabases]
    public async Task All_rejected_rows_of_a_file_that_is_refused_are_kept_whatever_it_is_refused_for(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 10);
        var text = "meter,timestamp,value\nM1,x,1\n" + Files.Long(1, 30)["meter,timestamp,value\n".Length..] + "M1,y,2\nM1,z,3\n";

        // Too many: those behind the one too many as well.
        var many = await rig.ImportAsync(text, change: r => r with { MaxRejects = 1 }, until: "dead");
        Assert.Equal((0, 0, 3), (await rig.CountAsync("sample"), many.Units, many.Rejected));
        Assert.Equal(["1 2 x", "2 33 y", "3 34 z"], await RejectsAsync(rig, many.Id));

        // Unknown meters.
        var unknown = await rig.ImportAsync(text + "M2,2026-01-01T00:00Z,1\n", change: r => r with { Unknown = UnknownMeters.Refuse }, until: "dead");
        Assert.Equal(["1 2 x", "2 33 y", "3 34 z"], await RejectsAsync(rig, unknown.Id));

        // Totals.
        var profile = ProfileReader.Read(Files.Changed("wide-half-hours", "totals: refuse").Text.Replace("columns:\n", "columns:\n  total: [total]\n", StringComparison.Ordinal), "test");
        var totals = await rig.ImportAsync(
            $"meter,date,total,{string.Join(',', Enumerable.Range(1, 48).Select(i => $"hh{i}"))}\nM1,nonsense,48,{string.Join(',', Enumerable.Repeat("1", 48))}\nM1,2026-01-01,9,{string.Join(',', Enumerable.Repeat("1", 48))}\nM1,never,48,{string.Join(',', Enumerable.Repeat("1", 48))}\n",
            own: profile, until: "dead");
        Assert.Equal(["1 2 nonsense", "2 3 9", "3 4 never"], await RejectsAsync(rig, totals.Id));
        Assert.Equal(0, await rig.CountAsync("sample"));
    }

    [Theory, BothDatabases]
    public async Task A_file_that_is_refused_in_the_middle_keeps_what_was_rejected_before_and_behind_and_a_retry_counts_it_once(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 3);

        // A device has the series that the fifth row would be of.
        await TakeAsync(rig, "TAKEN/import");
        const string Text = "meter,timestamp,value\nM1,a,1\nM1,2026-01-01T00:00Z,1\nM1,2026-01-01T00:30Z,2\nM1,b,1\nTAKEN,2026-01-01T00:00Z,1\nM1,c,1\nM1,2026-01-01T01:00Z,3\nM1,d,1\n";
        var dead = await rig.ImportAsync(Text, until: "dead");
        Assert.Contains("series of a device", dead.LastError);
        Assert.Equal((3, 2, 4), (dead.Units, dead.Inserted, dead.Rejected));
        Assert.Equal(["1 2 a", "2 5 b", "3 7 c", "4 9 d"], await RejectsAsync(rig, dead.Id));

        // Refused once more, they are the same.
        Assert.Null((await rig.Imports.RetryAsync(dead.Id, null)).Refusal);
        await Rondo.Tests.Support.Eventually.TrueAsync(async () => (await rig.Imports.ShowAsync(dead.Id))!.Errors.Count == 2, "it was refused again", TimeSpan.FromMinutes(1));
        dead = await rig.UntilAsync(dead.Id, "dead");
        Assert.Equal((3, 4), (dead.Units, dead.Rejected));
        Assert.Equal(["1 2 a", "2 5 b", "3 7 c", "4 9 d"], await RejectsAsync(rig, dead.Id));

        // Taken at last, they are what they were.
        await rig.Store.ExecuteAsync("update series set name = 'FREE/import' where name = 'TAKEN/import'");
        Assert.Null((await rig.Imports.RetryAsync(dead.Id, null)).Refusal);
        var done = await rig.UntilAsync(dead.Id, "done");
        Assert.Equal((8, 4, 4), (done.Units, done.Inserted, done.Rejected));
        Assert.Equal(["1 2 a", "2 5 b", "3 7 c", "4 9 d"], await RejectsAsync(rig, dead.Id));
    }

    private static async Task TakeAsync(ImportRig rig, string name)
    {
        var before = await rig.ImportAsync("meter,timestamp,value\nOTHER,2025-01-01T00:00Z,1\n");
        await rig.UndoAsync(before.Id);
        await rig.Store.ExecuteAsync("update source set kind = 'poll_group' where name = 'OTHER'");
        await rig.Store.ExecuteAsync("update series set name = @name where name = 'OTHER/import'", new { name });
    }

    private static async Task<List<string>> RejectsAsync(ImportRig rig, long id) => [.. (await rig.Imports.RejectsAsync(id, 0)).Select(r => $"{r.No} {r.Line} {r.Value}")];
}
