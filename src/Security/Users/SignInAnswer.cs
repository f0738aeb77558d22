namespace Rondo.Security;

/// <summary>What came of a name and a password.</summary>
/// <param name="Session">The session; null when there is none.</param>
/// <param name="Wait">How long it has to be waited before another try; then nothing was looked at. Zero for not at all.</param>
/// <param name="IsPaced">True when it has to be waited because so many sign in from that address, right or wrong.</param>
/// <param name="LockOut">That this try was one wrong one too many; null when it was not.</param>
public sealed record SignInAnswer(IssuedToken? Session, TimeSpan Wait = default, bool IsPaced = false, SignInLockOut? LockOut = null);

/// <summary>That a name, an address or both have to wait.</summary>
/// <param name="User">The name, when there is such a user; else null.</param>
/// <param name="For">How long.</param>
public sealed record SignInLockOut(string? User, TimeSpan For);
