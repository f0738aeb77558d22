using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

/// <summary>Who renews, who is declared dead by whom, and when. Nodes of one test have a database opening each, as processes have.</summary>
public sealed class LeaseTests : IAsyncLifetime
{
    private readonly FakeTime _time = new();
    private readonly List<string> _changes = [];
    private TestStore _store = null!;
    private bool _isMakingProgress = true;

    public async ValueTask InitializeAsync() => _store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);

    public async ValueTask DisposeAsync() => await _store.DisposeAsync();

    [Fact]
    public async Task A_lease_that_stands_still_is_reaped_after_its_time_and_one_that_is_renewed_is_not()
    {
        var (me, other, third) = (await RegisterAsync(), await RegisterAsync(), await RegisterAsync());
        var (loop, thirds) = (Loop(me), Loop(third));
        for (var second = 1; second <= 12; second++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await loop.PassAsync();
            await thirds.PassAsync();
            Assert.True(second == 12 || await StateAsync(other) == "live", $"after {second} s");
        }

        _time.Advance(TimeSpan.FromSeconds(1));
        await loop.PassAsync();
        Assert.Equal("dead", await StateAsync(other));
        Assert.Equal("live", await StateAsync(third));
        Assert.Equal(["nodes"], _changes);
        Assert.False(other.Renew());
        Assert.True(third.Renew());
    }

    [Fact]
    public async Task A_step_of_the_database_clock_makes_nobody_dead()
    {
        var (me, other) = (await RegisterAsync(), await RegisterAsync());
        var (loop, others) = (Loop(me), Loop(other));
        await BeatAsync(15, loop, others);
        _time.StepWall(TimeSpan.FromHours(1));
        await _store.Database.MeasureClockAsync();
        await BeatAsync(15, loop, others);
        Assert.Equal("live", await StateAsync(other));

        // Set back: a dead node's lease would run for an hour, but nobody renews it.
        _time.StepWall(TimeSpan.FromHours(-1));
        await _store.Database.MeasureClockAsync();
        await BeatAsync(13, loop);
        Assert.Equal("dead", await StateAsync(other));
    }

    [Fact]
    public async Task Whoever_was_away_itself_judges_nobody_before_it_was_back_for_the_length_of_a_lease()
    {
        var (me, other) = (await RegisterAsync(), await RegisterAsync());
        var loop = Loop(me);
        await BeatAsync(5, loop);
        _store.Database.Before = name => name == "nodes.beat" ? SteeredDatabase.Away(name) : null;
        _time.Advance(TimeSpan.FromSeconds(60));
        await Assert.ThrowsAsync<StorageFault>(async () => await loop.PassAsync());
        _store.Database.Before = null;
        Assert.False(me.MayWork);

        // Both come back with leases that ran out long ago, and both are live as before.
        await BeatAsync(11, loop);
        Assert.True(me.MayWork);
        Assert.Equal("live", await StateAsync(other));
        Assert.True(other.Renew());
        await BeatAsync(11, loop);
        Assert.Equal("live", await StateAsync(other));
        await BeatAsync(3, loop);
        Assert.Equal("dead", await StateAsync(other));
    }

    [Fact]
    public async Task A_node_whose_loops_are_stuck_gives_up_in_the_database_and_ends_the_hard_way_when_nothing_else_helps()
    {
        var (me, other) = (await RegisterAsync(), await RegisterAsync());
        var ended = 0;
        var loop = Loop(me, () => ended++);
        await BeatAsync(3, loop);
        _isMakingProgress = false;
        await BeatAsync(1, loop);
        Assert.True(me.IsDead);
        Assert.Equal("dead", await StateAsync(me));
        Assert.Equal("live", await StateAsync(other));
        Assert.Equal(["nodes"], _changes);
        Assert.Equal(0, ended);
        await BeatAsync(6, loop);
        Assert.NotEqual(0, ended);
    }

    [Fact]
    public async Task A_batch_that_stands_still_with_the_row_in_its_hands_is_undone_and_the_reaper_is_not_held_up()
    {
        await using var theirs = new SteeredDatabase(Database.Open(_store.Address, DatabaseUse.Server, _time), _time);
        var other = await Node.RegisterAsync(theirs, _time, "poll", "test", default);
        var me = await RegisterAsync();
        var loop = Loop(me);
        await BeatAsync(12, loop);
        var isHeld = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var batch = theirs.WriteBrieflyAsync("batch", tx =>
        {
            other.Fence(tx);
            tx.Execute(new Sql("batch", "update endpoint set lease_no = lease_no"));
            isHeld.SetResult();
            goOn.Task.Wait(TimeSpan.FromSeconds(20));
            return true;
        });
        await isHeld.Task;
        _time.Advance(TimeSpan.FromSeconds(1));
        var started = System.Diagnostics.Stopwatch.GetTimestamp();
        await loop.PassAsync();
        Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(5), "the reaper was held up");
        Assert.Equal("dead", await StateAsync(other));
        goOn.SetResult();
        Assert.True((await Assert.ThrowsAsync<StorageFault>(() => batch)).IsTransient, "its session is gone");

        // Its other sessions went too; on a new one it hears the truth.
        await Eventually.TrueAsync(
            async () => (await Assert.ThrowsAsync<StorageFault>(() => theirs.WriteAsync("again", tx => other.Fence(tx)))).Kind == StorageFaultKind.Fenced, "the next batch is refused");
    }

    [Fact]
    public async Task One_that_cannot_be_buried_costs_neither_the_lease_of_whoever_tries_nor_keeps_the_others_waiting()
    {
        var (me, first, second) = (await RegisterAsync(), await RegisterAsync(), await RegisterAsync());
        var loop = Loop(me);
        await BeatAsync(12, loop);

        // Whichever comes first, and each time it takes as long as a brief write may.
        var tried = 0;
        _store.Database.Before = name =>
        {
            if (name != "nodes.reap" || ++tried == 2)
            {
                return null;
            }

            _time.Advance(TimeSpan.FromSeconds(6));
            return SteeredDatabase.Away(name);
        };
        for (var pass = 0; pass < 3; pass++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await PassAsync(loop);
            Assert.True(me.MayWork, $"its lease, in pass {pass}");
        }

        Assert.Equal(["dead", "live"], new[] { await StateAsync(first), await StateAsync(second) }.Order());
        Assert.Equal(3, tried);
        _store.Database.Before = null;
        await BeatAsync(1, loop);
        Assert.Equal(["dead", "dead"], [await StateAsync(first), await StateAsync(second)]);
    }

    [Fact]
    public async Task Several_that_died_at_once_are_buried_without_a_pause_between_them()
    {
        var (me, first, second) = (await RegisterAsync(), await RegisterAsync(), await RegisterAsync());
        var loop = Loop(me);
        await BeatAsync(12, loop);
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(TimeSpan.Zero, await loop.PassAsync());
        Assert.Equal(LeaseLoop.Look, await loop.PassAsync());
        Assert.Equal(["dead", "dead"], [await StateAsync(first), await StateAsync(second)]);
    }

    [Fact]
    public async Task A_slow_database_keeps_nobody_from_finding_the_dead()
    {
        var (me, other, slow) = (await RegisterAsync(), await RegisterAsync(), await RegisterAsync());
        var (loop, slows) = (Loop(me), Loop(slow));
        _store.Database.Before = name =>
        {
            _time.Advance(name == "nodes.beat" ? TimeSpan.FromSeconds(1.6) : TimeSpan.Zero);
            return null;
        };
        await BeatAsync(2, loop, slows);
        Assert.Equal("live", await StateAsync(other));
        await BeatAsync(3, loop, slows);
        Assert.Equal("dead", await StateAsync(other));
        Assert.Equal("live", await StateAsync(slow));
    }

    [Fact]
    public async Task A_lease_is_not_held_to_have_stood_still_while_an_answer_was_on_its_way()
    {
        var (me, other) = (await RegisterAsync(), await RegisterAsync());
        var loop = Loop(me);
        await BeatAsync(5, loop);
        Assert.True(other.Renew());
        await BeatAsync(8, loop);
        var isAway = true;
        _store.Database.After = name =>
        {
            _time.Advance(isAway && name == "nodes.beat" ? TimeSpan.FromSeconds(6) : TimeSpan.Zero);
            return null;
        };
        await BeatAsync(1, loop);
        isAway = false;
        Assert.Equal("live", await StateAsync(other));
        await BeatAsync(1, loop);
        Assert.Equal("dead", await StateAsync(other));
    }

    [Fact]
    public async Task Whoever_stood_still_in_the_middle_of_a_call_judges_nobody_before_it_was_back_for_the_length_of_a_lease()
    {
        var (me, other) = (await RegisterAsync(), await RegisterAsync());
        var loop = Loop(me);
        await BeatAsync(5, loop);
        var standstill = TimeSpan.FromSeconds(60);
        _store.Database.After = name =>
        {
            _time.Advance(name == "nodes.beat" ? standstill : TimeSpan.Zero);
            standstill = TimeSpan.Zero;
            return null;
        };
        await BeatAsync(11, loop);
        Assert.Equal("live", await StateAsync(other));
        await BeatAsync(3, loop);
        Assert.Equal("dead", await StateAsync(other));
    }

    [Fact]
    public async Task A_node_says_how_its_clock_stands_and_when_its_loops_moved()
    {
        var quiet = TimeSpan.FromSeconds(2);
        var node = await Node.RegisterAsync(_store.Database, _time, "poll", "test", default, quietFor: () => quiet);
        _time.StepWall(TimeSpan.FromSeconds(30));
        Assert.True(node.Renew());
        var row = await RowAsync(node);
        Assert.Equal(30_000_000, row.ClockOffsetUs);
        Assert.Equal(_store.Database.Clock.Now - quiet, row.ProgressAt);
    }

    private LeaseLoop Loop(Node node, Action? hopeless = null) =>
        new(_store.Database, node, () => _isMakingProgress, _changes.Add, _time, NullLogger.Instance) { Hopeless = hopeless };

    private async Task BeatAsync(int seconds, params LeaseLoop[] loops)
    {
        for (var i = 0; i < seconds; i++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            foreach (var loop in loops)
            {
                await loop.PassAsync();
            }
        }
    }

    private static async Task PassAsync(LeaseLoop loop)
    {
        try
        {
            await loop.PassAsync();
        }
        catch (StorageFault)
        {
            // Its next pass goes on.
        }
    }

    private Task<Node> RegisterAsync() => Node.RegisterAsync(_store.Database, _time, "poll", "test", default);

    private async Task<string> StateAsync(Node node) => (await RowAsync(node)).State;

    private async Task<NodeRow> RowAsync(Node node) => (await _store.Database.ReadAsync("nodes", NodeRegister.All)).Single(row => row.Id == node.Id);
}
