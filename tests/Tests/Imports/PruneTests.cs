using Rondo.Imports;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Imports that ended long ago, their files, and what kills left behind.</summary>
public sealed class PruneTests
{
    private static readonly TimeSpan _month = TimeSpan.FromDays(30);

    [Theory, BothDatabases]
    public async Task Only_what_ended_long_ago_goes_with_its_file_and_details_and_its_values_stay(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var old = await rig.ImportAsync(Files.Long(1, 10) + "M1,x,1\n");
        var young = await rig.ImportAsync(Files.Long(2, 10));
        var dead = await rig.ImportAsync("no header that anybody knows\n1\n2\n", until: "dead");
        var waiting = await rig.ImportAsync("nor this one\n1\n2\n", until: "dead");
        foreach (var row in new[] { old, dead, waiting })
        {
            await rig.AgeAsync(row, 31);
        }

        await rig.AgeAsync(young, 29);
        await rig.AgeAsync(waiting, 400);
        Assert.Null((await rig.Imports.RetryAsync(waiting.Id, TimeSpan.FromDays(1))).Refusal);
        var values = await rig.ValuesAsync();

        // Only said, first.
        var dry = await rig.Imports.PruneAsync(_month, isDryRun: true);
        Assert.Equal([new PrunedState("dead", 1, dead.Bytes), new PrunedState("done", 1, old.Bytes)], dry.States);
        Assert.Equal((1, new FileTally(2, old.Bytes + dead.Bytes), new FileTally(0, 0), null), (dry.Active, dry.Files, dry.Orphans, dry.FilesKept));
        Assert.Equal([old.Id, dead.Id], dry.Imports.Select(i => i.Id));
        Assert.Equal((4, true), (await rig.CountAsync("import"), File.Exists(rig.FileOf(old))));

        var report = await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Equal(dry.States, report.States);
        Assert.Equal((dry.Files, 1), (report.Files, report.Active));
        Assert.Equal([young.Id, waiting.Id], await rig.Store.QueryAsync<long>("select id from import order by id"));
        Assert.Equal((false, false, true, true), (File.Exists(rig.FileOf(old)), File.Exists(rig.FileOf(dead)), File.Exists(rig.FileOf(young)), File.Exists(rig.FileOf(waiting))));
        Assert.Equal(values, await rig.ValuesAsync());
        foreach (var table in new[] { "import_error", "import_reject", "import_run", "import_correction" })
        {
            Assert.Empty(await rig.Store.QueryAsync<long>($"select import_id from {table} where import_id in ({old.Id}, {dead.Id})"));
        }

        // What is gone can be neither taken back nor run again, and says so; the same file is a new import that finds its values there.
        Assert.Null((await rig.Imports.UndoAsync(old.Id)).Row);
        Assert.Null((await rig.Imports.RetryAsync(dead.Id, null)).Row);
        var again = await rig.ImportAsync(Files.Long(1, 10) + "M1,x,1\n");
        Assert.Equal((10, 0), (again.Same, again.Inserted));
        var nothing = await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Equal((0, new FileTally(0, 0), new FileTally(0, 0), 0), (nothing.States.Count, nothing.Files, nothing.Orphans, nothing.Details));
    }

    [Theory, BothDatabases]
    public async Task What_is_being_taken_back_stays_and_a_file_that_another_import_names_too(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var text = Files.Long(1, 10);
        var first = await rig.UndoAsync((await rig.ImportAsync(text)).Id);
        var second = await rig.ImportAsync(text);
        Assert.Equal(rig.FileOf(first), rig.FileOf(second));
        await rig.AgeAsync(first, 40);
        var half = await rig.ImportAsync(Files.Long(2, 10));
        await rig.AgeAsync(half, 40);
        await rig.Store.ExecuteAsync("update import set undo_job_id = 999 where id = @Id", new { half.Id });
        var report = await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Equal([new PrunedState("done", 1, first.Bytes)], report.States);
        Assert.Equal((new FileTally(0, 0), 1), (report.Files, report.Active));
        Assert.True(File.Exists(rig.FileOf(second)));
        Assert.Equal([second.Id, half.Id], await rig.Store.QueryAsync<long>("select id from import order by id"));
    }

