using Rondo.Imports;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>Files that overlap, and files that are taken back.</summary>
public sealed class OverlapTests
{
    private const string Head = "meter,timestamp,value,status\n";

    // Actual, estimated, actual; and the other way round, with other numbers.
    private const string First = Head + "M1,2026-01-01T00:00Z,1,A\nM1,2026-01-01T00:30Z,2,E\nM1,2026-01-01T01:00Z,3,A\nM1,2026-01-01T01:30Z,4,A\n";
    private const string Second = Head + "M1,2026-01-01T00:00Z,10,E\nM1,2026-01-01T00:30Z,20,A\nM1,2026-01-01T01:00Z,30,A\nM1,2026-01-01T01:30Z,4,A\nM1,2026-01-01T02:00Z,50,A\n";

    [Theory]
    [InlineData(DatabaseKind.Sqlite, "keep-first", "1 2 3 4 50", 0, 3)]
    [InlineData(DatabaseKind.Postgres, "keep-first", "1 2 3 4 50", 0, 3)]
    [InlineData(DatabaseKind.Sqlite, "last-wins", "10 20 30 4 50", 3, 0)]
    [InlineData(DatabaseKind.Postgres, "last-wins", "10 20 30 4 50", 3, 0)]
    [InlineData(DatabaseKind.Sqlite, "higher-quality-wins", "1 20 30 4 50", 2, 1)]
    [InlineData(DatabaseKind.Postgres, "higher-quality-wins", "1 20 30 4 50", 2, 1)]
    public async Task Which_value_stays_is_the_rule_of_the_profile_and_what_was_replaced_is_kept_aside(DatabaseKind kind, string rule, string expected, int replaced, int kept)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 2);
        var profile = Files.Changed("long-csv", $"overlap: {rule}");
        var first = await rig.ImportAsync(First, own: profile);
        var before = await rig.ValuesAsync();
        var second = await rig.ImportAsync(Second, own: profile);
        Assert.Equal(expected, string.Join(' ', (await rig.ValuesAsync()).Select(v => v.Split(' ')[2])));
        Assert.Equal((5, 1, replaced, kept, 1), (second.ValueCount, second.Inserted, second.Replaced, second.Kept, second.Same));
        var corrections = await rig.Store.QueryAsync<string>("select cast(old_value as text) || ' ' || old_mark || ' of ' || former_import from import_correction order by at");
        Assert.Equal(replaced, corrections.Count);
        Assert.All(corrections, c => Assert.EndsWith($" of {first.Id}", c));

        // Taken back, everything is as it was.
        var undone = await rig.UndoAsync(second.Id);
        Assert.Equal((1, replaced, 0), (undone.UndoDeleted, undone.UndoRestored, undone.UndoKept));
        Assert.Equal(before, await rig.ValuesAsync());
        Assert.Equal((0, 1), (await rig.CountAsync("import_correction"), await rig.CountAsync("(select distinct import_id from import_run) r")));
        await rig.UndoAsync(first.Id);
        Assert.Equal((0, 0, 0), (await rig.CountAsync("sample"), await rig.CountAsync("import_run"), await rig.CountAsync("import_correction")));
    }

    [Theory, BothDatabases]
    public async Task In_one_file_the_later_row_counts_also_across_chunks(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 2);
        var profile = Files.Changed("long-csv", "overlap: keep-first");
        var row = await rig.ImportAsync(Head + "M1,2026-01-01T00:00Z,0,A\nM1,2026-01-01T00:00Z,1,A\nM1,2026-01-01T00:30Z,2,A\nM1,2026-01-01T00:00Z,3,A\nM1,2026-01-01T00:30Z,2,A\n", own: profile);
        Assert.Equal(["M1/import 2026-01-01T00:00:00Z 3 good", "M1/import 2026-01-01T00:30:00Z 2 good"], await rig.ValuesAsync());
        Assert.Equal((5, 2, 2, 1, 0), (row.ValueCount, row.Inserted, row.Replaced, row.Same, row.Kept));
        Assert.Equal(0, await rig.CountAsync("import_correction"));
        await rig.UndoAsync(row.Id);
        Assert.Equal(0, await rig.CountAsync("sample"));
    }

    [Theory, BothDatabases]
    public async Task Values_that_a_later_import_owns_by_now_stay_and_go_back_to_what_was_before_both(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 3);
        var a = await rig.ImportAsync(Files.Long(1, 6));
        var original = await rig.ValuesAsync();
        var b = await rig.ImportAsync(Files.Long(1, 9, plus: 100));
        var c = await rig.ImportAsync(Files.Long(1, 8, from: "2026-01-01T01:00:00Z", plus: 200));
        var latest = await rig.ValuesAsync();

        // b replaced six of a's and brought three; c replaced seven of b's and brought one.
        Assert.Equal((6, 3, 7, 1), (b.Replaced, b.Inserted, c.Replaced, c.Inserted));
        var undone = await rig.UndoAsync(b.Id);
        Assert.Equal((0, 2, 7), (undone.UndoDeleted, undone.UndoRestored, undone.UndoKept));
        Assert.Equal([.. original.Take(2), .. latest.Skip(2)], await rig.ValuesAsync());

        // Now c has replaced four of a's, and brought four.
        undone = await rig.UndoAsync(c.Id);
        Assert.Equal((4, 4, 0), (undone.UndoDeleted, undone.UndoRestored, undone.UndoKept));
        Assert.Equal(original, await rig.ValuesAsync());
        Assert.Contains("taken back", (await rig.Imports.UndoAsync(c.Id)).Refusal);
        Assert.Contains("taken back", (await rig.Imports.RetryAsync(c.Id, null)).Refusal);
        await rig.UndoAsync(a.Id);
        Assert.Equal((0, 0, 0), (await rig.CountAsync("sample"), await rig.CountAsync("import_run"), await rig.CountAsync("import_correction")));
    }

    [Theory, BothDatabases]
    public async Task Any_order_of_imports_and_undos_leaves_what_the_others_would_have(DatabaseKind kind)
    {
        // Random files of few values that overlap; whatever is taken back in whatever order, the end is empty, and no owner is left behind.
        await using var rig = await ImportRig.StartAsync(kind, chunk: 4);
        var profile = Files.Changed("long-csv", "overlap: last-wins");
        var random = new Random(20_260_101);
        var live = new List<(long Id, Dictionary<int, int> Values)>();
        for (var step = 0; step < 24; step++)
        {
            if (live.Count > 3 || (live.Count > 0 && random.Next(3) == 0))
            {
                var gone = live[random.Next(live.Count)];
                live.Remove(gone);
                await rig.UndoAsync(gone.Id);
            }
            else
            {
                var values = Enumerable.Range(0, 8).Where(_ => random.Next(2) == 0).ToDictionary(i => i, i => (step * 100) + i);
                values[step % 8] = (step * 100) + 50;
                var row = await rig.ImportAsync("meter,timestamp,value\n" + string.Concat(values.OrderBy(v => v.Key).Select(v => $"M1,2026-01-01 0{v.Key}:00,{v.Value}\n")), own: profile);
                live.Add((row.Id, values));
            }

            // The last of those that are left has the say on each value.
            var expected = new SortedDictionary<int, int>();
            foreach (var (at, value) in live.SelectMany(l => l.Values))
            {
                expected[at] = value;
            }

            Assert.Equal(expected.Select(e => $"M1/import 2026-01-01T0{e.Key}:00:00Z {e.Value} good"), await rig.ValuesAsync());
        }

        foreach (var (id, _) in live)
        {
            await rig.UndoAsync(id);
        }

        Assert.Equal((0, 0, 0), (await rig.CountAsync("sample"), await rig.CountAsync("import_run"), await rig.CountAsync("import_correction")));
    }
}
