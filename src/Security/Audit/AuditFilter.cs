namespace Rondo.Security;

/// <summary>Which rows of the audit trail.</summary>
public sealed record AuditFilter
{
    /// <summary>Numbers below this one; null for the newest.</summary>
    public long? Before { get; init; }

    /// <summary>What was done, or how it begins: <c>queues.</c>; null for anything.</summary>
    public string? Action { get; init; }

    /// <summary>Who; null for anybody.</summary>
    public string? Actor { get; init; }

    /// <summary>To what; null for anything.</summary>
    public string? Subject { get; init; }
}
