using Rondo.Metrics;

namespace Rondo.Jobs;

/// <summary>What one node has done of one queue since its start.</summary>
/// <param name="Queue">Its name, or <c>other</c> for those beyond the bound.</param>
/// <param name="Processed">Jobs that are at their end: done, dead or cancelled.</param>
/// <param name="Attempts">Attempts by how they ended.</param>
/// <param name="Run">From begun to ended.</param>
/// <param name="Wait">From due to begun.</param>
public sealed record QueueNumbers(string Queue, long Processed, IReadOnlyList<(string Outcome, long Count)> Attempts, Timing Run, Timing Wait);
