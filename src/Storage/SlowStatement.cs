namespace Rondo.Storage;

/// <summary>Something that took the database long.</summary>
/// <param name="Statement">Name of the statement; <c>lane.wait</c> for the wait of a SQLite process for its own writer.</param>
/// <param name="Work">Name of the work it belongs to.</param>
/// <param name="Took">How long it took.</param>
/// <param name="Blocker">Who kept it waiting, in words; null when nobody was seen to.</param>
public sealed record SlowStatement(string Statement, string Work, TimeSpan Took, string? Blocker);
