using Rondo.Jobs;

namespace Rondo.JobWorker;

/// <summary>Arguments of a job that leaves exactly one effect, in the end.</summary>
/// <param name="N">Its number.</param>
/// <param name="Does">One of the words of <see cref="Does"/>.</param>
/// <param name="Times">How many attempts fail before that.</param>
/// <param name="TakesMs">How long an attempt takes.</param>
/// <param name="Key">Of those with this key one runs at a time.</param>
/// <param name="Unique">Of those with this key one lives at a time.</param>
public sealed record EffectArgs(int N, string Does = "", int Times = 0, int TakesMs = 0, string? Key = null, string? Unique = null)
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "effect";

    /// <summary>How they run.</summary>
    public static HandlerOptions<EffectArgs> Options { get; } = new()
    {
        // An attempt is lost with each restart of the database that it meets.
        Attempts = 100,
        Backoff = RetryPolicy.List(TimeSpan.FromMilliseconds(100)),
        ConcurrencyKey = args => args.Key,
        UniqueKey = args => args.Unique,
    };
}

/// <summary>What else a job may do than leave its effect.</summary>
public static class Does
{
    /// <summary>Fails, and leaves its effect in a later attempt.</summary>
    public const string Fail = "fail";

    /// <summary>Too early until a second after it was accepted.</summary>
    public const string Snooze = "snooze";

    /// <summary>Dead at once.</summary>
    public const string Discard = "discard";

    /// <summary>Kills its process.</summary>
    public const string Crash = "crash";

    /// <summary>Waits for its token to be cancelled in its first attempt, and then tries all the same to write whatever can be written.</summary>
    public const string Insist = "insist";
}
