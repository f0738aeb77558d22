using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>What a handler says came of an attempt. An exception is a retry by the handler's policy.</summary>
public readonly record struct JobResult
{
    internal enum Verdict
    {
        Done,
        Retry,
        Snooze,
        Discard,
    }

    internal Verdict Kind { get; private init; }

    internal TimeSpan? After { get; private init; }

    internal Instant Until { get; private init; }

    internal string? Why { get; private init; }

    /// <summary>Ended well.</summary>
    public static JobResult Done => default;

    /// <summary>Again later; uses an attempt.</summary>
    /// <param name="why">What went wrong; kept with the attempt.</param>
    /// <param name="after">How long to wait; null for the handler's backoff.</param>
    public static JobResult Retry(string why, TimeSpan? after = null) => new() { Kind = Verdict.Retry, Why = why, After = after };

    /// <summary>Again at <paramref name="until"/>, because it is too early; uses no attempt.</summary>
    public static JobResult Snooze(Instant until, string why = "snoozed") => new() { Kind = Verdict.Snooze, Until = until, Why = why };

    /// <summary>Never again: the job is dead, with the reason.</summary>
    public static JobResult Discard(string why) => new() { Kind = Verdict.Discard, Why = why };
}
