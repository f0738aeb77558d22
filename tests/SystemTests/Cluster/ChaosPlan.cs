namespace Rondo.SystemTests.Cluster;

/// <summary>What may be done to a cluster.</summary>
internal enum ChaosKind
{
    /// <summary>kill -9, and a start a while later.</summary>
    Kill,

    /// <summary>SIGSTOP, and SIGCONT a while later.</summary>
    Pause,

    /// <summary>Cut off from the database: nothing passes.</summary>
    Cut,

    /// <summary>Cut off from the database: connections are broken and refused.</summary>
    Break,

    /// <summary>The database stops in order, and starts a while later.</summary>
    Restart,

    /// <summary>The database crashes, and starts a while later.</summary>
    Crash,

    /// <summary>One more node comes, and stops in order a while later.</summary>
    Guest,

    /// <summary>The operator's drain, and the resume a while later.</summary>
    Drain,
}

/// <summary>One thing to do.</summary>
/// <param name="At">Seconds after the beginning.</param>
/// <param name="Kind">What.</param>
/// <param name="Node">To whom: index of a node; -1 for the database and the guest.</param>
/// <param name="For">Seconds until it is undone.</param>
internal readonly record struct ChaosStep(double At, ChaosKind Kind, int Node, double For)
{
    public override string ToString() => $"{At:0.0} s: {Kind}{(Node >= 0 ? $" {(char)('a' + Node)}" : "")} for {For:0.0} s";
}

/// <summary>Random faults from a seed, worked out before anything happens: the same seed does the same.</summary>
internal static class ChaosPlan
{
    // A node has time to come back before the next thing befalls it.
    private const double Recovery = 5;

    private static readonly ChaosKind[] Kinds =
    [
        ChaosKind.Kill, ChaosKind.Kill, ChaosKind.Kill, ChaosKind.Pause, ChaosKind.Pause, ChaosKind.Cut, ChaosKind.Break, ChaosKind.Restart, ChaosKind.Crash, ChaosKind.Guest,
        ChaosKind.Drain,
    ];

    public static List<ChaosStep> Make(int seed, double seconds, int nodes)
    {
        var random = new Random(seed);

        // One of the main kinds each, however short it is.
        var first = new[] { ChaosKind.Kill, ChaosKind.Pause, ChaosKind.Cut, ChaosKind.Restart };
        random.Shuffle(first);
        var next = new Queue<ChaosKind>(first);
        var steps = new List<ChaosStep>();
        var nodesBusy = new double[nodes];
        var (databaseBusy, guestBusy) = (0.0, 0.0);
        for (var at = 1.0; at < seconds - 5; at += 1 + (random.NextDouble() * 4))
        {
            var kind = next.TryPeek(out var wanted) ? wanted : Kinds[random.Next(Kinds.Length)];
            var (least, most) = Length(kind);
            var length = Math.Min(least + (random.NextDouble() * (most - least)), seconds - at);
            var free = Enumerable.Range(0, nodes).Where(node => nodesBusy[node] <= at).ToArray();
            var node = free.Length > 0 ? free[random.Next(free.Length)] : -1;
            switch (kind)
            {
                case ChaosKind.Restart or ChaosKind.Crash when databaseBusy <= at:
                    databaseBusy = at + length + 20;
                    node = -1;
                    break;
                case ChaosKind.Guest when guestBusy <= at:
                    guestBusy = at + length + Recovery;
                    node = -1;
                    break;

                // One of them is always left alone.
                case not (ChaosKind.Restart or ChaosKind.Crash or ChaosKind.Guest) when free.Length > 1:
                    nodesBusy[node] = at + length + Recovery;
                    break;
                default:
                    continue;
            }

            if (length >= least)
            {
                steps.Add(new ChaosStep(at, kind, node, length));
                next.TryDequeue(out _);
            }
        }

        return steps;
    }

    private static (double Least, double Most) Length(ChaosKind kind) => kind switch
    {
        ChaosKind.Kill => (0, 6),
        ChaosKind.Pause or ChaosKind.Cut or ChaosKind.Break => (5, 20),
        ChaosKind.Restart or ChaosKind.Crash => (0, 3),
        ChaosKind.Guest => (8, 20),
        _ => (4, 10),
    };
}
