using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>
/// The node's beat on PostgreSQL, on a thread of its own: once a second one statement that tells who else is there, and renews the lease every 3 s, but only
/// while the process's loops make progress. A node whose loops are stuck must lose its work, however well this thread feels: it declares itself dead.
/// </summary>
public sealed class LeaseLoop(Database database, Node node, Func<bool> isMakingProgress, Action<string> changed, TimeProvider time, ILogger log) : Loop("nodes.lease", time)
{
    /// <summary>How often the lease is renewed.</summary>
    public static readonly TimeSpan Every = TimeSpan.FromSeconds(3);

    /// <summary>How often it looks.</summary>
    public static readonly TimeSpan Look = TimeSpan.FromSeconds(1);

    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);
    private readonly Dictionary<string, long> _triedAt = new(StringComparer.Ordinal);
    private long? _stuckAt;
    private bool _hasGivenUp;

    /// <summary>Called when the process could not be ended in order after its loops got stuck; ends it the hard way.</summary>
    public Action? Hopeless { get; init; }

    /// <inheritdoc/>
    public override TimeSpan StuckAfter => TimeSpan.FromSeconds(30);

    /// <inheritdoc/>
    protected override bool OwnThread => true;

    /// <inheritdoc/>
    protected override (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(1));

    /// <inheritdoc/>
    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!isMakingProgress())
        {
            GiveUp();
            return new(Look);
        }

        _stuckAt = null;
        if (node.IsDead)
        {
            return new(Look);
        }

        IReadOnlyList<NodeRow> lapsed;
        try
        {
            lapsed = node.Beat();
        }
        catch (StorageFault)
        {
            node.Roster.Away();
            throw;
        }

        if (node.IsDead || lapsed.Count == 0)
        {
            _triedAt.Clear();
            return new(Look);
        }

        // One, and then the next beat: burying may have to wait, and its own lease must not. Whichever was not tried yet comes first, so that one that cannot be
        // buried keeps none of the others waiting.
        var next = lapsed.MinBy(other => _triedAt.GetValueOrDefault(other.Id))!;
        _triedAt[next.Id] = Time.GetTimestamp();
        Bury(next);
        return new(lapsed.Count > 1 ? TimeSpan.Zero : Look);
    }

    /// <summary>Roles are given up in the database first, so that others take over now; that the process ends is the business of whoever watches it.</summary>
    private void GiveUp()
    {
        _stuckAt ??= Time.GetTimestamp();
        if (!_hasGivenUp)
        {
            try
            {
                database.Write("nodes.give_up", tx => Burial.Of(tx, node.Row, endsSessions: false) ? NodeBurial.Of(node.Row) : null);
                _hasGivenUp = true;
                NodesLog.GaveUp(log, node.Id);
                changed("nodes");
            }
            finally
            {
                node.Die();
            }
        }

        if (Time.GetElapsedTime(_stuckAt.Value) > _patience)
        {
            Hopeless?.Invoke();
        }
    }

    private void Bury(NodeRow other)
    {
        // At first without waiting. Whoever holds the row is a batch of that node, which may be standing still with it in its hands.
        var roster = node.Roster;
        var buried = roster.While(() => database.Write("nodes.reap", tx => NodeRegister.Bury(tx, other.Id) ? NodeBurial.Of(other) : null))
            ?? roster.While(() => database.Write("nodes.reap.end", tx => Burial.Of(tx, other, endsSessions: true) ? NodeBurial.Of(other) : null));
        if (buried is not null)
        {
            NodesLog.Buried(log, other.Id, other.Host, other.Pid);
            changed("nodes");
        }
    }
}
