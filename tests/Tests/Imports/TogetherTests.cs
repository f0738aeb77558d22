using Npgsql;
using Rondo.Imports;
using Rondo.Imports.Formats;
using Rondo.Imports.Load;
using Rondo.Imports.Profiles;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>What several do at the same time, and what is asked for in the middle of something else.</summary>
public sealed class TogetherTests
{
    [Theory, BothDatabases]
    public async Task Two_hundred_files_at_once_are_all_imported_whole(DatabaseKind kind)
    {
        // Each brings a meter of its own, and an hour of one that all of them have: who makes it is whoever is first.
        await using var rig = await ImportRig.StartAsync(kind, workers: 8);
        var start = new DateTime(2026, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        var added = new ImportAdded[200];
        await Parallel.ForAsync(0, added.Length, new ParallelOptions { MaxDegreeOfParallelism = 16 }, async (i, _) =>
        {
            var own = string.Concat(Enumerable.Range(0, 48).Select(n => $"M{i},{start.AddMinutes(30 * n):yyyy-MM-dd'T'HH:mm'Z'},{n}\n"));
            var shared = string.Concat(Enumerable.Range(0, 2).Select(n => $"ALL,{start.AddMinutes(30 * (n + (2 * i))):yyyy-MM-dd'T'HH:mm'Z'},{i}\n"));
            added[i] = await rig.AddAsync("meter,timestamp,value\n" + own + shared);
        });
        await Eventually.GetAsync(
            async () => string.Join("; ", await rig.Store.QueryAsync<string>("select state || ' ' || count(*) || ' ' || coalesce(max(last_error), '') from import group by state order by state")),
            states => states.Trim() == "done 200",
            "all are imported",
            TimeSpan.FromSeconds(240));
        Assert.Equal((200, 200), (added.Count(a => a.IsNew), added.Select(a => a.Id).Distinct().Count()));
        Assert.Equal((200 * 50, 201), (await rig.CountAsync("reading"), await rig.CountAsync("source")));
        Assert.Equal(0, await rig.CountAsync("(select series from reading group by series having count(*) <> 48 and series <> 'ALL/import') w"));
        Assert.Equal(400, await rig.Store.ScalarAsync<long>("select count(*) from reading where series = 'ALL/import'"));
        Assert.Equal(200 * 50, await rig.Store.ScalarAsync<long>("select cast(sum(inserted) as {bigint}) from import"));
        Assert.Equal(0, await rig.CountAsync("import_error"));
    }

    [Theory, BothDatabases]
    public async Task Series_that_were_made_by_what_was_undone_are_made_again(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        var channel = new MeterChannel("M1", "import", "kWh");
        await Assert.ThrowsAsync<ArithmeticException>(() => rig.Database.WriteAsync("imports.series", tx =>
        {
            SeriesPlaces.Make(tx, [channel]);
            throw new ArithmeticException();
        }));
        await rig.Database.WriteAsync("imports.series", tx => SeriesPlaces.Make(tx, [channel]));
        Assert.Equal(channel.Place!.SeriesId, await rig.Store.ScalarAsync<long>("select id from series where name = 'M1/import'"));
    }

    [Theory, BothDatabases]
    public async Task A_file_that_ends_in_the_middle_of_a_line_is_taken_up_to_there_and_the_whole_one_completes_it(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        const string Whole = "meter,timestamp,value\nM1,2026-01-01T00:00Z,1.5\nM1,2026-01-01T00:30Z,12.75\n";
        var line = Whole.IndexOf("M1,2026-01-01T00:30Z", StringComparison.Ordinal);
        for (var end = line + 1; end < Whole.Length; end += 4)
        {
            var cut = await rig.ImportAsync(Whole[..end]);
            Assert.Equal((1, 1), (cut.Inserted + cut.Same, cut.Rejected));
            Assert.Equal("unfinished", (await rig.Imports.RejectsAsync(cut.Id, 0)).Single().Reason);
            Assert.Equal(["M1/import 2026-01-01T00:00:00Z 1.5 good"], await rig.ValuesAsync());
        }

        var row = await rig.ImportAsync(Whole);
        Assert.Equal((1, 1, 0), (row.Inserted, row.Same, row.Rejected));
        Assert.Equal("M1/import 2026-01-01T00:30:00Z 12.75 good", (await rig.ValuesAsync())[1]);
    }

    [Theory, BothDatabases]
    public async Task What_is_run_again_while_its_cancelled_run_still_stands_is_stored_once_by_the_new_run(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        using var gate = new ManualResetEventSlim();
        var stands = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var chunks = 0;
        rig.Database.Before = work =>
        {
            if (work == "imports.chunk" && Interlocked.Increment(ref chunks) == 3)
            {
                stands.SetResult();
                gate.Wait(TimeSpan.FromMinutes(1));
            }

            return null;
        };
        var id = (await rig.AddAsync(Files.Long(1, 1_000))).Id;
        await stands.Task.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Null((await rig.Imports.CancelAsync(id)).Refusal);
        var again = await Task.WhenAll(rig.Imports.RetryAsync(id, null), rig.Imports.RetryAsync(id, null));
        Assert.Single(again, a => a.Refusal is null);
        gate.Set();
        var row = await rig.UntilAsync(id, "done");
        await Eventually.TrueAsync(() => rig.IsIdle, "both runs are over");
        Assert.Equal((1_000, 1_000, "done"), (row.Inserted, await rig.CountAsync("sample"), (await rig.Imports.ShowAsync(id))!.Row.State));
    }

    [Theory, BothDatabases]
    public async Task An_import_is_taken_back_once_however_often_that_is_asked_for_and_its_file_waits_for_it(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var text = Files.Long(1, 2_000);
        var row = await rig.ImportAsync(text);
        using var gate = new ManualResetEventSlim();
        rig.Database.Before = work =>
        {
            if (work == "imports.undo.slice")
            {
                gate.Wait(TimeSpan.FromMinutes(1));
            }

            return null;
        };
        var asked = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => rig.Imports.UndoAsync(row.Id)));
        Assert.Single(asked, a => a.Refusal is null);
        Assert.All(asked.Where(a => a.Refusal is not null), a => Assert.Contains("it is being taken back by job", a.Refusal));
        Assert.Contains("is being taken back as import", (await Assert.ThrowsAsync<ImportRefused>(() => rig.AddAsync(text))).Message);
        Assert.Contains("taken back", (await rig.Imports.RetryAsync(row.Id, null)).Refusal);
        gate.Set();
        await Eventually.TrueAsync(async () => (await rig.Imports.ShowAsync(row.Id))!.Row.UndoneAt is not null, "it is taken back");
        var undone = (await rig.Imports.ShowAsync(row.Id))!.Row;
        Assert.Equal((2_000, 0, 0), (undone.UndoDeleted, undone.UndoRestored, await rig.CountAsync("sample")));
        Assert.Equal(2_000, (await rig.ImportAsync(text)).Inserted);
    }

    [Theory, BothDatabases]
    public async Task A_slice_of_an_undo_that_somebody_was_in_the_way_of_is_tried_again_in_the_same_attempt(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var row = await rig.ImportAsync(Files.Long(1, 1_200));
        var slices = 0;
        rig.Database.Before = work => work == "imports.undo.slice" && Interlocked.Increment(ref slices) is 1 or 2 or 3 or 5 ? (StorageFault?)new StorageFault(StorageFaultKind.Busy, "the test was in the way") : null;
        var undone = await rig.UndoAsync(row.Id);
        Assert.Equal((1_200, 0), (undone.UndoDeleted, await rig.CountAsync("sample")));
        Assert.True(slices >= 8, $"{slices} slices were tried");
        Assert.Equal(0, await rig.CountAsync("job_failure"));
    }

    [Fact]
    public async Task What_another_import_replaces_while_it_is_taken_back_stays()
    {
        // The other import has replaced a value and has not committed yet when undo comes to that value: undo waits, and finds whose it is by then.
        await using var rig = await ImportRig.StartAsync(DatabaseKind.Postgres);
        var first = await rig.ImportAsync(Files.Long(1, 3, plus: 1));
        await using var link = new NpgsqlConnection(rig.Store.Address.Target);
        await link.OpenAsync();
        await using var other = await link.BeginTransactionAsync();
        await ExecuteAsync("update sample set vals = array[99] where at = '2026-01-01T00:30:00Z'");
        await ExecuteAsync($"""
            insert into import_correction (series_id, at, import_id, former_import, old_value, old_mark, corrected_at)
            select id, '2026-01-01T00:30:00Z', 999, {first.Id}, 0.2, '.', now() from series where name = 'M1/import'
            """);
        Assert.Null((await rig.Imports.UndoAsync(first.Id)).Refusal);
        await Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'") > 0, "undo waits for the value");
        await other.CommitAsync();
        await Eventually.TrueAsync(async () => (await rig.Imports.ShowAsync(first.Id))!.Row.UndoneAt is not null, "it is taken back");
        Assert.Equal(["M1/import 2026-01-01T00:30:00Z 99 good"], await rig.ValuesAsync());
        Assert.Equal((2, 1), ((await rig.Imports.ShowAsync(first.Id))!.Row.UndoDeleted, (await rig.Imports.ShowAsync(first.Id))!.Row.UndoKept));

        async Task ExecuteAsync(string sql)
        {
            await using var command = new NpgsqlCommand(sql, link, other);
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }
    }

    [Theory, BothDatabases]
    public async Task A_run_whose_end_could_not_be_written_down_is_over_all_the_same_and_may_be_run_again(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        var chunks = 0;
        rig.Database.Before = work => work == "imports.fail" || (work == "imports.chunk" && Interlocked.Increment(ref chunks) == 3) ? SteeredDatabase.Away(work) : null;
        var id = (await rig.AddAsync(Files.Long(1, 1_000))).Id;
        var row = await rig.UntilAsync(id, "failed");
        Assert.Equal(("running", 200, true), (row.State, row.Units, row.RetryAtNow > row.ProgressAt));
        Assert.Contains("the test took the database away", row.ErrorNow);
        Assert.Equal(1, (await rig.Imports.MonitorAsync(new ImportLimits())).Depth.Failed);
        rig.Database.Before = null;
        Assert.Null((await rig.Imports.RetryAsync(id, null)).Refusal);
        Assert.Equal((1_000, 1_000), ((await rig.UntilAsync(id, "done")).Inserted, await rig.CountAsync("sample")));
    }

    [Theory, BothDatabases]
    public async Task A_profile_that_is_changed_changes_no_import_that_was_accepted(DatabaseKind kind)
    {
        using var folder = new TempFolder();
        var path = folder.Write("mine.yaml", Files.Changed("long-csv", "unit: MWh").Text);
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        var id = (await rig.AddAsync(Files.Long(1, 2), own: ProfileCatalogue.ReadFile(path))).Id;
        Assert.Null((await rig.Imports.CancelAsync(id)).Refusal);
        File.WriteAllText(path, Files.Changed("long-csv", "unit: Wh").Text);
        Assert.Null((await rig.Imports.RetryAsync(id, null)).Refusal);
        rig.Run();
        await rig.UntilAsync(id, "done");
        Assert.Equal("M1/import 2026-01-01T00:30:00Z 100 good", (await rig.ValuesAsync())[1]);
    }
}
