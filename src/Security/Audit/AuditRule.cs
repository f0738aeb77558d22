using Rondo.Storage;

namespace Rondo.Security;

/// <summary>What a piece of write work is written down as: a look before it, a look after it and at its result, and from both the rows.</summary>
/// <param name="Before">Looks at what is about to change; null for not at all.</param>
/// <param name="Rows">What came of it: transaction, the look before, the result of the work, and what whoever asked says it is.</param>
/// <param name="Turn">
/// Work of the same turn waits for its end before it looks; null for no waiting. Whoever looked before another change was committed and after it would take that for their own.
/// </param>
public sealed record AuditRule(
    Func<Transaction, object?>? Before, Func<Transaction, object?, object?, AuditLabel, IEnumerable<AuditDraft>> Rows, string? Turn = null);

/// <summary>What whoever asks says it is, for work whose name and result do not tell.</summary>
/// <param name="Action">What is done.</param>
/// <param name="Subject">To what.</param>
public sealed record AuditLabel(string Action, string Subject);
