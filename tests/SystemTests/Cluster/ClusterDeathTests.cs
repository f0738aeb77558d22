using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>A node dies, stands still, or gets stuck: the others own everything of it in time, and what it brings later is refused.</summary>
[Collection(Alone.Name)]
public sealed class ClusterDeathTests(ITestOutputHelper output)
{
    private const int Gateways = 100;
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);

    // What is in time is the proof's to say.
    private static readonly TimeSpan InTime = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task Kill_9_on_another_machine_costs_one_gap_of_node_down_for_each_device_of_the_dead_and_nothing_else()
    {
        NeedsApart();
        await using var cluster = await Cluster.CreateAsync(nodes: 3, Gateways, _ => "1s", allApart: true);
        await cluster.StartAllAsync();
        await cluster.UntilRecordedAsync(Site.Now, Second);
        var killed = Site.Now;
        await cluster.Nodes[1].Kill9Async();
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(InTime), Second);
        var settled = Site.Now;
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();

        // Every device of the dead node, and no other.
        var dead = cluster.Nodes[1].Incarnation;
        var orphans = proof.TakeOvers.Select(change => change.Change.Address).ToHashSet();
        Assert.InRange(orphans.Count, Gateways / 3, (Gateways / 3) + 1);
        Assert.All(proof.TakeOvers, change => Assert.Equal(dead, change.Change.Was));
        Assert.True(proof.Result.TakeoverMaxS >= 1);
        var missed = proof.MissedIn(killed - Explanation.CommitLag, settled).Where(row => row.Slot > killed - Explanation.CommitLag).ToLookup(row => row.Address);
        Assert.Empty(missed.Where(rows => !orphans.Contains(rows.Key)).SelectMany(rows => rows).Select(row => $"{row.Device} {row.Reason} {row.Slot}"));
        Assert.All(orphans, address =>
        {
            // One row, or several that follow each other: the gap is recorded once and as a whole.
            var rows = missed[address].OrderBy(row => row.Slot).ToList();
            Assert.All(rows, row => Assert.Equal("node_down", row.Reason));
            Assert.True(rows.Sum(row => row.Slots) >= 9);
            Assert.Equal(rows.Sum(row => row.Slots), ((rows[^1].LastSlot.Micros - rows[0].Slot.Micros) / rows[0].IntervalUs) + 1);
        });
    }

    /// <summary>One of them between two batches, the other between its fence and its insert, with the row of its node in its hands.</summary>
    [Fact]
    [Trait("Category", "Soak")]
    public async Task Nodes_that_stand_still_for_20_s_are_taken_over_and_refused_when_they_go_on()
    {
        NeedsApart();
        await using var cluster = await Cluster.CreateAsync(nodes: 3, Gateways, _ => "1s", allApart: true);
        var (well, outside, inside) = (cluster.Nodes[0], cluster.Nodes[1], cluster.Nodes[2]);
        well.Start();
        outside.Start();
        inside.Start("polling.record.fenced=stop@300");
        await Task.WhenAll(cluster.Nodes.Select(node => node.ReadyAsync()));
        await inside.UntilPausedItselfAsync(TimeSpan.FromSeconds(120));
        await PauseOutsideAsync(cluster, outside);
        Assert.Equal(1, await InTransactionAsync(cluster, inside));
        var paused = Site.Now;
        var former = (Outside: outside.Incarnation, Inside: inside.Incarnation);

        await cluster.UntilEvenAsync(InTime, well);
        await Passing.Of(paused + TimeSpan.FromSeconds(20) - Site.Now);
        outside.Cont();
        inside.Cont();
        await Task.WhenAll(outside.ComesBackAsync(former.Outside), inside.ComesBackAsync(former.Inside));
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(), Second);
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();

        foreach (var (node, identity) in new[] { (outside, former.Outside), (inside, former.Inside) })
        {
            var took = proof.TakeOvers.Where(change => change.Change.Was == identity).Max(change => change.Took)!.Value;
            output.WriteLine($"{node.Name} was taken over {took.TotalSeconds:0.0} s after it stopped; {node.Refused} outcomes of it were refused");

            // The lease and its look, and the reaper was not held up by the row in the hands of a process that stands still.
            Assert.InRange(took.TotalSeconds, 5, 15 + cluster.Faults.Stalled(paused, Site.Now).TotalSeconds);
            Assert.True(node.Refused > 0, string.Join('\n', node.Lines));
            Assert.Contains(node.Lines, line => line.Contains($"Node {identity} was declared dead by another one", StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task A_node_whose_slots_hang_gives_its_roles_up_within_10_s_and_ends_with_code_2()
    {
        await using var cluster = await Cluster.CreateAsync(nodes: 2, Gateways, _ => "1s");
        var (well, stuck) = (cluster.Nodes[0], cluster.Nodes[1]);
        well.Start();
        stuck.Start("polling.slots=hang@700");
        await Task.WhenAll(cluster.Nodes.Select(node => node.ReadyAsync()));
        Assert.Equal(2, await stuck.Process.ExitAsync(TimeSpan.FromSeconds(90)));
        var exited = Site.Now;
        await cluster.UntilRecordedAsync(await cluster.UntilEvenAsync(InTime, well), Second);

        // It hung when the last slot of its own had fired.
        var id = stuck.Incarnation;
        var fired = Instant.From((DateTime)(await cluster.ScalarAsync($"""
            select max(p.slot) from poll p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id
            join test.ownership o on o.endpoint_id = d.endpoint_id and o.owner = '{id}' and o.lease_no = p.lease_no where p.outcome = 'ok'
            """))!);
        var ended = Instant.From((DateTime)(await cluster.ScalarAsync($"select ended_at from node where id = '{id}' and state = 'dead'"))!);
        cluster.Faults.Add(new Fault(FaultKind.Hang, stuck.Name, fired, exited));
        output.WriteLine($"hung at {fired}, declared dead {(ended - fired).TotalSeconds:0.0} s later, its process ended {(exited - fired).TotalSeconds:0.0} s later");
        Assert.InRange((ended - fired).TotalSeconds, 4, 10 + cluster.Faults.Stalled(fired, ended).TotalSeconds);
        var proof = await cluster.ProveAsync();
        output.WriteLine(proof.Result.ToString());
        proof.Holds();
        Assert.True(proof.Result.TakeoverMaxS >= 4);
        Assert.Contains(stuck.Lines, line => line.Contains("gave up its roles", StringComparison.Ordinal));
    }

    private static void NeedsApart() => Assert.SkipUnless(NodeProcess.CanBeApart, "a pid namespace of its own, as on another machine, needs root");

    /// <summary>Stops a node while it has no transaction open.</summary>
    private static async Task PauseOutsideAsync(Cluster cluster, ClusterNode node)
    {
        await cluster.UntilAsync(
            async () =>
            {
                node.Pause();
                if (await InTransactionAsync(cluster, node) == 0)
                {
                    return true;
                }

                node.Cont();
                return false;
            },
            () => $"a moment in which {node.Name} writes nothing",
            TimeSpan.FromSeconds(60));
    }

    private static Task<long> InTransactionAsync(Cluster cluster, ClusterNode node) => cluster.NumberAsync(
        $"select count(*) from pg_stat_activity a join node n on a.application_name like '%' || n.session || '%' where n.id = '{node.Incarnation}' and a.xact_start is not null");
}
