namespace Rondo.Polling.Runtime;

/// <summary>What one live node holds.</summary>
/// <param name="Node">Its incarnation.</param>
/// <param name="Takes">False for one that polls nothing: another role, draining, starting or stopping.</param>
/// <param name="Count">Endpoints it owns.</param>
/// <param name="Answers">False for one that has not renewed its lease in time, though nobody has declared it dead yet.</param>
internal readonly record struct Share(string Node, bool Takes, int Count, bool Answers = true);

/// <summary>
/// Fair shares, by arithmetic that every node does for itself on the same rows: shares differ by one endpoint at most, and those who hold the most keep the one
/// more, so that nothing moves without need. Nodes that look at different moments come to the same end, since what is handed back still counts.
/// </summary>
internal static class Shares
{
    /// <summary>How many endpoints <paramref name="me"/> should own when <paramref name="free"/> are due and owned by nobody.</summary>
    public static int Target(string me, IReadOnlyCollection<Share> nodes, int free)
    {
        var takers = nodes.Where(n => n.Takes).OrderByDescending(n => n.Count).ThenBy(n => n.Node, StringComparer.Ordinal).ToArray();
        var rank = Array.FindIndex(takers, n => n.Node == me);
        if (rank < 0)
        {
            return 0;
        }

        var (each, rest) = Math.DivRem(nodes.Sum(n => n.Count) + free, takers.Length);
        return rank < rest ? each + 1 : each;
    }
}
