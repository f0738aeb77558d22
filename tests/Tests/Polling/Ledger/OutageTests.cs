using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Polling.Runtime;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>The database goes away under load: what fits is kept, what does not is said, and every slot has one outcome afterwards.</summary>
public sealed class OutageTests
{
    private static readonly TimeSpan _second = TimeSpan.FromSeconds(1);

    [Theory, BothDatabases]
    public async Task What_the_spool_can_keep_is_written_with_its_values_when_the_database_is_back(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, new PollingOptions { Spool = 1_000 }, meters: 8);
        await rig.RunAsync(_second * 5);
        rig.Database.Before = OnlyRecording;
        await rig.RunAsync(_second * 60);
        Assert.InRange(rig.Recorder.Waiting, 470, 490);
        Assert.False(rig.Recorder.IsOverflowing);
        rig.Database.Before = null;
        var validation = await rig.ProveAsync(_second);
        Assert.Equal(0, rig.Recorder.Waiting);
        Assert.Equal(["ok"], validation.Outcomes.Keys);
        Assert.Equal(await rig.CountAsync("poll"), await rig.CountAsync("sample"));
    }

    [Theory, BothDatabases]
    public async Task What_the_spool_cannot_keep_is_database_down_and_memory_stays_bounded(DatabaseKind kind)
    {
        const int Meters = 8;
        var options = new PollingOptions { Spool = 40, BatchSize = 25 };
        await using var rig = await StartAsync(kind, options, Meters);
        await rig.RunAsync(_second * 5);
        rig.Database.Before = OnlyRecording;
        var most = 0;
        for (var second = 0; second < 300; second++)
        {
            await rig.RunAsync(_second);
            most = Math.Max(most, rig.Recorder.Waiting);
        }

        // One batch in hand, the spool, and one row of a count for each group: as much after five minutes as after ten seconds.
        Assert.True(rig.Recorder.IsOverflowing);
        Assert.InRange(most, options.Spool, options.BatchSize + options.Spool + Meters);
        var asked = rig.Field.Values.Sum(session => session.Reads.Count);
        rig.Database.Before = null;
        await rig.RunAsync(_second * 3);
        Assert.False(rig.Recorder.IsOverflowing);
        Assert.InRange(asked, 1, (Meters * 6) + options.BatchSize + options.Spool + Meters);

        var validation = await rig.ProveAsync(_second);
        Assert.Equal(["database_down"], validation.Missed.Keys);
        Assert.InRange(validation.Missed["database_down"], (Meters * 290) - options.BatchSize - options.Spool, Meters * 300);
        Assert.Equal((await rig.LedgerAsync()).Count(l => l.Outcome == "ok"), await rig.CountAsync("sample"));

        // Each group says it once, with a count; what was asked and could be kept is kept.
        Assert.Equal(Meters, await rig.Store.ScalarAsync<int>("select count(*) from poll where reason = 'database_down' and slots > 1"));
        Assert.InRange(await rig.Store.ScalarAsync<int>("select count(*) from poll where reason = 'database_down'"), Meters, Meters * 2);
        Assert.Equal(0, rig.Recorder.Totals.OffPlan + rig.Recorder.Totals.Fenced);
    }

    [Theory, BothDatabases]
    public async Task A_lost_connection_to_everything_leaves_one_outcome_for_every_slot(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, new PollingOptions { Spool = 30, BatchSize = 10 }, meters: 5);
        await rig.RunAsync(_second * 5);
        rig.Database.Before = SteeredDatabase.Away;
        rig.RenewsLease = false;
        await rig.RunAsync(_second * 40);
        rig.Database.Before = null;
        rig.RenewsLease = true;
        var validation = await rig.ProveAsync(_second);
        Assert.Equal(["database_down"], validation.Missed.Keys);
        Assert.NotEmpty(rig.Faults);
    }

    [Fact]
    public async Task A_node_whose_lease_runs_out_ends_every_connection_once_and_with_it_what_was_not_delivered()
    {
        // On SQLite there is no lease.
        await using var rig = await StartAsync(DatabaseKind.Postgres, new PollingOptions(), meters: 4);
        await rig.RunAsync(_second * 5);
        foreach (var session in rig.Field.Values)
        {
            session.Takes = _ => TimeSpan.FromMilliseconds(700);
        }

        rig.RenewsLease = false;
        while (rig.Node.MayWork)
        {
            Assert.All(rig.Field.Values, session => Assert.Equal(0, session.Withdrawals));
            await rig.RunAsync(TimeSpan.FromMilliseconds(100));
        }

        // Those that wait for an answer, and those that wait for nothing: what they gave up earlier may be on its way still.
        await Eventually.TrueAsync(() => rig.Field.Values.All(session => session.Withdrawals == 1), "every connection is ended");
        var asked = rig.Field.Values.Sum(session => session.Reads.Count);
        await rig.RunAsync(_second * 5);
        Assert.Equal(asked, rig.Field.Values.Sum(session => session.Reads.Count));

        rig.RenewsLease = true;
        var validation = await rig.ProveAsync(_second);
        Assert.Equal(["database_down"], validation.Missed.Keys);
        Assert.All(rig.Field.Values, session => Assert.Equal(1, session.Withdrawals));
        Assert.True(rig.Field.Values.Sum(session => session.Reads.Count) > asked);
    }

    [Theory, BothDatabases]
    public async Task An_interval_that_changes_while_nothing_can_be_recorded_leaves_no_hole(DatabaseKind kind)
    {
        await using var rig = await StartAsync(kind, new PollingOptions { Spool = 10, BatchSize = 5 }, meters: 4);
        await rig.RunAsync(_second * 5);
        rig.Database.Before = OnlyRecording;
        await rig.RunAsync(_second * 20);
        await rig.ApplyAsync(Fleet(4, seconds: 2));
        await rig.RunAsync(_second * 20);
        await rig.ApplyAsync(Fleet(3, seconds: 1));
        await rig.RunAsync(_second * 20);
        Assert.InRange(rig.Recorder.Waiting, 10, 5 + 10 + (3 * 4));
        rig.Database.Before = null;
        var validation = await rig.ProveAsync(_second * 2);
        Assert.Equal(["database_down"], validation.Missed.Keys);
        Assert.Equal(0, rig.Recorder.Totals.OffPlan + rig.Recorder.Totals.Fenced);
    }

    [Theory, BothDatabases]
    public Task Random_outages_leave_one_outcome_for_every_slot(DatabaseKind kind) => Seed.RunAsync(async random =>
    {
        await using var rig = await StartAsync(kind, new PollingOptions { Spool = random.Next(1, 40), BatchSize = random.Next(1, 20) }, meters: 6);
        for (var turn = 0; turn < 40; turn++)
        {
            var (away, deaf) = (random.Next(3) == 0, random.Next(4) == 0);
            rig.Database.Before = name => away ? OnlyRecording(name) : null;
            rig.Database.After = name => deaf ? OnlyRecording(name) : null;
            await rig.RunAsync(TimeSpan.FromMilliseconds(random.Next(1, 60) * 100));
            Assert.InRange(rig.Recorder.Waiting, 0, 20 + 40 + 6);
        }

        (rig.Database.Before, rig.Database.After) = (null, null);
        await rig.ProveAsync(_second);
        var ledger = await rig.LedgerAsync();
        Assert.Equal(ledger.Count(l => l.Outcome == "ok"), await rig.CountAsync("sample"));
        Assert.Equal(0, rig.Recorder.Totals.OffPlan + rig.Recorder.Totals.Fenced);
        Assert.Equal(ledger.Sum(l => l.Slots), rig.Recorder.Totals.Ok + rig.Recorder.Totals.Missed);
    });

    private static StorageFault? OnlyRecording(string name) =>
        name.StartsWith("polling.record", StringComparison.Ordinal) ? SteeredDatabase.Away(name) : null;

    private static async Task<PollingRig> StartAsync(DatabaseKind kind, PollingOptions options, int meters)
    {
        var rig = await PollingRig.StartAsync(kind, options);
        await rig.ApplyAsync(Fleet(meters, seconds: 1));
        return rig;
    }

    private static DeviceSpec[] Fleet(int meters, double seconds) =>
        [.. Enumerable.Range(1, meters).Select(i => Meters.Meter($"m{i}", $"10.0.0.{i}:502", seconds: seconds))];
}
