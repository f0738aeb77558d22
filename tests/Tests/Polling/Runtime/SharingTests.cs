using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>Two nodes over one PostgreSQL: who polls what, how it changes hands, and what a device that moves between them does to the ledger.</summary>
public sealed class SharingTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_second_node_gets_its_share_and_no_slot_is_missed()
    {
        await using var first = await StartAsync(7);
        await first.RunAsync(_second * 4);
        await using var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        Assert.Equal([4, 3], Held(first, second));

        var validation = await ProveAsync(first, second);
        Assert.Empty(validation.Missed);
        Assert.True(second.Recorder.Totals.Ok >= 3 * 6);
        Assert.Equal(0, first.Recorder.Totals.Fenced + second.Recorder.Totals.Fenced);
    }

    [Fact]
    public async Task Shares_that_are_even_stay_where_they_are()
    {
        await using var first = await StartAsync(6);
        await using var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        Assert.Equal([3, 3], Held(first, second));
        var leases = await LeasesAsync(first);
        await PollingRig.RunTogetherAsync(_second * 10, first, second);
        Assert.Equal(leases, await LeasesAsync(first));
    }

    [Fact]
    public async Task A_node_that_is_drained_gives_everything_back_and_gets_its_share_again_when_it_is_resumed()
    {
        await using var first = await StartAsync(6);
        await using var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        await DrainAsync(second, true);
        await PollingRig.RunTogetherAsync(_second * 5, first, second);
        Assert.Equal([6, 0], Held(first, second));
        await DrainAsync(second, false);
        await PollingRig.RunTogetherAsync(_second * 5, first, second);
        Assert.Equal([3, 3], Held(first, second));
        Assert.Empty((await ProveAsync(first, second)).Missed);
    }

    [Fact]
    public async Task What_is_given_back_waits_for_nobody_who_is_silent_and_is_shared_again_when_that_one_is_back()
    {
        await using var first = await StartAsync(9);
        await using var silent = await first.JoinAsync();
        await using var third = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 8, first, silent, third);
        Assert.Equal([3, 3, 3], Held(first, silent, third));
        await PollingRig.RunTogetherAsync(_second * 6, first, third);
        await DrainAsync(third, true);
        await PollingRig.RunTogetherAsync(_second * 3, first, third);
        Assert.Equal([6, 3, 0], Held(first, silent, third));
        await PollingRig.RunTogetherAsync(_second * 6, first, silent, third);
        Assert.Equal([5, 4, 0], Held(first, silent, third));
        await ProveAsync(first, silent, third);
    }

    [Fact]
    public async Task What_a_dead_node_owned_is_taken_over_and_only_the_gap_is_missed()
    {
        await using var first = await StartAsync(6);
        var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);

        // Killed: whatever it had in memory is gone.
        await first.RunAsync(_second * 5);
        await first.Database.WriteAsync("bury", tx => { NodeRegister.Bury(tx, second.Node.Id); });
        await first.RunAsync(_second * 3);
        Assert.Equal(6, first.Armory.WorkerCount);

        var validation = await first.ProveAsync(_second);
        var rows = await first.Store.QueryAsync<string>("select reason || ' ' || group_id || ' ' || slot || ' ' || slots || ' ' || lease_no from poll where outcome = 'missed' order by slot");
        Assert.True(validation.Missed.Keys.SequenceEqual(["node_down"]), string.Join("\n", rows));
        Assert.InRange(validation.Missed["node_down"], 3 * 4, 3 * 7);
        await second.DisposeAsync();
    }

    [Fact]
    public async Task What_an_audit_cleared_of_a_dead_owner_is_known_to_be_of_a_dead_node_s_all_the_same()
    {
        await using var first = await StartAsync(4);
        var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        await first.RunAsync(_second * 5);
        await first.Database.WriteAsync("bury", tx => { NodeRegister.Bury(tx, second.Node.Id); });
        var audit = await Auditor.RunAsync(first.Database, dryRun: false, first.Node.Id, default, first.Node);
        Assert.Equal(["dead_owner", "dead_owner"], audit.Items.Where(item => item.Cleaned).Select(item => item.Code));
        await first.RunAsync(_second * 3);
        Assert.Equal(4, first.Armory.WorkerCount);
        var validation = await first.ProveAsync(_second);
        Assert.True(validation.Missed.Keys.SequenceEqual(["node_down"]), string.Join(", ", validation.Missed));
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_hand_back_that_the_database_does_not_take_is_taken_back()
    {
        await using var first = await StartAsync(4);
        await first.RunAsync(_second * 3);
        await using var second = await first.JoinAsync();
        first.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await PollingRig.RunTogetherAsync(_second * 2, first, second);
        first.Database.Before = null;
        await PollingRig.RunTogetherAsync(_second * 8, first, second);
        Assert.Equal([2, 2], Held(first, second));
        await ProveAsync(first, second);
    }

    [Fact]
    public async Task A_hand_back_that_waits_for_a_slow_write_is_no_loop_that_is_stuck()
    {
        await using var first = await StartAsync(4);
        await first.RunAsync(_second * 3);
        await using var second = await first.JoinAsync();
        using var held = new SemaphoreSlim(0);
        using var goOn = new ManualResetEventSlim();
        first.Database.Before = name =>
        {
            if (name == "polling.record")
            {
                held.Release();
                goOn.Wait(TimeSpan.FromSeconds(60));
            }

            return null;
        };
        await using var supervisor = new LoopSupervisor(first.Time, new Chance(7));
        supervisor.Start(first.Fleet);
        await Eventually.TrueAsync(() => first.Recorder.IsAnythingLeaving, "it gives something back");
        var writing = Task.Run(first.RecordAsync);
        Assert.True(await held.WaitAsync(TimeSpan.FromSeconds(30)), "the release is being written");

        // The patience of the hand-back ends, and it waits for what is being written; on a thread of its own, since it does so in the timer's hands.
        var from = first.Time.GetTimestamp();
        var waiting = Task.Run(() => first.Time.Advance(_second * 2));
        await Eventually.TrueAsync(() => first.Time.GetElapsedTime(from) >= _second * 2, "its patience is over");
        for (var elapsed = 0; elapsed < 10; elapsed++)
        {
            first.Time.Advance(_second);
        }

        Assert.False(supervisor.Broken.IsCompleted, "the node stays");
        Assert.True(supervisor.IsMakingProgress);
        goOn.Set();
        await Task.WhenAll(writing, waiting);
        await Eventually.TrueAsync(() => first.Fleet.Passes > 0, "the pass ends");
        Assert.False(supervisor.Broken.IsCompleted);
    }

    [Fact]
    public async Task Where_a_claim_takes_too_long_fewer_are_claimed_at_once()
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Postgres);
        await Devices.ApplyAsync(rig.Database, [.. Enumerable.Range(0, 200).Select(n => Meters.Meter($"m{n}", $"10.0.{n / 100}.{n % 100}:502"))], prune: true, dryRun: false);
        var claims = 0;
        rig.Database.Before = name => name == "polling.claim" && ++claims <= 8 ? new StorageFault(StorageFaultKind.Busy, "it takes longer than it may") : null;
        for (var pass = 1; pass <= 8; pass++)
        {
            await rig.FleetPassAsync();
            Assert.Equal((pass, 0), (claims, rig.Armory.WorkerCount));
        }

        // 100, and then as many again.
        await rig.FleetPassAsync();
        Assert.Equal((10, 200), (claims, rig.Armory.WorkerCount));
    }

    [Fact]
    public async Task A_claim_whose_answer_is_lost_is_known_to_be_of_a_dead_node_s_all_the_same()
    {
        await using var first = await StartAsync(4);
        var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        await first.RunAsync(_second * 5);
        await first.Database.WriteAsync("bury", tx => { NodeRegister.Bury(tx, second.Node.Id); });
        var isLost = false;
        first.Database.After = name => name == "polling.claim" && !isLost && (isLost = true) ? SteeredDatabase.Away(name) : null;
        await first.RunAsync(_second * 3);
        Assert.True(isLost);
        Assert.Equal(4, first.Armory.WorkerCount);
        var validation = await first.ProveAsync(_second);
        Assert.True(validation.Missed.Keys.SequenceEqual(["node_down"]), string.Join(", ", validation.Missed));
        await second.DisposeAsync();
    }

    [Fact]
    public async Task A_device_that_moves_to_another_nodes_endpoint_is_polled_there_and_no_longer_here()
    {
        await using var first = await StartAsync(2);
        await using var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        var (here, there) = (first.Armory.Workers.Values.Single().Address, second.Armory.Workers.Values.Single().Address);
        var moving = await first.Store.ScalarAsync<string>("select d.name from device d join endpoint e on e.id = d.endpoint_id where e.address = @here", new { here });
        var staying = await first.Store.ScalarAsync<string>("select d.name from device d join endpoint e on e.id = d.endpoint_id where e.address = @there", new { there });

        // The node it leaves hears of it late, and has its last outcomes still in its hands.
        first.LooksAtFleet = false;
        first.Database.Before = name => name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;
        await PollingRig.RunTogetherAsync(_second, first, second);
        await Devices.ApplyAsync(second.Database, [Meters.Meter(moving, there), Meters.Meter(staying, there, 2)], prune: true, dryRun: false);
        await PollingRig.RunTogetherAsync(_second * 3, first, second);
        first.Database.Before = null;
        await PollingRig.RunTogetherAsync(_second * 2, first, second);
        first.LooksAtFleet = true;
        var seen = first.Device(here).Reads.Count;
        await PollingRig.RunTogetherAsync(_second * 3, first, second);
        Assert.True(first.Device(here).Reads.Count <= seen + 1, "the old address is left alone");
        Assert.Empty(first.Armory.Groups);
        Assert.True(first.Recorder.Totals.Fenced > 0, "what the first node still brought was refused");

        await PollingRig.RunTogetherAsync(_second * 8, first, second);
        var validation = await second.ValidateAsync();
        Assert.True(validation.IsClean, validation.ToString());
    }

    [Fact]
    public async Task A_device_that_moves_to_an_endpoint_that_nobody_owns_loses_no_slot()
    {
        await using var first = await StartAsync(2);
        await using var second = await first.JoinAsync();
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        var stays = second.Armory.Groups.Values.Single().Device.Name;
        var moves = first.Armory.Groups.Values.Single().Device.Name;
        await Devices.ApplyAsync(
            second.Database, [Meters.Meter(moves, "10.0.0.99:502"), Meters.Meter(stays, second.Armory.Workers.Values.Single().Address)], prune: true, dryRun: false);
        await PollingRig.RunTogetherAsync(_second * 6, first, second);
        Assert.Equal(2, first.Armory.WorkerCount + second.Armory.WorkerCount);
        Assert.True(first.Device("10.0.0.99:502").Reads.Count > 3);
        Assert.Empty((await ProveAsync(first, second)).Missed);
        Assert.Equal(0, first.Recorder.Totals.Fenced + second.Recorder.Totals.Fenced);
    }

    private static async Task<PollingRig> StartAsync(int endpoints)
    {
        var rig = await PollingRig.StartAsync(DatabaseKind.Postgres);
        await rig.ApplyAsync([.. Enumerable.Range(1, endpoints).Select(n => Meters.Meter($"m{n}", $"10.0.0.{n}:502"))]);
        return rig;
    }

    private static int[] Held(params PollingRig[] rigs) => [.. rigs.Select(r => r.Armory.WorkerCount)];

    private static async Task<List<long>> LeasesAsync(PollingRig rig) => await rig.Store.QueryAsync<long>("select lease_no from endpoint order by id");

    private static Task DrainAsync(PollingRig rig, bool drains) => rig.Database.WriteAsync("drain", tx => { NodeRegister.Drain(tx, rig.Node.Id, drains); });

    private static async Task<Validation> ProveAsync(params PollingRig[] rigs)
    {
        await PollingRig.RunTogetherAsync(Validator.Grace + (_second * 3), rigs);
        var validation = await rigs[0].ValidateAsync();
        Assert.True(validation.IsClean, $"{validation}\nholes: {string.Join("; ", validation.HoleList)}\noverlaps: {string.Join("; ", validation.OverlapList)}");
        Assert.All(rigs, rig => Assert.Equal(0, rig.Recorder.Totals.Duplicates + rig.Recorder.Totals.Lost));
        Assert.All(rigs[0].Field.Values, session => Assert.Equal(0, session.Overlaps));
        foreach (var session in rigs[0].Field.Values)
        {
            // One poll for each slot, whoever made it: the slots are a second apart.
            var reads = session.Reads.Where(r => r.Unit == 1).Select(r => r.At).ToArray();
            Assert.All(reads.Zip(reads.Skip(1)), pair => Assert.True(TimeSpan.FromTicks(pair.Second - pair.First) > TimeSpan.FromMilliseconds(600), "a slot was polled twice"));
        }

        return validation;
    }
}
