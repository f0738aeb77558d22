using System.Globalization;

namespace Rondo.Storage;

/// <summary>
/// An instant as Rondo stores it: whole microseconds since 1970-01-01 UTC. <c>timestamptz</c> in PostgreSQL (which has the same resolution),
/// an integer in SQLite. A plain number, because slots are arithmetic.
/// </summary>
/// <param name="Micros">Microseconds since the epoch.</param>
public readonly record struct Instant(long Micros) : IComparable<Instant>
{
    /// <summary>The epoch.</summary>
    public static readonly Instant Epoch = new(0);

    /// <summary>From a wall clock value.</summary>
    public static Instant From(DateTimeOffset at) => new((at.UtcTicks - DateTime.UnixEpoch.Ticks) / 10);

    /// <summary>From a UTC date and time.</summary>
    public static Instant From(DateTime utc) => new((utc.Ticks - DateTime.UnixEpoch.Ticks) / 10);

    /// <summary>As a UTC date and time.</summary>
    public DateTime ToDateTime() => new(DateTime.UnixEpoch.Ticks + (Micros * 10), DateTimeKind.Utc);

    /// <summary>Later by <paramref name="span"/>.</summary>
    public static Instant operator +(Instant at, TimeSpan span) => new(at.Micros + (span.Ticks / 10));

    /// <summary>Earlier by <paramref name="span"/>.</summary>
    public static Instant operator -(Instant at, TimeSpan span) => new(at.Micros - (span.Ticks / 10));

    /// <summary>The time between two instants.</summary>
    public static TimeSpan operator -(Instant later, Instant earlier) => TimeSpan.FromMicroseconds(later.Micros - earlier.Micros);

    /// <summary>Later than.</summary>
    public static bool operator >(Instant a, Instant b) => a.Micros > b.Micros;

    /// <summary>Earlier than.</summary>
    public static bool operator <(Instant a, Instant b) => a.Micros < b.Micros;

    /// <summary>Not earlier than.</summary>
    public static bool operator >=(Instant a, Instant b) => a.Micros >= b.Micros;

    /// <summary>Not later than.</summary>
    public static bool operator <=(Instant a, Instant b) => a.Micros <= b.Micros;

    /// <summary>The last multiple of <paramref name="step"/> that is not later than <paramref name="micros"/>, before the epoch too.</summary>
    public static long Floor(long micros, long step) => micros - (((micros % step) + step) % step);

    /// <inheritdoc/>
    public int CompareTo(Instant other) => Micros.CompareTo(other.Micros);

    /// <summary>ISO 8601 in UTC, as short as the value allows: <c>2026-01-31T12:00:00Z</c>, <c>2026-01-31T12:00:00.25Z</c>.</summary>
    public override string ToString() => ToDateTime().ToString("yyyy-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);

    /// <summary>Reads ISO 8601 (without an offset it is taken as UTC).</summary>
    public static bool TryParse(string? text, out Instant at)
    {
        var ok = DateTimeOffset.TryParse(
            text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal, out var value);
        at = ok ? From(value) : default;
        return ok;
    }
}