    [Theory, BothDatabases]
    public async Task Any_order_of_imports_undos_and_prunes_leaves_what_the_others_would_have(DatabaseKind kind)
    {
        // What was let go of counts like what was always there: whatever else is taken back, its values are as they would be.
        await using var rig = await ImportRig.StartAsync(kind, chunk: 4);
        var profile = Files.Changed("long-csv", "overlap: last-wins");
        var random = new Random(20_260_202);
        var live = new List<(ImportRow Row, Dictionary<int, int> Values, bool IsPruned)>();
        for (var step = 0; step < 30; step++)
        {
            var open = live.FindAll(l => !l.IsPruned);
            if (open.Count > 0 && random.Next(4) == 0)
            {
                var at = live.IndexOf(open[random.Next(open.Count)]);
                await rig.AgeAsync(live[at].Row, 50);
                Assert.Equal(1, (await rig.Imports.PruneAsync(_month, isDryRun: false)).States.Sum(s => s.Imports));
                live[at] = live[at] with { IsPruned = true };
            }
            else if (open.Count > 3 || (open.Count > 0 && random.Next(3) == 0))
            {
                var gone = open[random.Next(open.Count)];
                live.Remove(gone);
                await rig.UndoAsync(gone.Row.Id);
            }
            else
            {
                var values = Enumerable.Range(0, 8).Where(_ => random.Next(2) == 0).ToDictionary(i => i, i => (step * 100) + i);
                values[step % 8] = (step * 100) + 50;
                live.Add((await rig.ImportAsync("meter,timestamp,value\n" + string.Concat(values.OrderBy(v => v.Key).Select(v => $"M1,2026-01-01 0{v.Key}:00,{v.Value}\n")), own: profile), values, false));
            }

            var expected = new SortedDictionary<int, int>();
            foreach (var (at, value) in live.SelectMany(l => l.Values))
            {
                expected[at] = value;
            }

            Assert.Equal(expected.Select(e => $"M1/import 2026-01-01T0{e.Key}:00:00Z {e.Value} good"), await rig.ValuesAsync());
        }

        foreach (var left in live.Where(l => !l.IsPruned).ToList())
        {
            await rig.UndoAsync(left.Row.Id);
        }

        Assert.Contains(live, l => l.IsPruned);
        await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Equal((0, 0), (await rig.CountAsync("import_run"), await rig.CountAsync("import_correction")));
        Assert.Equal(live.Where(l => l.IsPruned).SelectMany(l => l.Values.Keys).Distinct().Count(), await rig.CountAsync("sample"));
    }

    [Theory, BothDatabases]
    public async Task Whoever_was_killed_between_row_and_file_leaves_it_to_the_next_run(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var old = await rig.ImportAsync(Files.Long(1, 10) + "M1,x,1\n");
        await rig.AgeAsync(old, 31);
        rig.Database.After = work => work == "imports.prune" ? SteeredDatabase.Away(work) : null;
        await Assert.ThrowsAsync<StorageFault>(() => rig.Imports.PruneAsync(_month, isDryRun: false));
        rig.Database.After = null;
        Assert.Equal((0, true, 1), (await rig.CountAsync("import"), File.Exists(rig.FileOf(old)), await rig.CountAsync("import_reject")));

        var dry = await rig.Imports.PruneAsync(_month, isDryRun: true);
        Assert.Equal((new FileTally(1, old.Bytes), old.Hash), (dry.Orphans, Assert.Single(dry.OrphanNames)));
        var report = await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Equal((new FileTally(1, old.Bytes), false, 2), (report.Orphans, File.Exists(rig.FileOf(old)), report.Details));
        Assert.Equal((0, 0), (await rig.CountAsync("import_reject"), await rig.CountAsync("import_run")));
    }

