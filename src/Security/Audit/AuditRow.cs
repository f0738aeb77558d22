using Rondo.Storage;

namespace Rondo.Security;

/// <summary>One row of the audit trail.</summary>
public sealed class AuditRow
{
    /// <summary>Its number; 0 while it waits to be sealed.</summary>
    public long No { get; init; }

    /// <summary>Its random name.</summary>
    public string Uid { get; init; } = "";

    /// <summary>When it was, by the database clock.</summary>
    public Instant At { get; init; }

    /// <summary><c>token</c>, <c>user</c>, <c>command</c>, <c>setup</c> or <c>system</c>.</summary>
    public string ActorKind { get; init; } = "";

    /// <summary>Who.</summary>
    public string ActorName { get; init; } = "";

    /// <summary>From where.</summary>
    public string ActorFrom { get; init; } = "";

    /// <summary>What was done.</summary>
    public string Action { get; init; } = "";

    /// <summary>To what.</summary>
    public string Subject { get; init; } = "";

    /// <summary>What it was, as JSON.</summary>
    public string? BeforeJson { get; init; }

    /// <summary>What it became, as JSON.</summary>
    public string? AfterJson { get; init; }

    /// <summary>By what whoever asked calls it; null for what came from no request.</summary>
    public string? CorrelationId { get; init; }

    /// <summary>In which trace.</summary>
    public string? TraceId { get; init; }

    /// <summary>Which key proves it.</summary>
    public string KeyId { get; init; } = "";

    /// <summary>That whoever wrote it had the key.</summary>
    public string Proof { get; init; } = "";

    /// <summary>That it stands where it stands; empty while it waits.</summary>
    public string Seal { get; init; } = "";

    internal long Id { get; init; }

    internal AuditRow With(string proof) => new()
    {
        Uid = Uid,
        At = At,
        ActorKind = ActorKind,
        ActorName = ActorName,
        ActorFrom = ActorFrom,
        Action = Action,
        Subject = Subject,
        BeforeJson = BeforeJson,
        AfterJson = AfterJson,
        CorrelationId = CorrelationId,
        TraceId = TraceId,
        KeyId = KeyId,
        Proof = proof,
    };
}
