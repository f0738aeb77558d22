namespace Rondo.Security;

/// <summary>Why a change of users or tokens was refused.</summary>
public enum AccessRefusal
{
    /// <summary>Something given does not fit.</summary>
    Mistake,

    /// <summary>The name is taken.</summary>
    Taken,

    /// <summary>There is nobody of that name.</summary>
    Unknown,
}

/// <summary>A change of users or tokens that was refused; nothing was stored.</summary>
/// <param name="reason">Why.</param>
/// <param name="field">What does not fit: <c>name</c>, <c>role</c>, <c>password</c>, <c>expires_at</c>, <c>topics</c>, <c>devices</c>; empty for none of them.</param>
/// <param name="message">A sentence without its full stop.</param>
public sealed class AccessRefused(AccessRefusal reason, string field, string message) : Exception(message)
{
    /// <summary>Why.</summary>
    public AccessRefusal Reason { get; } = reason;

    /// <summary>What does not fit.</summary>
    public string Field { get; } = field;
}
