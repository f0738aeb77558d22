using Rondo.Storage;

namespace Rondo.Security;

/// <summary>Why a grant is over.</summary>
public enum AccessEnd
{
    /// <summary>It is not.</summary>
    None,

    /// <summary>Its time is over.</summary>
    Expired,

    /// <summary>Somebody revoked it, here or on another node.</summary>
    Revoked,

    /// <summary>So many others are in use here that this one was let go of; presented again it is as good as before.</summary>
    Forgotten,
}

/// <summary>
/// That somebody was let in, and whether they still are. A request asks once; a connection that stays open registers with <see cref="Ended"/>, which is cancelled
/// within a second of a revocation on whatever node, and within a second of the expiry.
/// </summary>
public sealed class AccessGrant
{
    private readonly CancellationTokenSource _ended = new();
    private long _usedAt;
    private int _end;

    internal AccessGrant(TokenRow row, byte[] hash, Caller caller)
    {
        (Id, Prefix, Hash, Caller) = (row.Id, row.Prefix, hash, caller);
        WrittenAt = row.LastUsedAt?.Micros ?? 0;
        Revision = row.Revision;
    }

    /// <summary>Who it is, with role, scopes and expiry.</summary>
    public Caller Caller { get; }

    /// <summary>Cancelled when it is over; <see cref="End"/> says why by then. What is registered must not block.</summary>
    public CancellationToken Ended => _ended.Token;

    /// <summary>Why it is over.</summary>
    public AccessEnd End => (AccessEnd)Volatile.Read(ref _end);

    /// <summary>Its token, or its session: a number that is no secret and is never given to another.</summary>
    public long Id { get; }

    internal string Prefix { get; }

    internal byte[] Hash { get; }

    /// <summary>When it was presented last, in microseconds of the database clock.</summary>
    internal long UsedAt => Interlocked.Read(ref _usedAt);

    /// <summary>The revision of access by which it was found good last; only the loop touches it.</summary>
    internal long Revision { get; set; }

    /// <summary>What the database has of it; only the loop that writes it touches it.</summary>
    internal long WrittenAt { get; set; }

    internal void Used(Instant at) => Interlocked.Exchange(ref _usedAt, at.Micros);

    internal void Finish(AccessEnd why)
    {
        if (Interlocked.CompareExchange(ref _end, (int)why, (int)AccessEnd.None) == (int)AccessEnd.None)
        {
            // On the pool: whoever registered must not hold up who looks after everybody.
            _ = _ended.CancelAsync();
        }
    }
}
