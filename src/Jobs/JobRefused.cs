namespace Rondo.Jobs;

/// <summary>Why an enqueue was refused.</summary>
public enum JobRefusal
{
    /// <summary>No handler of this program knows the kind.</summary>
    UnknownKind,

    /// <summary>The arguments do not fit the handler's record.</summary>
    BadArguments,

    /// <summary>Arguments, a key, tags, a note or metadata are larger than allowed.</summary>
    TooLarge,

    /// <summary>An option is out of its range.</summary>
    BadOption,
}

/// <summary>A job that was not accepted. Nothing is stored.</summary>
/// <param name="reason">Why.</param>
/// <param name="message">What is wrong and what to do.</param>
/// <param name="pointer">Where in the arguments, as a JSON pointer; null when it is not about them.</param>
public sealed class JobRefused(JobRefusal reason, string message, string? pointer = null) : Exception(message)
{
    /// <summary>Why.</summary>
    public JobRefusal Reason { get; } = reason;

    /// <summary>Where in the arguments (RFC 6901); the empty pointer is all of them.</summary>
    public string? Pointer { get; } = pointer;
}
