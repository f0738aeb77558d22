using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>Nodes come and go in order.</summary>
public sealed class ClusterShareTests(ITestOutputHelper output)
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    [Fact]
    public async Task A_second_and_a_third_node_take_their_shares_without_a_missed_slot()
    {
        await using var cluster = await Cluster.CreateAsync(nodes: 3, gateways: 100, _ => "1s");
        await cluster.Nodes[0].StartAsync();
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(), Second);
        var polled = Site.Now;
        foreach (var node in cluster.Nodes.Skip(1))
        {
            var started = Site.Now;
            await node.StartAsync();
            var even = await cluster.UntilEvenAsync(TimeSpan.FromSeconds(30));
            output.WriteLine($"shares were even {(even - started).TotalSeconds:0.0} s after the start of {node.Name}: {string.Join(", ", await cluster.SharesAsync())}");
        }

        await cluster.UntilRecordedAsync(Site.Now, Second);
        var settled = Site.Now;
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();
        Assert.Empty(proof.MissedIn(polled, settled).Select(row => $"{row.Device} {row.Reason} {row.Slot}"));
        Assert.Empty(proof.TakeOvers);

        // Sticky: what moved is what the newcomers own, once each.
        Assert.InRange(proof.Ownership.All.Count(change => change.At > polled && change.At < settled && change.Owner is not null), 50 + 33, 50 + 34);
    }

    [Fact]
    [Trait("Category", "Soak")]
    public async Task A_clean_stop_of_one_of_three_costs_no_slot_of_a_device_that_is_polled_every_10_s()
    {
        await using var cluster = await Cluster.CreateAsync(nodes: 3, gateways: 100, gateway => gateway % 2 == 0 ? "1s" : "10s");
        await cluster.StartAllAsync();
        await cluster.UntilRecordedAsync(Site.Now, Second);
        var polled = Site.Now;
        await cluster.Nodes[1].StopAsync();
        var stopped = Site.Now;
        var even = await cluster.UntilEvenAsync(TimeSpan.FromSeconds(10));
        output.WriteLine($"the stop took {(stopped - polled).TotalSeconds:0.0} s, shares were even {(even - stopped).TotalSeconds:0.0} s after it");
        await cluster.UntilRecordedAsync(even, TimeSpan.FromSeconds(10));
        var settled = Site.Now;
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();
        Assert.Empty(proof.MissedIn(polled, settled).Where(row => row.IntervalUs == 10_000_000).Select(row => $"{row.Device} {row.Reason} {row.Slot}"));
        Assert.Empty(proof.TakeOvers);
    }
}
