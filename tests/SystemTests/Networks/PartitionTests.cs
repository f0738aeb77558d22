using Rondo.Storage;
using Rondo.SystemTests.Cluster;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Networks;

/// <summary>One of three nodes loses its network, to the database, to the devices, to both, each in another way; then it is healed.</summary>
public sealed class PartitionTests(ITestOutputHelper output)
{
    private const int Fast = 60;
    private const int Slow = 6;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // What is in time is the proof's to say.
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(20);

    [Fact]
    public Task A_node_that_the_database_hears_and_that_hears_nothing_stops_by_itself_and_what_it_brings_later_is_refused() =>
        WithoutDatabaseAsync(wire => wire.CutAnswers());

    [Fact]
    [Trait("Category", "Soak")]
    public Task A_node_without_a_way_to_the_database_stops_by_itself_and_what_it_brings_later_is_refused() =>
        WithoutDatabaseAsync(wire => wire.Cut());

    [Fact]
    public async Task A_node_without_a_way_to_its_devices_keeps_them_says_that_they_are_offline_and_has_them_back_after_it()
    {
        await using var networks = PrivateNetworks.Create(nodes: 3);
        await using var cluster = await StartAsync(networks);
        var (node, id) = (cluster.Nodes[1], cluster.Nodes[1].Incarnation);
        var own = $"from device d join endpoint e on e.id = d.endpoint_id join poll_group g on g.device_id = d.id where e.owner = '{id}' and g.interval_us = 1000000";
        var count = await cluster.NumberAsync($"select count(*) {own}");
        var wire = networks.WireOf(1, PrivateNetworks.Devices);
        var cut = cluster.Faults.Begin(FaultKind.Devices, node.Name);
        wire.Cut();
        await UntilAllAreAsync(cluster, "offline", own);
        await PassUntilAsync(cut.From + (Outage / 2));
        Assert.Equal(count, await cluster.NumberAsync($"select count(*) {own} and d.status = 'offline'"));
        wire.Heal();
        cut.End();
        await UntilAllAreAsync(cluster, "online", own);
        output.WriteLine($"{count} devices online again {(Site.Now - cut.To).TotalSeconds:0.0} s after the network was");
        await cluster.UntilRecordedAsync(Site.Now, Second);
        var before = Site.Now;
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();

        Assert.DoesNotContain(proof.Ownership.All, change => change.At > cut.From && change.At < before);
        Assert.All(cluster.Nodes, each => Assert.Single(each.Incarnations));
        FailedOnlyWithout(proof, cut);
        Assert.True(proof.Result.Failed > 0);

        // Failed, and not silently passed over: what was missed, was so because the device kept failing.
        var failed = proof.Ledger.Rows.Where(row => row.Outcome == "failed").GroupBy(row => row.Device).ToDictionary(rows => rows.Key, rows => rows.Count());
        Assert.True(failed.Count >= count, $"{failed.Count} of {count} devices failed");
        Assert.All(proof.Ledger.Rows.Where(row => row.IntervalUs == 1_000_000).Select(row => row.Device).Where(failed.ContainsKey), device => Assert.True(failed[device] >= 3, device));
    }

    [Fact]
    public async Task A_node_without_any_network_is_taken_over_and_comes_back_as_another()
    {
        await using var networks = PrivateNetworks.Create(nodes: 3);
        await using var cluster = await StartAsync(networks);
        var (node, former) = (cluster.Nodes[1], cluster.Nodes[1].Incarnation);
        Wire[] wires = [networks.WireOf(1, PrivateNetworks.Database), networks.WireOf(1, PrivateNetworks.Devices)];
        var devices = cluster.Faults.Begin(FaultKind.Devices, node.Name);
        var cut = cluster.Faults.Begin(FaultKind.Cut, node.Name);
        Array.ForEach(wires, wire => wire.Break());
        var proof = await HealedAsync(cluster, node, former, cut, wires, devices);
        FailedOnlyWithout(proof, devices);
    }

