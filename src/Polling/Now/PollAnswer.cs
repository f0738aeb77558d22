using Rondo.Storage;

namespace Rondo.Polling.Now;

/// <summary>One point of an answer.</summary>
/// <param name="Group">Its poll group.</param>
/// <param name="Name">The point.</param>
/// <param name="Value">What was read, or null.</param>
/// <param name="Unit">Unit of measure.</param>
/// <param name="Fault">Why there is no value, or null.</param>
public sealed record PolledPoint(string Group, string Name, double? Value, string Unit, string? Fault);

/// <summary>What a device answered when it was asked now.</summary>
/// <param name="Device">Its name.</param>
/// <param name="Node">The node that asked it.</param>
/// <param name="At">When the answer was complete.</param>
/// <param name="TookMs">How long asking took.</param>
/// <param name="Points">Every point that is polled.</param>
public sealed record PollAnswer(string Device, string Node, Instant At, double TookMs, IReadOnlyList<PolledPoint> Points)
{
    /// <summary>True when every point has a value.</summary>
    public bool IsComplete => Points.Count > 0 && Points.All(p => p.Value is not null);
}
