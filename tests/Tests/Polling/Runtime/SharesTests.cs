using FsCheck;
using FsCheck.Fluent;
using Rondo.Polling.Runtime;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>Fair shares by arithmetic.</summary>
public sealed class SharesTests
{
    [Fact]
    public void Alone_a_node_takes_everything_and_one_that_takes_nothing_has_no_share()
    {
        Assert.Equal(7, Shares.Target("a", [new("a", true, 0)], 7));
        Assert.Equal(0, Shares.Target("a", [new("a", false, 5), new("b", true, 0)], 0));
        Assert.Equal(5, Shares.Target("b", [new("a", false, 5), new("b", true, 0)], 0));
        Assert.Equal(0, Shares.Target("a", [new("b", true, 1)], 0));
    }

    [Fact]
    public void Those_who_hold_the_most_keep_the_one_more()
    {
        Share[] nodes = [new("a", true, 3), new("b", true, 4), new("c", true, 3)];
        Assert.Equal([3, 4, 3], nodes.Select(n => Shares.Target(n.Node, nodes, 0)));
    }

    [Fact]
    public void Whatever_the_shares_are_they_become_even_by_the_fewest_moves_and_then_nothing_moves() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(300),
        Prop.ForAll(
            Gen.ArrayOf(Gen.Choose(0, 40), 8).ToArbitrary(),
            drawn =>
            {
                var (counts, takers, free) = (drawn[..6], 1 + (drawn[6] % 6), drawn[7]);
                var nodes = counts.Select((count, i) => new Share($"n{i}", i < takers, count)).ToArray();
                var total = counts.Sum() + free;
                var targets = nodes.Select(n => Shares.Target(n.Node, nodes, free)).ToArray();
                Assert.Equal(total, targets.Sum());
                Assert.InRange(targets[..takers].Max() - targets[..takers].Min(), 0, 1);
                Assert.All(targets[takers..], target => Assert.Equal(0, target));

                // What leaves a node is what it has beyond the even share, as far as the one more goes round.
                var fewest = counts.OrderDescending().ToArray();
                var (each, rest) = Math.DivRem(total, takers);
                var moves = counts[..takers].OrderDescending().Select((count, i) => Math.Max(0, count - (i < rest ? each + 1 : each))).Sum() + counts[takers..].Sum();
                Assert.Equal(moves, nodes.Select((n, i) => Math.Max(0, n.Count - targets[i])).Sum());

                var even = nodes.Select((n, i) => n with { Count = targets[i] }).ToArray();
                Assert.Equal(targets, even.Select(n => Shares.Target(n.Node, even, 0)));
            }));

    [Fact]
    public void Nodes_that_act_on_old_looks_come_to_the_same_end() => Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(200),
        Prop.ForAll(
            Gen.Choose(0, 1_000_000).ToArbitrary(),
            seed =>
            {
                var random = new System.Random(seed);
                var (count, total) = (1 + random.Next(5), random.Next(60));
                var (held, free) = (new int[count], total);
                for (var turn = 0; turn < 40 * count; turn++)
                {
                    // One node looks; others act before it does.
                    var me = random.Next(count);
                    var look = held.Select((h, i) => new Share($"n{i}", true, h)).ToArray();
                    var seen = free;
                    for (var others = random.Next(3); others > 0; others--)
                    {
                        Act(random.Next(count), [.. held.Select((h, i) => new Share($"n{i}", true, h))], free);
                    }

                    Act(me, look, seen);
                }

                for (var turn = 0; turn < 3 * count; turn++)
                {
                    Act(turn % count, [.. held.Select((h, i) => new Share($"n{i}", true, h))], free);
                }

                Assert.Equal(0, free);
                Assert.Equal(total, held.Sum());
                Assert.InRange(held.Max() - held.Min(), 0, 1);

                void Act(int node, Share[] look, int seenFree)
                {
                    var target = Shares.Target($"n{node}", look, seenFree);
                    var move = target > held[node] ? Math.Min(target - held[node], free) : -Math.Min(held[node] - target, held[node]);
                    held[node] += move;
                    free -= move;
                }
            }));
}
