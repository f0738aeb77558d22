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
/// <param name="pointer">See <see cref="Pointer"/>.</param>
public sealed class JobRefused(JobRefusal reason, string message, string? pointer = null) : Exception(message)
{
    /// <summary>Why.</summary>
    public JobRefusal Reason { get; } = reason;

    /// <summary>
    /// Where, as a JSON pointer (RFC 6901): in the arguments, of which the empty pointer is all; or, of a <see cref="JobRefusal.BadOption"/>, which option by its name in the HTTP API, such as
    /// <c>/unique_key</c>. Null when it is about neither.
    /// </summary>
    public string? Pointer { get; } = pointer;
}
