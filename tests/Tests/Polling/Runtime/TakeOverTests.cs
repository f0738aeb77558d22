using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>
/// The race between a late batch and a take-over, held open between the batch's fence and its rows, in both orders. Whatever wins, each slot has one outcome,
/// and what the loser brought is refused whole.
/// </summary>
public sealed class TakeOverTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [ThreadStatic]
    private static Action? _atFence;

    [Fact]
    public async Task A_batch_that_has_passed_its_fence_is_there_before_anybody_takes_over()
    {
        // The server ends a batch that stands still for 3 s; where the machine was too slow for what is to be seen meanwhile, it is tried again.
        for (var attempts = 1; !await IsThereBeforeAsync(); attempts++)
        {
            Assert.True(attempts < 5, "the server ended the batch each time");
        }
    }

    private static async Task<bool> IsThereBeforeAsync()
    {
        await using var first = await StartAsync();
        await using var second = await first.JoinAsync();
        using var point = FailPoint.Set("polling.record.fenced", () => _atFence?.Invoke());
        var batch = HeldBatch.Of(first);
        await batch.IsHeld;

        // The reaper does not wait, and takes nothing from a node that is writing.
        var isTaken = await BuryAsync(second, first);
        await second.FleetPassAsync();
        var owned = second.Armory.WorkerCount;
        batch.GoOn();
        await batch.Written;
        if (first.Faults.Count > 0)
        {
            return false;
        }

        Assert.Equal((false, 0), (isTaken, owned));
        var written = first.Recorder.Totals.Ok;
        Assert.Equal(0, first.Recorder.Totals.Fenced);

        Assert.True(await BuryAsync(second, first));
        await ProveAsync(second, written);
        return true;
    }

    [Fact]
    public async Task A_batch_whose_node_is_buried_while_it_stands_still_is_undone_whole_and_refused_when_it_is_tried_again()
    {
        await using var first = await StartAsync();
        await using var second = await first.JoinAsync();
        var written = first.Recorder.Totals.Ok;
        using var point = FailPoint.Set("polling.record.fenced", () => _atFence?.Invoke());
        var batch = HeldBatch.Of(first);
        await batch.IsHeld;

        // As the reaper does when the row is held: end the sessions of that process, then take the row.
        Assert.True(await second.Database.WriteBrieflyAsync("reap", tx => Burial.Of(tx, first.Node.Row, endsSessions: true)));
        await second.RunAsync(_second * 2);
        Assert.Equal(4, second.Armory.WorkerCount);
        batch.GoOn();
        await batch.Written;

        // Its session is gone, so the batch failed; tried again on a new one it meets the fence.
        Assert.NotEmpty(first.Faults);
        await Eventually.TrueAsync(
            async () =>
            {
                await first.RecordAsync();
                return first.Node.IsDead;
            },
            "the first node hears that it is dead",
            TimeSpan.FromMinutes(1));
        Assert.Equal(written, first.Recorder.Totals.Ok);
        Assert.True(first.Recorder.Totals.Fenced > 0, "what it brought was counted as refused");
        await ProveAsync(second, written);
    }

    [Fact]
    public async Task A_batch_that_comes_after_the_take_over_is_refused_whole()
    {
        await using var first = await StartAsync();
        await using var second = await first.JoinAsync();
        var written = first.Recorder.Totals.Ok;
        first.Time.Advance(_second);
        await first.FireAsync();
        await first.QuietAsync();
        Assert.True(await BuryAsync(second, first));
        await second.RunAsync(_second);
        await first.RecordAsync();
        Assert.True(first.Node.IsDead);
        Assert.Equal(written, first.Recorder.Totals.Ok);
        Assert.True(first.Recorder.Totals.Fenced > 0);
        await ProveAsync(second, written);
    }

    [Fact]
    public async Task A_hand_back_that_was_committed_without_an_answer_is_no_loss()
    {
        await using var first = await StartAsync();
        await using var second = await first.JoinAsync();
        var lost = 0;
        first.Database.After = name => name == "polling.record" && first.Recorder.IsAnythingLeaving && lost++ == 0 ? SteeredDatabase.Away(name) : null;
        await PollingRig.RunTogetherAsync(_second * 8, first, second);
        Assert.NotEqual(0, lost);
        Assert.Equal([2, 2], [first.Armory.WorkerCount, second.Armory.WorkerCount]);
        await PollingRig.RunTogetherAsync(Rondo.Polling.Proof.Validator.Grace + (_second * 3), first, second);
        var validation = await second.ValidateAsync();
        Assert.True(validation.IsClean, validation.ToString());
    }

    private static async Task<PollingRig> StartAsync()
    {
        var rig = await PollingRig.StartAsync(DatabaseKind.Postgres);
        await rig.ApplyAsync([.. Enumerable.Range(1, 4).Select(n => Meters.Meter($"m{n}", $"10.0.0.{n}:502"))]);
        await rig.RunAsync(_second * 4);
        return rig;
    }

    private static Task<bool> BuryAsync(PollingRig by, PollingRig whom) => by.Database.WriteBrieflyAsync("reap", tx => NodeRegister.Bury(tx, whom.Node.Id));

    private static async Task ProveAsync(PollingRig owner, long written)
    {
        await owner.RunAsync(_second * 3);
        var validation = await owner.ProveAsync(_second);
        Assert.Empty(validation.Missed.Keys.Except(["node_down"]));
        Assert.Equal(written + owner.Recorder.Totals.Ok, validation.Outcomes["ok"]);
    }

    /// <summary>The next batch of a node, on a thread of its own, held after its fence.</summary>
    private sealed class HeldBatch
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ManualResetEventSlim _goOn = new();

        public Task IsHeld => _held.Task.WaitAsync(TimeSpan.FromMinutes(1));

        public Task Written { get; private set; } = Task.CompletedTask;

        public static HeldBatch Of(PollingRig rig)
        {
            var batch = new HeldBatch();
            batch.Written = Task.Factory.StartNew(
                () =>
                {
                    for (var i = 0; i < 10; i++)
                    {
                        rig.Time.Advance(TimeSpan.FromMilliseconds(100));
                        rig.FireAsync().GetAwaiter().GetResult();
                        rig.QuietAsync().GetAwaiter().GetResult();
                    }

                    _atFence = batch.Hold;
                    rig.RecordAsync().GetAwaiter().GetResult();
                    _atFence = null;
                },
                TaskCreationOptions.LongRunning);
            return batch;
        }

        public void GoOn() => _goOn.Set();

        private void Hold()
        {
            _held.TrySetResult();
            _goOn.Wait(TimeSpan.FromMinutes(1));
        }
    }
}
