namespace Rondo.Jobs;

/// <summary>What one queue holds, over all nodes.</summary>
/// <param name="Queue">Its name.</param>
/// <param name="Ready">Jobs that can run now.</param>
/// <param name="Running">Jobs that nodes hold.</param>
/// <param name="Scheduled">Jobs that wait for their due time.</param>
/// <param name="Blocked">Jobs that wait for a slot of their concurrency key.</param>
/// <param name="OldestReadyAgeS">For how long the oldest ready one could have run, in seconds; null without one.</param>
public sealed record QueueDepth(string Queue, long Ready, long Running, long Scheduled, long Blocked, double? OldestReadyAgeS);
