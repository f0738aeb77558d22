using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>A node that looks by itself once a minute, and yet keeps nobody waiting.</summary>
public sealed class WakeTests
{
    private static readonly JobsOptions _patient = JobRig.Fast with { PollInterval = TimeSpan.FromSeconds(60) };

    // Far less than a minute, and enough for a machine that is busy with other things.
    private static readonly TimeSpan _soon = TimeSpan.FromSeconds(5);

    [Theory, BothDatabases]
    public async Task What_asks_for_a_slot_or_waits_for_its_time_runs_long_before_the_node_would_look_by_itself(DatabaseKind kind)
    {
        await using var rig = await StartedAsync(kind, (work, job, _) => Task.FromResult(
            job.Attempt > 1 || work.Name == "done" ? JobResult.Done
            : work.Name == "retry" ? JobResult.Retry("once more", TimeSpan.FromMilliseconds(300))
            : work.Name == "snooze" && job.Due == job.EnqueuedAt ? JobResult.Snooze(job.Now + TimeSpan.FromMilliseconds(300))
            : JobResult.Done));
        await EndsAsync(await rig.EnqueueAsync("done", "key"));
        await EndsAsync(await rig.EnqueueAsync("done", "key"));
        await EndsAsync(await rig.EnqueueAsync("done", null, new EnqueueOptions { Delay = TimeSpan.FromMilliseconds(300) }));
        await EndsAsync(await rig.EnqueueAsync("done", "key", new EnqueueOptions { Delay = TimeSpan.FromMilliseconds(300) }));
        await EndsAsync(await rig.EnqueueAsync("retry"));
        await EndsAsync(await rig.EnqueueAsync("retry", "key"));
        await EndsAsync(await rig.EnqueueAsync("snooze"));
        var chain = await rig.Queue.EnqueueChainAsync([rig.Queue.Prepare(new Work("done", "key")), rig.Queue.Prepare(new Work("done", "key"))]);
        await EndsAsync(chain[1].Id);

        async Task EndsAsync(long id) => await Eventually.TrueAsync(async () => (await rig.FindAsync(id))!.State == "done", $"job {id} has ended", _soon);
    }

    [Theory, BothDatabases]
    public async Task Whoever_knocks_for_a_key_that_is_full_keeps_those_of_another_key_waiting_for_nothing(DatabaseKind kind)
    {
        var go = new TaskCompletionSource();
        await using var rig = await JobRig.StartAsync(
            kind,
            async (work, _, _) =>
            {
                await (work.Key == "full" ? go.Task : Task.CompletedTask);
                return JobResult.Done;
            },
            new HandlerOptions<Work> { ConcurrencyKey = w => w.Key },
            _patient,
            isRunning: false);
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 20_000).Select(n => new Work($"{n}", "full")));

        // As if each had come in a transaction of its own.
        await rig.Store.ExecuteAsync("update job_waiting set is_knocking = {true}");
        var other = await rig.EnqueueAsync("other", "key");
        var last = await rig.EnqueueAsync("last", "zzz");
        rig.Run();
        await Eventually.TrueAsync(async () => (await rig.FindAsync(other))!.State == "done" && (await rig.FindAsync(last))!.State == "done", "those of the other keys have ended", _soon);
        Assert.Equal(20_000, await rig.CountAsync("job where concurrency_key = 'work:full'"));
        Assert.Equal(1, await rig.CountAsync("job_running"));

        // All of them are heard, piece by piece.
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_waiting where is_knocking") == 0, "nobody knocks any more", TimeSpan.FromSeconds(30));
        Assert.Equal(19_999, await rig.CountAsync("job_waiting"));
        go.SetResult();
    }

    [Theory, BothDatabases]
    public async Task More_keys_than_one_look_answers_are_answered_by_the_next_at_once(DatabaseKind kind)
    {
        await using var rig = await StartedAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done));
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 1_700).Select(n => new Work("done", $"{n}")));
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 1_701, "all have ended", TimeSpan.FromSeconds(15));
    }

    [Theory, BothDatabases]
    public async Task Who_makes_jobs_ready_that_no_worker_of_its_own_takes_tells_the_others(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), new HandlerOptions<Work> { ConcurrencyKey = w => w.Key }, isRunning: false);
        var told = new List<string>();
        var lookout = new Lookout(rig.Database, _patient, () => ["mine"], told.AddRange, TimeProvider.System);
        foreach (var (queue, key) in new[] { ("mine", "a"), ("theirs", "b"), ("theirs", null) })
        {
            await rig.EnqueueAsync("x", key, new EnqueueOptions { Queue = queue, Delay = TimeSpan.FromMilliseconds(300) });
            await Eventually.TrueAsync(
                async () =>
                {
                    lookout.Look(() => { });
                    return await rig.CountAsync("job_waiting") == 0;
                },
                "it is ready");
        }

        Assert.Equal(["theirs", "theirs"], told);
    }

    [Theory, BothDatabases]
    public async Task What_operators_want_is_obeyed_within_two_seconds_also_when_no_hint_comes(DatabaseKind kind)
    {
        await using var rig = await StartedAsync(kind, async (work, _, stop) =>
        {
            await (work.Name == "long" ? new TaskCompletionSource().Task.WaitAsync(stop) : Task.CompletedTask);
            return JobResult.Done;
        });
        var id = await rig.EnqueueAsync("long");
        await rig.UntilAsync(id, "running");
        await rig.Store.ExecuteAsync("insert into job_queue (name, workers, is_paused, changed_at) values ('default', 7, {true}, @now)", new { now = rig.Database.Clock.Now });
        await Eventually.TrueAsync(() => rig.Server.State.Queues[0] is { IsPaused: true, Workers: 7 }, "pause and scale are obeyed", _soon);
        await rig.Database.WriteAsync("test", tx => OperationStore.Cancel(tx, id, rig.Options, "test"));
        await Eventually.TrueAsync(async () => (await rig.FindAsync(id))!.State == "cancelled", "the cancel is obeyed", _soon);
        await rig.Store.ExecuteAsync("update job_queue set is_paused = {false}");
        await Eventually.TrueAsync(() => !rig.Server.State.Queues[0].IsPaused, "the end of the pause is obeyed", _soon);
    }

    /// <summary>One whose first look is over.</summary>
    private static async Task<JobRig> StartedAsync(DatabaseKind kind, Func<Work, JobContext, CancellationToken, Task<JobResult>> handle)
    {
        var rig = await JobRig.StartAsync(kind, handle, new HandlerOptions<Work> { ConcurrencyKey = w => w.Key }, _patient);
        await rig.UntilAsync(await rig.EnqueueAsync("done"), "done");
        return rig;
    }
}
