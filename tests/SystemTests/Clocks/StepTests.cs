using System.Diagnostics;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Clocks;

/// <summary>The clock of the database is set, under two nodes that poll.</summary>
public sealed class StepTests(ITestOutputHelper output)
{
    private const int Gateways = 30;
    private const int Step = 60;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_minute_forward_is_a_clock_jump_and_a_minute_back_fires_nothing_twice()
    {
        FakeClock.Require();
        FakeClock? clock = null;
        var postgres = await PrivatePostgres.StartNewAsync(folder => (clock = new FakeClock(folder)).Variables);
        var site = await Site.CreateAsync(DatabaseKind.Postgres, Gateways, postgres: postgres);
        await using var cluster = await Cluster.Cluster.OfAsync(site, _ => "1s", [Cluster.Cluster.Nearby(site), Cluster.Cluster.Nearby(site)]);
        await cluster.StartAllAsync();
        var even = Site.Now;
        await cluster.UntilRecordedAsync(even, Second);

        var forward = await NowAsync(cluster);
        clock!.Set(Step);
        var after = await NowAsync(cluster);
        Assert.InRange((after - forward).TotalSeconds, Step, Step + 30);
        await cluster.UntilRecordedAsync(after, Second);

        clock.Set(0);
        Assert.True(await NowAsync(cluster) < after);
        await UntilQuietAsync(cluster, TimeSpan.FromSeconds(3));
        var quiet = site.Simulator.Counters.Requests;
        await Passing.OfSeconds(5);
        Assert.Equal(quiet, site.Simulator.Counters.Requests);

        // True again: past the last slot that was polled, so that nobody has to wait for a minute.
        clock.Set(Step);
        await cluster.UntilRecordedAsync(await NowAsync(cluster), Second);
        Assert.Equal(2, await cluster.NumberAsync("select count(*) from node where state = 'live'"));
        Assert.Equal(0, await cluster.NumberAsync("select count(*) from node where state = 'dead'"));
        var to = await NowAsync(cluster);
        await cluster.StopAllAsync();

        var proof = await LedgerProof.ReadAsync(site, to);
        output.WriteLine($"{proof.Validation.Expected} slots, {proof.Ok} ok, missed: {string.Join(", ", proof.MissedByReason)}");
        Assert.All(cluster.Nodes, node => Assert.Single(node.Incarnations));

        // Each device was asked once for each slot that was polled: no slot was asked for twice, whatever the clock showed.
        var polled = proof.Rows.Where(row => row.Outcome != "missed").ToLookup(row => row.Address);
        Assert.All(site.Simulator.Gateways, gateway => Assert.Equal(polled[site.AddressOf(gateway)].Count(), gateway.Arrivals(1).Count));

        // On a busy machine a few come too late as well; that a step of the clock makes no slot late is what ClockStepTests proves.
        Assert.Empty(proof.Missed.Where(row => row.Slot > even && row.Reason is not ("clock_jump" or "late")).Select(row => $"{row.Device} {row.Reason} {row.Slot} +{row.Slots}"));
        Assert.InRange(proof.Missed.Where(row => row.Slot > even && row.Reason == "late").Sum(row => row.Slots), 0, proof.Ok / 20);
        Assert.All(proof.Missed.Where(row => row.Reason == "clock_jump").GroupBy(row => row.Device), rows => Assert.InRange(
            rows.Where(row => row.Slot < after).Sum(row => row.Slots), Step - 2, Step + 2));
        Assert.Equal(Gateways, proof.Missed.Where(row => row.Reason == "clock_jump" && row.Slot < after).Select(row => row.Device).Distinct().Count());
    }

    private static async Task<Instant> NowAsync(Cluster.Cluster cluster) => Instant.From((DateTime)(await cluster.ScalarAsync("select clock_timestamp()"))!);

    /// <summary>Waits until no request has reached a gateway for a while.</summary>
    private static Task UntilQuietAsync(Cluster.Cluster cluster, TimeSpan time)
    {
        var (last, since) = (-1L, 0L);
        return cluster.UntilAsync(
            () =>
            {
                var now = cluster.Site.Simulator.Counters.Requests;
                (last, since) = now == last ? (last, since) : (now, Stopwatch.GetTimestamp());
                return Task.FromResult(Stopwatch.GetElapsedTime(since) >= time);
            },
            () => "gateways that are left alone",
            TimeSpan.FromSeconds(60));
    }
}
