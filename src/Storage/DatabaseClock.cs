namespace Rondo.Storage;

/// <summary>What a measurement of the database clock found.</summary>
/// <param name="Now">Database time at the measurement.</param>
/// <param name="Step">By how much time jumped against what was expected; zero for ordinary drift.</param>
public readonly record struct ClockReading(Instant Now, TimeSpan Step);

/// <summary>
/// Database time = monotonic clock + measured offset. Stored instants and slots follow it; waiting uses the monotonic clock alone, so a step
/// of the wall clock never makes a wait longer or shorter.
/// </summary>
public sealed class DatabaseClock
{
    /// <summary>A difference larger than this is a step of the clock and reported as such; below it is drift and simply followed.</summary>
    public static readonly TimeSpan StepLimit = TimeSpan.FromMilliseconds(500);

    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private long _offset;
    private long _jumpedTo = long.MinValue;

    /// <summary>Starts from the local wall clock until the first measurement.</summary>
    public DatabaseClock(TimeProvider time)
    {
        _time = time;
        _offset = Instant.From(time.GetUtcNow()).Micros - Micros(time.GetTimestamp());
    }

    /// <summary>Database time now.</summary>
    public Instant Now => At(_time.GetTimestamp());

    /// <summary>Database time at a monotonic timestamp.</summary>
    public Instant At(long timestamp) => new(Micros(timestamp) + Interlocked.Read(ref _offset));

    /// <summary>
    /// What the clock showed right after its last step forward; before any slot while there was none, or when it stepped back since. Read it after
    /// <see cref="Now"/>: then a time from behind the step never comes without it.
    /// </summary>
    public Instant JumpedTo => new(Interlocked.Read(ref _jumpedTo));

    /// <summary>The monotonic timestamp that database time <paramref name="at"/> falls on, by today's offset.</summary>
    public long Timestamp(Instant at)
    {
        var micros = at.Micros - Interlocked.Read(ref _offset);
        return _time.TimestampFrequency % 1_000_000 == 0
            ? micros * (_time.TimestampFrequency / 1_000_000)
            : (long)((Int128)micros * _time.TimestampFrequency / 1_000_000);
    }

    /// <summary>
    /// Takes in a measurement: the database said <paramref name="databaseNow"/> somewhere between two timestamps. Where between them, nobody knows: an answer may
    /// have needed all of its time on one way. So only what lies outside of them is known to be wrong, and it is moved no further than to the nearest that is possible.
    /// </summary>
    internal ClockReading Adjust(Instant databaseNow, long sentAt, long receivedAt)
    {
        lock (_gate)
        {
            var (least, most) = (databaseNow.Micros - Micros(receivedAt), databaseNow.Micros - Micros(sentAt));
            var offset = Interlocked.Read(ref _offset);
            var possible = Math.Clamp(offset, least, most);
            var step = TimeSpan.Zero;
            if (Math.Abs(possible - offset) > StepLimit.Ticks / 10)
            {
                // What was known before says nothing about the new time, so the middle is the best guess.
                possible = least + ((most - least) / 2);
                step = TimeSpan.FromMicroseconds(possible - offset);

                // Before the offset: whoever sees the new time must find the reason for it.
                Interlocked.Exchange(ref _jumpedTo, step > TimeSpan.Zero ? databaseNow.Micros : long.MinValue);
            }

            Interlocked.Exchange(ref _offset, possible);
            return new ClockReading(databaseNow, step);
        }
    }

    // The usual frequency is a multiple of a microsecond; the wide division is for clocks where it is not.
    private long Micros(long timestamp) => _time.TimestampFrequency % 1_000_000 == 0
        ? timestamp / (_time.TimestampFrequency / 1_000_000)
        : (long)((Int128)timestamp * 1_000_000 / _time.TimestampFrequency);
}
