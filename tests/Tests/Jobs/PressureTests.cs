using Rondo.Diagnostics;
using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What handlers and the database do to the loops that look after them.</summary>
public sealed class PressureTests
{
    [Theory]
    [InlineData(DatabaseKind.Sqlite, 4)]
    [InlineData(DatabaseKind.Postgres, 16)]
    public async Task Handlers_that_hold_every_connection_of_the_application_stop_neither_leases_nor_claims_nor_ends(DatabaseKind kind, int connections)
    {
        using var release = new ManualResetEventSlim();
        var held = 0;
        JobRig? rig = null;
        rig = await JobRig.StartAsync(
            kind,
            async (work, job, _) =>
            {
                if (work.Name == "greedy")
                {
                    job.Log("takes a connection and keeps it");

                    // On SQLite it is the readers that a program can hold; a write ends after a second by itself.
                    await (kind == DatabaseKind.Sqlite
                        ? rig!.Database.ReadAsync("greedy", tx => Hold(), CancellationToken.None)
                        : rig!.Database.WriteAsync("greedy", tx => Hold(), CancellationToken.None));
                }

                return JobResult.Done;

                int Hold()
                {
                    var now = Interlocked.Increment(ref held);
                    release.Wait(CancellationToken.None);
                    return now;
                }
            },
            jobs: JobRig.Fast with { Queues = new Dictionary<string, int> { ["default"] = connections + 4, ["other"] = 2 } });
        await using (rig)
        {
            try
            {
                var greedy = (await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, connections + 4).Select(_ => new Work("greedy")))).Select(e => e.Id).ToArray();
                await Eventually.TrueAsync(() => Volatile.Read(ref held) == connections, "every connection is held");

                // Nobody gets another one, and yet the lease is renewed, other jobs are accepted, claimed, run and ended.
                Assert.True(rig.Node.Renew());
                for (var n = 0; n < 20; n++)
                {
                    await rig.EnqueueAsync($"{n}", null, new EnqueueOptions { Queue = "other" });
                }

                await Eventually.TrueAsync(() => rig.Server.State.Finished == 20, "the others have ended");
                Assert.True(rig.Node.Renew());
                Assert.Equal(connections, Volatile.Read(ref held));

                // Beginnings and what was said of those that hold on are stored as well; asked on the way that loops take.
                await Eventually.TrueAsync(
                    () => rig.Database.Write("test", tx => tx.First<long>(new Sql("test", "select count(*) from job_running where started_at is not null"))) == greedy.Length, "their beginnings are marked");
                Assert.Equal(greedy.Length, rig.Database.Write("test", tx => tx.First<long>(new Sql("test", "select count(*) from job_log"))));
            }
            finally
            {
                release.Set();
            }

