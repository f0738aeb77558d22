using Rondo.Metrics;

namespace Rondo.Polling;

/// <summary>What one running poller has counted since its start, beside <see cref="PollerState"/>.</summary>
/// <param name="Missed">Slots missed, by reason.</param>
/// <param name="Lateness">From the slot to the first byte of its request.</param>
/// <param name="Commit">From the slot to its commit.</param>
public sealed record PollerNumbers(IReadOnlyList<(string Reason, long Count)> Missed, Timing Lateness, Timing Commit);
