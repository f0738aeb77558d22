using Rondo.Imports;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>Values that were replaced, as people ask for them.</summary>
public sealed class CorrectionTests
{
    [Theory, BothDatabases]
    public async Task Each_replaced_value_is_told_with_old_and_new_and_by_which_import(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 2);
        var a = await rig.ImportAsync("meter,timestamp,value,status\nM1,2026-01-01T00:00Z,1,A\nM1,2026-01-01T00:30Z,2,E\nM2,2026-01-01T00:00Z,3,A\n");
        var b = await rig.ImportAsync("meter,timestamp,value,status\nM2,2026-01-01T00:00Z,30,A\nM1,2026-01-01T00:00Z,1,A\nM1,2026-01-01T00:30Z,20,A\n");
        Assert.Equal(["M1/import 2026-01-01T00:30:00Z 2 e of 1 is 20 . by 2, then ", "M2/import 2026-01-01T00:00:00Z 3 . of 1 is 30 . by 2, then "], await ToldAsync(rig, b.Id));
        Assert.Empty(await ToldAsync(rig, a.Id));

        // What is replaced again says by whom, and keeps what it was.
        var c = await rig.ImportAsync("meter,timestamp,value\nM2,2026-01-01T00:00Z,300\n");
        Assert.Equal("M2/import 2026-01-01T00:00:00Z 3 . of 1 is 30 . by 2, then 3", (await ToldAsync(rig, b.Id))[1]);
        Assert.Equal(["M2/import 2026-01-01T00:00:00Z 30 . of 2 is 300 . by 3, then "], await ToldAsync(rig, c.Id));

        // Without the one in between, the last one replaced the first.
        await rig.UndoAsync(b.Id);
        Assert.Equal(["M2/import 2026-01-01T00:00:00Z 3 . of 1 is 300 . by 3, then "], await ToldAsync(rig, c.Id));
        Assert.Empty(await ToldAsync(rig, b.Id));
    }

    [Theory, BothDatabases]
    public async Task A_file_that_says_a_value_twice_has_replaced_by_what_it_said_last(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 1);
        await rig.ImportAsync("meter,timestamp,value\nM1,2026-01-01T00:00Z,1\n");
        var twice = await rig.ImportAsync("meter,timestamp,value\nM1,2026-01-01T00:00Z,2\nM1,2026-01-01T00:00Z,3\n");
        Assert.Equal(["M1/import 2026-01-01T00:00:00Z 1 . of 1 is 3 . by 2, then "], await ToldAsync(rig, twice.Id));
    }

    [Theory, BothDatabases]
    public async Task Pages_of_any_size_give_all_of_them_once_and_so_does_the_file(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 50);
        await rig.ImportAsync(Files.Long(3, 40));
        var id = (await rig.ImportAsync(Files.Long(3, 40, plus: 7))).Id;
        var all = await rig.Imports.CorrectionsAsync(id, default, ImportOperations.PageSize);
        Assert.Equal(120, all.Count);
        foreach (var size in new[] { 1, 7, 40, 120 })
        {
            List<ImportCorrectionRow> found = [];
            for (CorrectionPlace after = default; await rig.Imports.CorrectionsAsync(id, after, size) is { Count: > 0 } page;)
            {
                found.AddRange(page);
                Assert.True(CorrectionPlace.TryParse(CorrectionPlace.Of(page[^1]).ToString(), out after));
            }

            Assert.Equal(all.Select(c => (c.Series, c.At)), found.Select(c => (c.Series, c.At)));
        }

        var text = new StringWriter();
        CorrectionFile.Begin(text);
        CorrectionFile.Write(text, all.Take(1));
        Assert.Equal(
            $"series,at,old_value,old_quality,former_import,new_value,new_quality,import,corrected_at,replaced_by\r\nM1/import,2026-01-01T00:00:00Z,0,actual,1,0.7,actual,2,{all[0].CorrectedAt},\r\n", text.ToString());
        Assert.All(["", "1", "-1", "x-1", "1-x", "1-9999999999999999999"], bad => Assert.False(CorrectionPlace.TryParse(bad, out _)));
    }

    private static async Task<List<string>> ToldAsync(ImportRig rig, long id) =>
        [.. (await rig.Imports.CorrectionsAsync(id, default, 100)).OrderBy(c => c.Series, StringComparer.Ordinal).Select(c => FormattableString.Invariant($"{c.Series} {c.At} {c.OldValue} {c.OldMark} of {c.FormerImport} is {c.NewValue} {c.NewMark} by {c.ImportId}, then {c.ReplacedBy}"))];
}
