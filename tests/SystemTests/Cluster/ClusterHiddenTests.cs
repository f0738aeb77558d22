using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>Two nodes of one machine that cannot see each other's process: users of their own, and /proc hides those of others, as with hidepid or ProtectProc=invisible.</summary>
public sealed class ClusterHiddenTests
{
    private static readonly string[] _asNobody = ["unshare", "--mount", "sh", "-c", "mount -t proc -o hidepid=2 proc /proc && exec setpriv --reuid=65534 --regid=65534 --clear-groups \"$@\"", "sh"];

    [Fact]
    public async Task A_process_that_proc_hides_is_left_alive_and_known_to_be_gone_when_it_is()
    {
        Assert.SkipUnless(NodeProcess.CanBeApart && File.Exists("/usr/bin/setpriv"), "to hide /proc and to be another user needs root");
        var site = await Site.CreateAsync(Storage.DatabaseKind.Postgres, 10);
        await using var cluster = await Cluster.OfAsync(site, _ => "1s", [Cluster.Nearby(site), Cluster.Nearby(site) with { Within = _asNobody }]);
        var (seen, blind) = (cluster.Nodes[0], cluster.Nodes[1]);
        await cluster.StartAllAsync();
        Assert.Equal(0, await cluster.NumberAsync("select count(*) from node where state = 'dead'"));

        // It has looked for the length of a few beats.
        await cluster.UntilAsync(
            async () => await cluster.NumberAsync($"select count(*) from node_lease where id = '{blind.Incarnation}' and expires_at > now() + interval '11 s'") == 1,
            () => "it beats",
            TimeSpan.FromSeconds(20));
        Assert.Equal(0, await cluster.NumberAsync("select count(*) from node where state = 'dead'"));
        await seen.Kill9Async();
        await cluster.UntilEvenAsync(TimeSpan.FromSeconds(8), blind);
        await cluster.StopAllAsync();
    }
}
