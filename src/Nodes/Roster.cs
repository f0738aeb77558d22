using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>
/// The other nodes as this one sees them, beat by beat: who lives, and whose lease stands still. A lease is judged by watching it, not by comparing clocks: one
/// that was seen to change is in force, whatever any clock says, and nobody is judged by a node that was away itself.
/// </summary>
/// <param name="time">The monotonic clock it watches by.</param>
public sealed class Roster(TimeProvider time)
{
    /// <summary>A lease that has run out by the database clock must also have stood still this long: after a step of that clock every lease seems to have run out.</summary>
    public static readonly TimeSpan Unchanged = TimeSpan.FromSeconds(9);

    private readonly Dictionary<string, (Instant? ExpiresAt, long Since)> _watched = new(StringComparer.Ordinal);
    private long? _connectedAt;
    private volatile IReadOnlyList<NodeRow> _live = [];

    /// <summary>Who was live at the last beat, this node among them, oldest first. May be asked by any thread.</summary>
    public IReadOnlyList<NodeRow> Live => _live;

    /// <summary>For how long it has been able to look without a break; null before the first look, and on SQLite.</summary>
    public TimeSpan? ConnectedFor => _connectedAt is { } since ? time.GetElapsedTime(since) : null;

    /// <summary>Takes in what a beat saw at database time <paramref name="now"/>; returns the others whose lease has lapsed.</summary>
    public IReadOnlyList<NodeRow> See(IReadOnlyList<NodeRow> rows, string me, Instant now)
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

        return [.. _live.Where(r => r.Id != me && HasLapsed(r, now, seenAt))];
    }

    /// <summary>The database was out of reach: what is watched begins anew.</summary>
    public void Away()
    {
        _connectedAt = null;
        _watched.Clear();
    }

    private bool HasLapsed(NodeRow row, Instant now, long seenAt)
    {
        if (ProcessPlace.IsGone(row))
        {
            return true;
        }

        if (time.GetElapsedTime(_connectedAt!.Value, seenAt) < Node.TimeToLive)
        {
            return false;
        }

        // By watching alone when the clock was set back: the lease of a dead node then runs out in an hour.
        var unchanged = time.GetElapsedTime(_watched[row.Id].Since, seenAt);
        return unchanged >= Node.TimeToLive || (row.ExpiresAt is { } end && end <= now && unchanged >= Unchanged);
    }
}
