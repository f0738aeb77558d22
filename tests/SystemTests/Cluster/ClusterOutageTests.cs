using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>The database is away for all of them, or for one of them.</summary>
public sealed class ClusterOutageTests(ITestOutputHelper output)
{
    private const int Gateways = 100;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    [Trait("Category", "Soak")]
    public Task A_restart_of_the_database_and_15_s_without_it_change_no_owner() => OutageAsync(TimeSpan.FromSeconds(15));

    [Fact]
    [Trait("Category", "Soak")]
    public Task A_minute_without_the_database_changes_no_owner() => OutageAsync(TimeSpan.FromSeconds(60));

    [Fact]
    [Trait("Category", "Soak")]
    public async Task A_node_that_is_cut_off_stops_by_itself_others_take_over_and_it_comes_back_as_another()
    {
        await using var cluster = await Cluster.CreateAsync(nodes: 3, Gateways, _ => "1s");
        await cluster.StartAllAsync();
        await cluster.UntilRecordedAsync(Site.Now, Second);
        var (node, former) = (cluster.Nodes[1], cluster.Nodes[1].Incarnation);
        var polls = cluster.Site.Simulator.Gateways.ToDictionary(gateway => gateway.Endpoint.ToString());
        var cut = Site.Now;
        node.Cut();
        await Passing.OfSeconds(20);
        node.Heal();
        await node.ComesBackAsync(former);
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(), Second);
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();

        // It fenced itself before anybody took over: between its last poll and the first of the next owner a device was left alone.
        var orphans = proof.TakeOvers.Where(change => change.Change.Was == former).ToList();
        Assert.InRange(orphans.Count, Gateways / 3, (Gateways / 3) + 1);
        Assert.All(orphans, change =>
        {
            var own = polls[change.Change.Address].Arrivals(1).Select(arrival => Instant.From(arrival.At)).ToList();
            var last = own.Last(at => at <= change.Change.At);
            Assert.True(change.Change.At - last >= Second, $"{change.Change.Address} was polled at {last} and taken over at {change.Change.At}");
            Assert.InRange((last - cut).TotalSeconds, 5, 11);
        });
        Assert.Equal(0, proof.Result.PolledAgain);
        Assert.Contains(node.Lines, line => line.Contains($"Node {former} was declared dead by another one", StringComparison.Ordinal));
    }

    private async Task OutageAsync(TimeSpan cut)
    {
        await using var cluster = await Cluster.CreateAsync(nodes: 3, Gateways, _ => "1s");
        await cluster.StartAllAsync();
        await cluster.UntilRecordedAsync(Site.Now, Second);
        var before = await OwnersAsync(cluster);
        await cluster.RestartDatabaseAsync(TimeSpan.Zero);
        await cluster.UntilRecordedAsync(Site.Now, Second);
        await cluster.CutAllAsync(cut);
        var healed = Site.Now;
        await cluster.UntilRecordedAsync(healed, Second);
        output.WriteLine($"everything was polled and recorded {(Site.Now - healed).TotalSeconds:0.0} s after the cut");

        // Long enough that whoever was to be declared dead would be.
        await Passing.Of(healed + TimeSpan.FromSeconds(14) - Site.Now);
        var after = await OwnersAsync(cluster);
        Assert.InRange(before.Intersect(after).Count(), 0.99 * Gateways, Gateways);
        Assert.Equal(0, await cluster.NumberAsync("select count(*) from node where state = 'dead'"));
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();
        Assert.Empty(proof.TakeOvers);
        Assert.All(cluster.Nodes, node => Assert.Single(node.Incarnations));
    }

    private static Task<HashSet<(long Id, string Owner, long Lease)>> OwnersAsync(Cluster cluster) => cluster.Site.ReadAsync(
        tx => tx.Query<(long, string, long)>(new Sql("test.owners", "select id, owner, lease_no from endpoint where owner is not null")).ToHashSet());
}
