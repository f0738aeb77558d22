using System.Text.Json;
using Rondo.Storage;
using Rondo.SystemTests.Cluster;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Clocks;

/// <summary>Nodes whose wall clock is not the database's.</summary>
public sealed class SkewTests(ITestOutputHelper output)
{
    private const int Fast = 24;
    private const int Gateways = 30;

    // What a request needs from the start of its poll to the gateway on a busy machine, where there is nothing to connect first. By the clock of a node that is
    // 30 s off, a slot of 7 s would be 2 s or more too late.
    private static readonly TimeSpan Travel = TimeSpan.FromMilliseconds(200);

    // A request is stamped by the gateway's clock, its slot by what the node knows of the database's.
    private static readonly TimeSpan ClockNoise = TimeSpan.FromMilliseconds(20);

    [Fact]
    public async Task Nodes_that_are_30_s_ahead_and_behind_poll_by_the_time_of_the_database_and_are_named()
    {
        FakeClock.Require();
        var site = await Site.CreateAsync(DatabaseKind.Postgres, Gateways);
        int[] offsets = [30, -30, 0];
        await using var cluster = await Cluster.Cluster.OfAsync(
            site,
            gateway => gateway <= Fast ? "1s" : "7s",
            offsets.Select(offset => Cluster.Cluster.Nearby(site) with { Variables = offset == 0 ? new Dictionary<string, string?>() : FakeClock.Off(offset) }));
        await cluster.StartAllAsync();
        var even = Site.Now;
        await cluster.UntilRecordedAsync(even, TimeSpan.FromSeconds(7));

        var listed = JsonDocument.Parse(await site.CommandAsync("nodes", "list", "--json")).RootElement.GetProperty("nodes").EnumerateArray().ToList();
        foreach (var (node, offset) in cluster.Nodes.Zip(offsets))
        {
            var said = listed.Single(one => one.GetProperty("id").GetString() == node.Incarnation).GetProperty("clock_offset_s").GetDouble();
            output.WriteLine($"{node.Name}: {said} s off");
            Assert.InRange(said, offset - 0.5, offset + 0.5);
        }

        await IsNamedAsync(cluster, [cluster.Nodes[0].Incarnation, cluster.Nodes[1].Incarnation]);
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();
        Assert.Empty(proof.MissedIn(even, proof.To));
        Assert.All(cluster.Nodes, node => Assert.Single(node.Incarnations));
        OnTheGrid(cluster, proof, even);
    }

    /// <summary>A node that answers over HTTP knows it of all of them, and says which way.</summary>
    private static async Task IsNamedAsync(Cluster.Cluster cluster, string[] skewed)
    {
        var address = $"http://127.0.0.1:{PrivatePostgres.FreePort()}";
        await using var api = RondoProcess.Start("serve", "--roles", "api", "--http", address, "--database", cluster.Site.Database);
        var health = await api.WaitForHttpAsync(new Uri(address + "/api/polling/health"), status => status is 200 or 503, token: await RondoProcess.TokenAsync(cluster.Site.Database));
        var reasons = JsonDocument.Parse(health).RootElement.GetProperty("reasons").EnumerateArray().Where(reason => reason.GetProperty("code").GetString() == "clock.skew")
            .ToDictionary(reason => reason.GetProperty("subject").GetString()!, reason => reason.GetProperty("message").GetString()!);
        Assert.Equivalent(skewed, reasons.Keys, strict: true);
        Assert.Matches($"node {skewed[0]} on .* is (29|30)\\.\\d s ahead of the database's", reasons[skewed[0]]);
        Assert.Matches($"node {skewed[1]} on .* is (29|30)\\.\\d s behind the database's", reasons[skewed[1]]);
        Assert.Equal(0, await api.StopAsync());
    }

    /// <summary>By the clock of the gateways, every request came within the lateness that a slot of its plan may have.</summary>
    private void OnTheGrid(Cluster.Cluster cluster, ClusterProof proof, Instant even)
    {
        var rows = proof.Ledger.Rows.ToLookup(row => row.Address);
        var slow = cluster.Faults.All.Where(fault => fault.Kind == FaultKind.Slow).ToList();
        var late = (from gateway in cluster.Site.Simulator.Gateways
                    let plan = rows[cluster.Site.AddressOf(gateway)].First()
                    from arrival in gateway.Arrivals(1)
                    let at = Instant.From(arrival.At)
                    where at > even
                    select (Late: TimeSpan.FromMicroseconds(((at + ClockNoise).Micros - plan.PhaseUs) % plan.IntervalUs) - ClockNoise, Most: TimeSpan.FromMicroseconds(plan.IntervalUs / 4) + Travel, At: at)).ToList();
        output.WriteLine($"{late.Count} requests, {late.Average(one => one.Late.TotalMilliseconds):0.0} ms after their slot, at most {late.Max(one => one.Late.TotalMilliseconds):0} ms");
        Assert.True(late.Count > 5 * Fast);
        var tooLate = late.Where(one => one.Late > one.Most && !slow.Exists(fault => one.At >= fault.From && one.At - one.Late <= fault.To)).Select(one => $"{one.At}: {one.Late}");
        Assert.Empty(tooLate);
    }
}
