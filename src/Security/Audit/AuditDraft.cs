namespace Rondo.Security;

/// <summary>One change, as it is to be written down.</summary>
/// <param name="Action">What was done, as <c>queues.pause</c>.</param>
/// <param name="Subject">To what: a name, an id.</param>
/// <param name="Before">What it was, as JSON; null for nothing. Secrets are masked and what is too long is cut when it is written.</param>
/// <param name="After">What it is.</param>
public sealed record AuditDraft(string Action, string Subject, string? Before, string? After);