    private async Task WithoutDatabaseAsync(Action<Wire> cutOff)
    {
        await using var networks = PrivateNetworks.Create(nodes: 3);
        await using var cluster = await StartAsync(networks);
        var (node, former) = (cluster.Nodes[1], cluster.Nodes[1].Incarnation);
        var wire = networks.WireOf(1, PrivateNetworks.Database);
        var cut = cluster.Faults.Begin(FaultKind.Cut, node.Name);
        cutOff(wire);
        var proof = await HealedAsync(cluster, node, former, cut, wire);

        // It fenced itself before anybody took over: between its last poll and the first of the next owner a device was left alone.
        var polls = cluster.Site.Simulator.Gateways.ToDictionary(cluster.Site.AddressOf);
        Assert.All(proof.TakeOvers.Where(change => polls[change.Change.Address].Number <= Fast), change =>
        {
            var last = polls[change.Change.Address].Arrivals(1).Select(arrival => Instant.From(arrival.At)).Last(at => at <= change.Change.At);
            Assert.True(change.Change.At - last >= Second, $"{change.Change.Address} was polled at {last} and taken over at {change.Change.At}");
            Assert.InRange((last - cut.From).TotalSeconds, 5, 11);
        });
        Assert.DoesNotContain(proof.Ledger.Rows, row => row.Outcome == "failed" && !proof.IsOfTheMachine(row));
    }

    /// <summary>Three nodes that share everything evenly and have polled and recorded all that is polled each second.</summary>
    private static async Task<Cluster.Cluster> StartAsync(PrivateNetworks networks)
    {
        var site = await Site.CreateAsync(DatabaseKind.Postgres, Fast + Slow);
        site.AddressOf = gateway => $"{PrivateNetworks.Devices}:{gateway.Endpoint.Port}";
        networks.Lead(PrivateNetworks.Database, site.Postgres!.Port);
        foreach (var gateway in site.Simulator.Gateways)
        {
            networks.Lead(PrivateNetworks.Devices, gateway.Endpoint.Port);
        }

        var database = site.Database.Replace("127.0.0.1", PrivateNetworks.Database, StringComparison.Ordinal);
        var cluster = await Cluster.Cluster.OfAsync(
            site,
            gateway => gateway <= Fast ? "1s" : "10s",
            Enumerable.Range(0, 3).Select(i => new NodePlace(database, networks.WireOf(i, PrivateNetworks.Database)) { Within = networks.Within(i) }));
        await cluster.StartAllAsync();
        await cluster.UntilRecordedAsync(Site.Now, Second);
        return cluster;
    }

    private Task<ClusterProof> HealedAsync(Cluster.Cluster cluster, ClusterNode node, string former, Fault cut, Wire wire) =>
        HealedAsync(cluster, node, former, cut, [wire], null);

    /// <summary>The others own everything in time; after the outage the node comes back as another; then the proof.</summary>
    private async Task<ClusterProof> HealedAsync(Cluster.Cluster cluster, ClusterNode node, string former, Fault cut, Wire[] wires, Fault? devices)
    {
        var others = cluster.Nodes.Where(each => each != node).ToArray();
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(InTime, others), Second);
        await PassUntilAsync(cut.From + Outage);
        Array.ForEach(wires, wire => wire.Heal());
        cut.End();
        devices?.End();
        await node.ComesBackAsync(former);
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(), Second);
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();

        Assert.InRange(proof.TakeOvers.Count, (Fast + Slow) / 3, ((Fast + Slow) / 3) + 1);
        Assert.All(proof.TakeOvers, change => Assert.Equal(former, change.Change.Was));
        Assert.True(proof.Result.TakeoverMaxS >= 5);

        // A slow device's slot shortly before its node stopped may be young enough for the new owner: polled again, since the first poll could not be recorded.
        Assert.InRange(proof.Result.PolledAgain, 0, Slow);
        Assert.True(node.Refused > 0, "nothing that it brought late was refused");
        Assert.Contains(node.Lines, line => line.Contains($"Node {former} was declared dead by another one", StringComparison.Ordinal));
        return proof;
    }

    private static Task PassUntilAsync(Instant end) => end > Site.Now ? Passing.Of(end - Site.Now) : Task.CompletedTask;

    private static Task UntilAllAreAsync(Cluster.Cluster cluster, string status, string own) => cluster.UntilAsync(
        async () => await cluster.NumberAsync($"select count(*) {own} and d.status <> '{status}'") == 0, () => $"all its devices {status}", TimeSpan.FromSeconds(60));

    /// <summary>No other poll failed than those of the node that had no way, while it had none or was not yet sure that it had.</summary>
    private static void FailedOnlyWithout(ClusterProof proof, Fault cut)
    {
        var failed = proof.Ledger.Rows.Where(row => row.Outcome == "failed" && !proof.IsOfTheMachine(row)).ToList();
        Assert.All(failed, row => Assert.True(
            proof.IsWithoutDevices(row) && row.Slot < cut.To + Second, $"{row.Device} failed at {row.Slot}; no way from {cut.From} to {cut.To}"));
    }
}
