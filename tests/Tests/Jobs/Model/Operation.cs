using Rondo.Jobs.Pump;

namespace Rondo.Tests.Jobs.Model;

/// <summary>One thing that is done to a queue. Jobs are named by their number in the order they were enqueued, nodes by a name of the test's own.</summary>
internal abstract record Operation;

/// <summary>Several in one transaction.</summary>
internal sealed record Enqueue(params NewOne[] Jobs) : Operation
{
    public override string ToString() => $"Enqueue {string.Join("; ", Jobs)}";
}

internal readonly record struct NewOne(int N, string Queue, int Priority, int DelaySeconds, string? Unique, string? Key, int Attempts);

/// <summary>A node takes what can run.</summary>
internal sealed record Claim(string Node, int OfA, int OfB) : Operation;

/// <summary>A node takes one suspect.</summary>
internal sealed record ClaimAlone(string Node) : Operation;

/// <summary>A node says that attempts have begun, and a line of log about each.</summary>
internal sealed record Mark(string Node, params Lease[] Leases) : Operation
{
    public override string ToString() => $"Mark {Node}: {string.Join(", ", Leases)}";
}

internal readonly record struct Lease(int N, int LeaseNo);

/// <summary>A node brings ends of attempts, its own or such as it has lost.</summary>
internal sealed record Finish(string Node, params End[] Ends) : Operation
{
    public override string ToString() => $"Finish {Node}: {string.Join(", ", Ends)}";
}

internal readonly record struct End(int N, int LeaseNo, Outcome Outcome, int DelaySeconds);

/// <summary>Free slots of keys are given out.</summary>
internal sealed record Fill(params string[] Keys) : Operation
{
    public override string ToString() => $"Fill {string.Join(", ", Keys)}";
}

/// <summary>What is due, and who knocks.</summary>
internal sealed record Look : Operation;

internal sealed record Cancel(int N) : Operation;

internal sealed record Discard(int N) : Operation;

internal sealed record Retry(int N) : Operation;

/// <summary>An operator takes a job from its node.</summary>
internal sealed record Take(int N) : Operation;

/// <summary>Cancels of jobs that came back from their node.</summary>
internal sealed record CancelIdle : Operation;

internal sealed record Birth(string Node) : Operation;

internal sealed record Death(string Node) : Operation;

/// <summary>What dead nodes held goes back.</summary>
internal sealed record ReleaseDead : Operation;

internal sealed record Pause(string Queue, bool IsPaused) : Operation;

/// <summary>Upkeep compares keys with their jobs.</summary>
internal sealed record Reconcile : Operation;

internal sealed record Advance(int Seconds) : Operation;

/// <summary>Something that only the databases do, so that a difference is there to be seen.</summary>
internal sealed record Tamper(string Statement) : Operation;
