using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>What a test did to a cluster, or what happened to it.</summary>
internal enum FaultKind
{
    /// <summary>kill -9. It ends at once; what follows from it is known.</summary>
    Kill,

    /// <summary>Its process ended by itself, a moment before this was seen.</summary>
    Exit,

    /// <summary>SIGSTOP, until SIGCONT.</summary>
    Pause,

    /// <summary>The node cannot reach the database.</summary>
    Cut,

    /// <summary>The node cannot reach the devices.</summary>
    Devices,

    /// <summary>Its loops make no progress, until its process has ended.</summary>
    Hang,

    /// <summary>The database does not run.</summary>
    Database,

    /// <summary>A process starts, until it has taken in the configuration.</summary>
    Start,

    /// <summary>A clean stop, until the process has ended.</summary>
    Stop,

    /// <summary>The operator's drain, until the resume.</summary>
    Drain,

    /// <summary>The machine let nobody run; seen by the test's own pulse.</summary>
    Slow,
}

/// <summary>One entry of the log.</summary>
/// <param name="Kind">What.</param>
/// <param name="Node">Name of the node; empty for all.</param>
/// <param name="From">Just before it began.</param>
internal sealed record Fault(FaultKind Kind, string Node, Instant From)
{
    /// <summary>One that is over.</summary>
    public Fault(FaultKind kind, string node, Instant from, Instant to)
        : this(kind, node, from) => To = to;

    /// <summary>Just after it ended; far in the future while it lasts.</summary>
    public Instant To { get; private set; } = Never;

    /// <summary>What a process that ended by itself ended with.</summary>
    public int? Code { get; init; }

    /// <summary>So far away that adding to it does no harm.</summary>
    public static Instant Never { get; } = Instant.From(new DateTimeOffset(2999, 1, 1, 0, 0, 0, TimeSpan.Zero));

    public void End() => To = To == Never ? Site.Now : To;

    public override string ToString() => $"{Kind}{(Node.Length > 0 ? " of " + Node : "")} {From} to {(To == Never ? "the end" : To)}{(Code is { } code ? $" with {code}" : "")}";
}

/// <summary>Everything that was done to a cluster, by the clock of the machine, which is that of the database too. By it every missed slot is explained.</summary>
internal sealed class FaultLog
{
    private readonly Lock _gate = new();
    private readonly List<Fault> _faults = [];

    public IReadOnlyList<Fault> All
    {
        get
        {
            lock (_gate)
            {
                return [.. _faults];
            }
        }
    }

    /// <summary>For how long between two moments the machine let nobody run: what has to happen within a time has so much more.</summary>
    public TimeSpan Stalled(Instant from, Instant to) => Stalled(All, from, to);

    /// <inheritdoc cref="Stalled(Instant, Instant)"/>
    public static TimeSpan Stalled(IEnumerable<Fault> faults, Instant from, Instant to) => TimeSpan.FromMicroseconds(faults
        .Where(fault => fault.Kind == FaultKind.Slow && fault.From < to && fault.To > from)
        .Sum(fault => Math.Min(fault.To.Micros, to.Micros) - Math.Max(fault.From.Micros, from.Micros)));

    /// <summary>Something begins now.</summary>
    public Fault Begin(FaultKind kind, string node = "") => Add(new Fault(kind, node, Site.Now));

    public Fault Add(Fault fault)
    {
        lock (_gate)
        {
            _faults.Add(fault);
        }

        return fault;
    }
}