            await Eventually.TrueAsync(async () => await rig.CountAsync("job_history where state = 'done'") == connections + 24, "all have ended");
        }
    }

    [Theory, BothDatabases]
    public async Task What_cannot_be_told_of_running_jobs_keeps_no_cancel_waiting(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, async (_, job, stop) =>
        {
            job.Log("said and not stored");
            await new TaskCompletionSource().Task.WaitAsync(stop);
            return JobResult.Done;
        });
        var untold = 0;
        rig.Database.Before = name => name == "jobs.tell" && Interlocked.Increment(ref untold) > 0 ? SteeredDatabase.Away(name) : null;
        var id = await rig.EnqueueAsync("a");
        await Eventually.TrueAsync(() => Volatile.Read(ref untold) > 2, "it cannot be told");
        Assert.False(await rig.Database.WriteAsync("test", tx => OperationStore.Cancel(tx, id, rig.Options, "test")));
        await rig.UntilAsync(id, "cancelled");
    }

    [Theory, BothDatabases]
    public async Task When_the_database_takes_no_ends_claims_stop_and_go_on_at_once_when_it_does(DatabaseKind kind)
    {
        const int Jobs = 12_000;
        await using var rig = await JobRig.StartAsync(
            kind, (_, _, _) => Task.FromResult(JobResult.Done), jobs: JobRig.Fast with { PollInterval = TimeSpan.FromSeconds(60) }, isRunning: false);
        await rig.Queue.EnqueueManyAsync(Enumerable.Repeat(new Work("w"), Jobs), null, CancellationToken.None);
        var isAway = true;
        rig.Database.Before = name => isAway && name.StartsWith("jobs.finish", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        rig.Run();
        await Eventually.TrueAsync(() => rig.Server.State is { Unwritten: > 5_000 } state && state.Queues.All(q => q.Busy + q.Ahead == 0), "what was claimed has run and nothing more is claimed");
        Assert.InRange(rig.Server.State.Claimed, 5_000, 8_000);
        Assert.True(rig.Server.State.Overdue > TimeSpan.Zero);
        isAway = false;

        // Long before it would look by itself.
        await Eventually.TrueAsync(() => rig.Server.State.Finished == Jobs, "all of them ended");
        Assert.Equal(TimeSpan.Zero, rig.Server.State.Overdue);
        Assert.Equal(Jobs, await rig.CountAsync("job_history"));
    }

    [Theory, BothDatabases]
    public async Task A_database_that_takes_no_large_batch_of_ends_in_time_gets_smaller_ones(DatabaseKind kind)
    {
        const int Jobs = 3_000;
        var (largest, refused) = (0, 0);
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await rig.Queue.EnqueueManyAsync(Enumerable.Repeat(new Work("w"), Jobs), null, CancellationToken.None);
        rig.Database.Within = (name, result) =>
        {
            if (name != "jobs.finish" || result is not HashSet<long> { Count: > 100 } ends)
            {
                return null;
            }

            (largest, refused) = (Math.Max(largest, ends.Count), refused + 1);
            return new StorageFault(StorageFaultKind.Busy, $"{name}: {ends.Count} took too long");
        };

        // So that a large batch comes together.
        var isAway = true;
        rig.Database.Before = name => isAway && name == "jobs.finish" ? SteeredDatabase.Away(name) : null;
        rig.Run();
        await Eventually.TrueAsync(() => rig.Server.State.Unwritten == Jobs, "all have run");
        isAway = false;
        await Eventually.TrueAsync(() => rig.Server.State.Finished == Jobs, "all of them ended", TimeSpan.FromSeconds(60));
        Assert.True(refused > 0, $"{largest}");

        // Some were written by a try whose answer was lost: that is no refusal.
        Assert.Equal((0, Jobs), (rig.Server.State.Refused, await rig.CountAsync("job_history where state = 'done'")));
    }

    [Fact]
    public async Task A_database_that_gives_out_no_large_batch_in_time_is_asked_for_smaller_ones()
    {
        const int Jobs = 5_000;
        var refused = 0;

        // On SQLite: what was not given out in time is given out to nobody.
        await using var rig = await JobRig.StartAsync(DatabaseKind.Sqlite, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await rig.Queue.EnqueueManyAsync(Enumerable.Repeat(new Work("w"), Jobs), null, CancellationToken.None);
        rig.Database.Within = (name, result) => name == "jobs.claim" && result is List<ClaimedJob> { Count: > 50 } jobs && Interlocked.Increment(ref refused) > 0
            ? new StorageFault(StorageFaultKind.Busy, $"{name}: {jobs.Count} took too long")
            : null;
        rig.Run();
        await Eventually.TrueAsync(() => rig.Server.State.Finished == Jobs, "all of them ended", TimeSpan.FromSeconds(60));
        Assert.True(refused > 0, "a large batch was asked for");
    }

    [Theory, BothDatabases]
    public async Task A_suspect_is_not_judged_beside_a_handler_that_was_written_off_and_still_runs(DatabaseKind kind)
    {
        using var held = new ManualResetEventSlim();
        await using var rig = await JobRig.StartAsync(
            kind,
            async (work, job, _) =>
            {
                if (work.Name == "stuck" && job.Attempt == 1)
                {
                    await Task.Run(held.Wait, CancellationToken.None);
                }

                return JobResult.Done;
            },
            new HandlerOptions<Work> { Timeout = TimeSpan.FromMilliseconds(150), Attempts = 3, Backoff = RetryPolicy.List(TimeSpan.FromMilliseconds(20)) });
        try
        {
            await rig.UntilAsync(await rig.EnqueueAsync("stuck"), "done");
            Assert.Equal(1, rig.Server.State.WrittenOff);
            var (looks, alone) = (0, 0);
            var suspect = await rig.EnqueueAsync("suspect", null, new EnqueueOptions { Delay = TimeSpan.FromHours(1) });
            await rig.Store.ExecuteAsync("update job_waiting set crashes = 2, due = @now", new { now = rig.Database.Clock.Now });
            await rig.UntilAsync(suspect, "ready");
            rig.Database.Before = name =>
            {
                Interlocked.Add(ref looks, name == "jobs.look" ? 1 : 0);
                Interlocked.Add(ref alone, name == "jobs.claim.alone" ? 1 : 0);
                return null;
            };
            await Eventually.TrueAsync(() => Volatile.Read(ref looks) > 5, "the node has looked for suspects");
            Assert.Equal((0, "ready"), (Volatile.Read(ref alone), (await rig.FindAsync(suspect))!.State));

            // Nobody else waits for that, and health says what it is about.
            await rig.UntilAsync(await rig.EnqueueAsync("another"), "done");
            Assert.Contains(JobHealth.Judge(null, rig.Server.State, rig.Options, rig.Database.Clock.Now), f => f is { Code: "jobs.written_off", Severity: Health.Degraded });
            held.Set();
            await rig.UntilAsync(suspect, "done");
            await Eventually.TrueAsync(() => rig.Server.State.WrittenOff == 0, "nobody is written off any more");
        }
        finally
        {
            held.Set();
        }
    }
}
