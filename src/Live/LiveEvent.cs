using Rondo.Storage;

namespace Rondo.Live;

/// <summary>An event for the log, written in the transaction that makes it true.</summary>
/// <param name="Name">What happened, such as <c>device_status_changed</c> or <c>payment.processed</c>; at most 200 characters.</param>
/// <param name="Topic">Its address (<see cref="Topics"/>).</param>
/// <param name="At">When it was true.</param>
/// <param name="Data">A JSON object, as text; at most 64 KiB.</param>
public sealed record LiveEvent(string Name, string Topic, Instant At, string Data)
{
    /// <summary>Another topic whose subscribers get it as well; null for none. Those of <c>global</c> get every event that is not for administrators alone.</summary>
    public string? AlsoOn { get; init; }

    /// <summary>The one connection of the Pusher protocol that is not told: whoever caused it knows already. Null for none.</summary>
    public string? NotFor { get; init; }
}
