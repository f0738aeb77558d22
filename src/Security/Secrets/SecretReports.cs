namespace Rondo.Security;

/// <summary>A secret that cannot be opened.</summary>
/// <param name="OwnerKind">Whose: <c>device</c>.</param>
/// <param name="Owner">Its name.</param>
/// <param name="Name">What the secret is called.</param>
/// <param name="Message">Why, and what to do.</param>
public sealed record SecretProblem(string OwnerKind, string Owner, string Name, string Message);

/// <summary>What trying to open every secret came to.</summary>
/// <param name="Secrets">How many there are.</param>
/// <param name="Unreadable">How many of them cannot be opened.</param>
/// <param name="Key">The newest key of the ring; null for none, or when there is no secret.</param>
/// <param name="Problems">Which, at most 100.</param>
public sealed record SecretVerdict(long Secrets, long Unreadable, string? Key, IReadOnlyList<SecretProblem> Problems);

/// <summary>Putting secrets under another key.</summary>
/// <param name="OldKey">The newest key before; null for none.</param>
/// <param name="NewKey">The newest key now; null in a preview.</param>
/// <param name="Secrets">How many secrets are to be put under it.</param>
/// <param name="IsResumed">True when it is an earlier rotation that was not finished.</param>
public sealed record SecretRotation(string? OldKey, string? NewKey, long Secrets, bool IsResumed)
{
    /// <summary>How many were.</summary>
    public long Done { get; init; }

    /// <summary>How many could not, because they were changed in the database.</summary>
    public long Unreadable { get; init; }
}

/// <summary>One transaction of a rotation.</summary>
/// <param name="Key">The key.</param>
/// <param name="Done">Secrets put under it.</param>
/// <param name="Unreadable">Secrets that could not be opened.</param>
/// <param name="Last">Where the next one goes on; 0 when there is nothing left.</param>
public sealed record SecretBatch(string Key, int Done, int Unreadable, long Last);

/// <summary>Secrets that were removed because nobody can open them.</summary>
/// <param name="Names">Which: <c>device NAME/SECRET</c>.</param>
public sealed record SecretsForgotten(IReadOnlyList<string> Names);
