using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>
/// The other nodes as this one sees them, beat by beat: who lives, and whose lease stands still. A lease is judged by watching it, not by comparing clocks: one
/// that was seen to change is in force, whatever any clock says, and nobody is judged by a node that was away itself.
/// </summary>
/// <param name="time">The monotonic clock it watches by.</param>
public sealed class Roster(TimeProvider time)
{
    /// <summary>
    /// A lease that has run out by the database clock must also have stood still this long: after a step of that clock every lease seems to have run out. Longer than a
    /// node works on without a renewal.
    /// </summary>
    public static readonly TimeSpan Unchanged = Node.SelfFenceAfter + TimeSpan.FromMilliseconds(500);

    // Between two looks, beyond the second of sleep and a late wake-up.
    private static readonly TimeSpan _standstill = TimeSpan.FromSeconds(3);

    // A call of the database ends within 6 s (a brief write, however the way is cut); whatever takes longer stood still.
    private static readonly TimeSpan _longestCall = TimeSpan.FromSeconds(8);

    private readonly Dictionary<string, (Instant? ExpiresAt, long Since)> _watched = new(StringComparer.Ordinal);
    private long? _connectedAt;
    private long _calledAt;
    private volatile IReadOnlyList<NodeRow> _live = [];

    /// <summary>Who was live at the last beat, this node among them, oldest first. May be asked by any thread.</summary>
    public IReadOnlyList<NodeRow> Live => _live;

    /// <summary>For how long it has been able to look without a break; null before the first look, and on SQLite.</summary>
    public TimeSpan? ConnectedFor => _connectedAt is { } since ? time.GetElapsedTime(since) : null;

    /// <summary>
    /// A call of the database by the beat's thread. A slow database keeps the beat waiting, but what it then sees is as good as ever; when anything else did, this process stood still,
    /// and nobody is to blame for what it did not see.
    /// </summary>
    internal T While<T>(Func<T> call)
    {
        var began = time.GetTimestamp();
        if (time.GetElapsedTime(_calledAt, began) > _standstill)
        {
            Away();
        }

        try
        {
            return call();
        }
        finally
        {
            _calledAt = time.GetTimestamp();
            if (time.GetElapsedTime(began, _calledAt) > _longestCall)
            {
                Away();
            }
        }
    }

    /// <summary>Takes in what a beat, begun at timestamp <paramref name="askedAt"/>, saw at database time <paramref name="now"/>; returns the others whose lease has lapsed.</summary>
    public IReadOnlyList<NodeRow> See(IReadOnlyList<NodeRow> rows, string me, Instant now, long askedAt)
    {
        var seenAt = time.GetTimestamp();
        _connectedAt ??= seenAt;
        _live = [.. rows.Where(r => r.State == "live").OrderBy(r => r.StartedAt)];
        foreach (var gone in _watched.Keys.Except(_live.Select(r => r.Id), StringComparer.Ordinal).ToArray())
        {
            _watched.Remove(gone);
        }

        foreach (var row in _live)
        {
            if (!_watched.TryGetValue(row.Id, out var last) || last.ExpiresAt != row.ExpiresAt)
            {
                _watched[row.Id] = (row.ExpiresAt, seenAt);
            }
        }

        // A lease that is seen with the answer may have been renewed a moment before it; one that was seen to stand still stood still until the question.
        return [.. _live.Where(r => r.Id != me && HasLapsed(r, now, askedAt))];
    }

    /// <summary>The database was out of reach: what is watched begins anew.</summary>
    public void Away()
    {
        _connectedAt = null;
        _watched.Clear();
    }

    private bool HasLapsed(NodeRow row, Instant now, long askedAt)
    {
        if (ProcessPlace.IsGone(row))
        {
            return true;
        }

        if (time.GetElapsedTime(_connectedAt!.Value, askedAt) < Node.TimeToLive)
        {
            return false;
        }

        // By watching alone when the clock was set back: the lease of a dead node then runs out in an hour.
        var unchanged = time.GetElapsedTime(_watched[row.Id].Since, askedAt);
        return unchanged >= Node.TimeToLive || (row.ExpiresAt is { } end && end <= now && unchanged >= Unchanged);
    }
}
