using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Rollups;

/// <summary>Marks and who takes them, in each order that two transactions can come by. On SQLite there is one writer, and no order to choose.</summary>
public sealed class RollupRaceTests
{
    private static readonly DateTime _start = new(2026, 3, 1, 0, 0, 0, DateTimeKind.Utc);

    [Fact]
    public async Task A_mark_of_a_writer_who_has_not_committed_is_left_and_taken_the_next_time()
    {
        Requires.Postgres();
        await using var rig = await StartAsync();
        await rig.PutAsync(_start.AddHours(3), null, null, 10, null);
        using var isWritten = new ManualResetEventSlim();
        using var mayCommit = new ManualResetEventSlim();
        var writer = WriterAsync(rig, 7, () =>
        {
            isWritten.Set();
            Assert.True(mayCommit.Wait(TimeSpan.FromSeconds(30)));
        });
        Assert.True(isWritten.Wait(TimeSpan.FromSeconds(30)));

        // It neither waits for the writer nor takes the mark away from it.
        await rig.RunAsync();
        Assert.Equal(1, (await rig.ReadAsync(3, Tier.Day)).Single().Total);
        mayCommit.Set();
        await writer;
        await rig.RunAsync();
        Assert.Equal(18, (await rig.ReadAsync(3, Tier.Day)).Single().Total);
    }

    [Fact]
    public async Task A_writer_who_comes_while_its_mark_is_taken_makes_a_new_one()
    {
        Requires.Postgres();
        await using var rig = await StartAsync();
        await rig.PutAsync(_start.AddHours(2), null, null, 100, null);
        using var isTaken = new ManualResetEventSlim();
        using var mayCommit = new ManualResetEventSlim();
        var taker = rig.Store.Database.WriteAsync("take", tx =>
        {
            RollupStep.Take(tx, RollupRig.Source, rig.Options);
            isTaken.Set();
            Assert.True(mayCommit.Wait(TimeSpan.FromSeconds(30)));
        });
        Assert.True(isTaken.Wait(TimeSpan.FromSeconds(30)));
        var writer = WriterAsync(rig, 7, () => { });
        await Eventually.TrueAsync(async () => await WaitingAsync(rig) > 0, "the writer waits for the mark that was taken");
        mayCommit.Set();
        await taker;
        await writer;
        Assert.Equal(101, (await rig.ReadAsync(3, Tier.Day)).Single().Total);
        await rig.RunAsync();
        Assert.Equal(108, (await rig.ReadAsync(3, Tier.Day)).Single().Total);
    }

    [Fact]
    public async Task Of_two_who_roll_up_a_source_one_leaves_it_to_the_other()
    {
        Requires.Postgres();
        await using var rig = await StartAsync();
        await rig.PutAsync(_start.AddHours(2), null, null, 100, null);
        using var isTaken = new ManualResetEventSlim();
        using var mayCommit = new ManualResetEventSlim();
        var first = rig.Store.Database.WriteAsync("take", tx =>
        {
            var step = RollupStep.Take(tx, RollupRig.Source, rig.Options);
            isTaken.Set();
            Assert.True(mayCommit.Wait(TimeSpan.FromSeconds(30)));
            return step;
        });
        Assert.True(isTaken.Wait(TimeSpan.FromSeconds(30)));
        Assert.True((await rig.Store.Database.WriteAsync("take", tx => RollupStep.Take(tx, RollupRig.Source, rig.Options))).IsBusy);
        mayCommit.Set();
        Assert.False((await first).IsBusy);
        Assert.Equal(101, (await rig.ReadAsync(3, Tier.Day)).Single().Total);
    }

    private static async Task<RollupRig> StartAsync()
    {
        var rig = await RollupRig.CreateAsync(DatabaseKind.Postgres, _start, _start.AddDays(1), isPolled: false);
        await rig.PutAsync(_start, null, null, 1, null);
        await rig.RunAsync();
        return rig;
    }

    private static Task WriterAsync(RollupRig rig, double value, Action beforeCommit) => rig.Store.Database.WriteAsync("writer", tx =>
    {
        RollupRig.Put(tx, _start.AddHours(1), [null, null, value, null]);
        RollupRig.Mark(tx, _start.AddHours(1), _start.AddHours(1));
        beforeCommit();
    });

    private static Task<long> WaitingAsync(RollupRig rig) => rig.Store.ScalarAsync<long>("select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'");
}
