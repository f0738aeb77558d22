using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>Several nodes that reach their database through one PgBouncer in transaction mode.</summary>
public sealed class ClusterPgBouncerTests(ITestOutputHelper output)
{
    private const int Gateways = 60;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // A minute; ./test has one node behind PgBouncer.
    [Fact]
    [Trait("Category", "Soak")]
    public async Task Behind_PgBouncer_a_restart_of_the_database_moves_nothing_and_a_killed_node_is_taken_over_in_time()
    {
        Assert.SkipUnless(NodeProcess.CanBeApart, "a pid namespace of its own, as on another machine, needs root");
        var site = await Site.CreateAsync(DatabaseKind.Postgres, Gateways, arrivals: 2_000);
        await site.GoThroughPgBouncerAsync();
        await using var cluster = await Cluster.OfAsync(site, _ => "1s", Enumerable.Range(0, 3).Select(_ => Cluster.Nearby(site) with { IsApart = true }));
        await cluster.StartAllAsync();
        await cluster.UntilRecordedAsync(Site.Now, Second);
        var before = await OwnersAsync(cluster);

        // Behind PgBouncer the nodes keep their connections, and lose what was under way on them.
        await cluster.RestartDatabaseAsync(TimeSpan.FromSeconds(3), isCrash: true);
        var back = Site.Now;
        await cluster.UntilRecordedAsync(back, Second);
        output.WriteLine($"everything was polled and recorded {(Site.Now - back).TotalSeconds:0.0} s after the restart");

        // Long enough that whoever was to be declared dead would be.
        await Passing.Of(back + TimeSpan.FromSeconds(14) - Site.Now);
        Assert.Equal(before, await OwnersAsync(cluster));
        Assert.Equal(0, await cluster.NumberAsync("select count(*) from node where state = 'dead'"));

        var dead = cluster.Nodes[1].Incarnation;
        await cluster.Nodes[1].Kill9Async();
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(), Second);
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();
        Assert.All(proof.TakeOvers, change => Assert.Equal(dead, change.Change.Was));
        Assert.InRange(proof.TakeOvers.Count, Gateways / 3, (Gateways / 3) + 1);
        Assert.True(proof.Result.TakeoverMaxS >= 1);
    }

    private static async Task<List<(long Id, string Owner, long Lease)>> OwnersAsync(Cluster cluster) => await cluster.Site.ReadAsync(
        tx => tx.Query<(long, string, long)>(new Sql("test.owners", "select id, owner, lease_no from endpoint where owner is not null order by id")));
}
