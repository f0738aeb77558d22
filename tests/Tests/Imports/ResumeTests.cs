using Rondo.Imports;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Whatever ends an import in between, the next run goes on behind the last chunk that was stored.</summary>
public sealed class ResumeTests
{
    [Theory, BothDatabases]
    public async Task A_fault_before_or_after_any_commit_loses_no_row_and_doubles_none(DatabaseKind kind)
    {
        // Meters row by row, with rejects in between and a day on which clocks are put back: what is read again must come out as it did.
        var times = new[] { "00:00", "00:30", "01:00", "01:30", "01:00", "01:30", "02:00", "02:30", "03:00" };
        var text = "meter,timestamp,value\n" + string.Concat(times.SelectMany((t, i) => new[] { $"A,2024-10-27 {t},{i}\n", $"B,2024-10-27 {t},{i}\n", i % 3 == 0 ? "A,x,1\n" : "" }));
        await using var rig = await ImportRig.StartAsync(kind, chunk: 3);
        var profile = Files.Changed("long-csv", "zone: Europe/London");
        var calls = 0;
        var failing = 0;
        rig.Database.Before = work => work == "imports.chunk" && Interlocked.Increment(ref calls) is var n && n % 3 == 2 && Interlocked.Increment(ref failing) > 0 ? SteeredDatabase.Away(work) : null;
        rig.Database.After = work => work == "imports.chunk" && calls % 3 == 1 && Interlocked.Increment(ref failing) > 0 ? SteeredDatabase.Away(work) : null;
        var id = (await rig.AddAsync(text, own: profile)).Id;
        var runs = 1;
        for (var row = await EndedAsync(); row.State != "done"; row = await EndedAsync())
        {
            Assert.Equal(("failed", true), (row.State, row.RetryAt > row.ProgressAt));
            Assert.Null((await rig.Imports.RetryAsync(id, null)).Refusal);
            Assert.True(++runs < 20);
        }

        Assert.True(failing > 3, $"{failing} faults");
        var details = (await rig.Imports.ShowAsync(id))!;
        Assert.Equal((18, 18, 3, 21), (details.Row.Inserted, details.Row.ValueCount, details.Row.Rejected, details.Row.Units));
        Assert.Equal([1L, 2, 3], (await rig.Imports.RejectsAsync(id, 0)).Select(r => r.No));
        var values = await rig.ValuesAsync();
        Assert.Equal(18, values.Count);
        Assert.Equal(Enumerable.Range(0, 9).Select(i => $"A/import {new Instant(1_729_983_600_000_000) + TimeSpan.FromMinutes(30 * i)} {i} good"), values.Take(9));
        Assert.All(details.Errors, e => Assert.False(e.IsPermanent));
        Assert.InRange(details.Errors.Count, 3, runs);

        Task<ImportRow> EndedAsync() => Eventually.GetAsync(async () => (await rig.Imports.ShowAsync(id))!.Row, r => r.State is "done" or "failed" or "dead", "a run has ended");
    }

    [Theory, BothDatabases]
    public async Task A_cancelled_import_stores_nothing_more_and_may_go_on_later(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        var gate = new TaskCompletionSource();
        var reached = new TaskCompletionSource();
        var chunks = 0;
        rig.Database.Before = work =>
        {
            if (work == "imports.chunk" && Interlocked.Increment(ref chunks) == 3)
            {
                reached.SetResult();
                gate.Task.Wait(TimeSpan.FromMinutes(1));
            }

            return null;
        };
        var id = (await rig.AddAsync(Files.Long(1, 1_000))).Id;
        await reached.Task.WaitAsync(TimeSpan.FromMinutes(1));
        var change = await rig.Imports.CancelAsync(id);
        Assert.Equal((null, "cancelled"), (change.Refusal, change.Row!.State));
        gate.SetResult();
        await Eventually.TrueAsync(async () => (await rig.Imports.ShowAsync(id))!.Row.JobState is "cancelled" or "dead", "its job has ended");
        Assert.Equal(200, await rig.CountAsync("sample"));
        Assert.Contains("it is cancelled", (await rig.Imports.CancelAsync(id)).Refusal);
        Assert.Null((await rig.Imports.RetryAsync(id, null)).Refusal);
        var row = await rig.UntilAsync(id, "done");
        Assert.Equal((1_000, 1_000), (row.Inserted, await rig.CountAsync("sample")));
        Assert.Contains("only one that is failed, dead or cancelled", (await rig.Imports.RetryAsync(id, null)).Refusal);
    }

    [Theory, BothDatabases]
    public async Task A_run_that_was_taken_away_writes_nothing(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 100);
        var chunks = 0;
        rig.Database.Before = work =>
        {
            if (work == "imports.chunk" && Interlocked.Increment(ref chunks) == 3)
            {
                // As after a pause of this process: another lease of the job is in force.
                rig.Store.ExecuteAsync("update job_running set lease_no = lease_no + 1").Wait(TimeSpan.FromMinutes(1));
            }

            return null;
        };
        var id = (await rig.AddAsync(Files.Long(1, 1_000))).Id;
        await Eventually.TrueAsync(() => chunks >= 3, "the third chunk is tried");
        await Eventually.TrueAsync(async () => (await rig.Imports.ShowAsync(id))!.Row.Units == 200, "two chunks are stored");
        Assert.Equal((200, "running"), (await rig.CountAsync("sample"), (await rig.Imports.ShowAsync(id))!.Row.State));
    }

    [Fact]
    public void Retries_follow_the_schedule()
    {
        var random = new Random(3);
        double[] minutes = [1, 2, 4, 8, 16, 32, 60, 60];
        for (var i = 0; i < minutes.Length; i++)
        {
            var delays = Enumerable.Range(0, 200).Select(_ => ImportHandler.Schedule.After(i + 1, random).TotalMinutes).ToArray();
            Assert.All(delays, d => Assert.InRange(d, minutes[i] * 0.9, minutes[i] * 1.1));
            Assert.True(delays.Max() - delays.Min() > minutes[i] * 0.1);
        }
    }

    [Theory, BothDatabases]
    public async Task A_file_that_is_not_on_this_node_is_tried_again_and_the_last_failure_is_the_end(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        var id = (await rig.AddAsync(Files.Long(1, 3), change: r => r with { MaxRetries = 0 })).Id;
        Directory.Delete(rig.Options.Folder, recursive: true);
        rig.Run();
        var row = await rig.UntilAsync(id, "dead");
        Assert.Contains("imports.folder", row.LastError);
        Assert.Null(row.RetryAt);

        // Once it is there again, the import is too.
        Assert.Null((await rig.Imports.RetryAsync(id, null)).Refusal);
        await rig.UntilAsync(id, "dead");
        var again = await rig.AddAsync(Files.Long(1, 3));
        Assert.True(again.IsNew);
        await rig.UntilAsync(again.Id, "done");
        Assert.Contains("imported again", (await rig.Imports.RetryAsync(id, null)).Refusal);
    }
}