    [Theory, BothDatabases]
    public async Task Files_go_that_no_import_names_and_only_such_as_are_ours_and_not_arriving(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var kept = await rig.ImportAsync(Files.Long(1, 10));
        var lost = await rig.ImportAsync(Files.Long(2, 10));
        File.Delete(rig.FileOf(lost));
        var orphan = Put($"ab/ab{new string('0', 62)}", days: 2);
        var arriving = Put($"cd/cd{new string('0', 62)}", days: 0);
        var broken = Put("new-1", days: 2);
        var writing = Put("new-2", days: 0);
        var strange = Put($"ef/ab{new string('1', 62)}", days: 2);
        var theirs = Put("notes.txt", days: 2);

        var other = Put("database-elsewhere", days: 2);
        var refused = await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Contains("another database keeps files", refused.FilesKept);
        Assert.True(File.Exists(orphan));

        File.Delete(other);
        var report = await rig.Imports.PruneAsync(_month, isDryRun: false);
        Assert.Equal((2, 1, lost.Id), (report.Orphans.Count, report.WithoutFile, Assert.Single(report.WithoutFileIds)));
        Assert.Equal([false, true, false, true, true, true, true], new[] { orphan, arriving, broken, writing, strange, theirs, rig.FileOf(kept) }.Select(File.Exists));

        string Put(string name, int days)
        {
            var path = Path.Combine(rig.Options.Folder, name);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "x");
            File.SetLastWriteTimeUtc(path, DateTime.UtcNow.AddDays(-days));
            return path;
        }
    }

    [Theory, BothDatabases]
    public async Task A_file_that_is_let_go_of_while_it_is_handed_in_is_refused_and_no_row_is_without_its_file(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        rig.Database.Before = work =>
        {
            if (work == "imports.add")
            {
                Directory.Delete(rig.Options.Folder, recursive: true);
            }

            return null;
        };
        var refused = await Assert.ThrowsAsync<ImportRefused>(() => rig.AddAsync(Files.Long(1, 3)));
        Assert.Contains("hand it in again", refused.Message);
        Assert.Equal(0, await rig.CountAsync("import"));
        rig.Database.Before = null;
        Assert.True((await rig.AddAsync(Files.Long(1, 3))).IsNew);
    }

    [Theory, BothDatabases]
    public async Task Of_two_nodes_that_prune_at_once_each_import_goes_once(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        for (var i = 1; i <= 6; i++)
        {
            await rig.AgeAsync(await rig.ImportAsync(Files.Long(1, 5, plus: i)), 31);
        }

        await using var other = rig.Store.OpenAsCommand();
        await other.MeasureClockAsync();
        var reports = await Task.WhenAll(rig.Imports.PruneAsync(_month, isDryRun: false), rig.Beside(other).PruneAsync(_month, isDryRun: false));
        Assert.Equal((6, 6), (reports.Sum(r => r.States.Sum(s => s.Imports)), reports.Sum(r => r.Files.Count + r.Orphans.Count)));
        Assert.Equal((0, 0, 0), (await rig.CountAsync("import"), await rig.CountAsync("import_run"), await rig.CountAsync("import_correction")));
        Assert.DoesNotContain(Directory.EnumerateFiles(rig.Options.Folder, "*", SearchOption.AllDirectories), f => !Path.GetFileName(f).StartsWith("database-", StringComparison.Ordinal));
    }

    [Theory, BothDatabases]
    public async Task What_ended_without_a_word_is_written_down_and_kept_from_then_on(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        var id = (await rig.AddAsync(Files.Long(1, 3))).Id;
        Assert.Null((await rig.Jobs.ActAsync(JobVerb.Cancel, (await rig.Imports.ShowAsync(id))!.Row.JobId!.Value)).Refusal);
        Assert.Equal(("queued", "cancelled"), ((await rig.Imports.ShowAsync(id))!.Row.State, (await rig.Imports.ShowAsync(id))!.Row.StateNow));
        Assert.Empty((await rig.Imports.PruneAsync(_month, isDryRun: false)).States);
        var row = (await rig.Imports.ShowAsync(id))!.Row;
        Assert.Equal(("cancelled", true), (row.State, row.FinishedAt is not null));
        await rig.AgeAsync(row, 31);
        Assert.Equal([new PrunedState("cancelled", 1, row.Bytes)], (await rig.Imports.PruneAsync(_month, isDryRun: false)).States);
    }

    [Theory, BothDatabases]
    public async Task A_server_lets_go_by_itself_of_what_is_older_than_its_retention(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        await rig.AgeAsync(await rig.ImportAsync(Files.Long(1, 5)), 31);
        var forever = new ImportUpkeep(rig.Database, rig.Options with { Retention = null }, null, null, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        await forever.PassAsync();
        Assert.Equal(1, await rig.CountAsync("import"));
        var upkeep = new ImportUpkeep(rig.Database, rig.Options, null, null, TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance);
        await upkeep.PassAsync();
        Assert.Equal(0, await rig.CountAsync("import"));

        // Once a day, not with every look.
        await rig.AgeAsync(await rig.ImportAsync(Files.Long(1, 5)), 31);
        await upkeep.PassAsync();
        Assert.Equal(1, await rig.CountAsync("import"));
    }
}
