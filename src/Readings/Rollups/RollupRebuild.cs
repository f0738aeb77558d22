using Rondo.Jobs;
using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>Arguments of <c>readings.rebuild</c>.</summary>
/// <param name="From">From when on, ISO 8601; null for the beginning.</param>
/// <param name="To">Until when, ISO 8601; null for the end.</param>
public sealed record RebuildArgs(string? From = null, string? To = null);

/// <summary>
/// The job <c>readings.rebuild</c>: marks whatever samples there are and rolls them up again, source by source, of as many as it says from its beginning. An attempt that breaks off leaves its marks, and the next one and every server goes on with them.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="options">How readings are rolled up.</param>
public sealed class RollupRebuild(Database database, RollupOptions options) : IJobHandler<RebuildArgs>
{
    /// <summary>The kind.</summary>
    public const string Kind = "readings.rebuild";

    /// <summary>How it runs: one at a time, for up to a day.</summary>
    public static HandlerOptions<RebuildArgs> Options { get; } = new()
    {
        Timeout = TimeSpan.FromDays(1), ConcurrencyKey = _ => Kind, Refuse = args => Bad(args.From) is { } from ? new JobArgsProblem("/from", from) : Bad(args.To) is { } to ? new JobArgsProblem("/to", to) : null,
    };

    /// <inheritdoc/>
    public async Task<JobResult> Handle(RebuildArgs args, JobContext job, CancellationToken stop)
    {
        var span = new Span(Instant.TryParse(args.From, out var from) ? from.Micros : Bounds.First, Instant.TryParse(args.To, out var to) ? to.Micros : Bounds.Last);
        var total = await database.ReadAsync("rollups.sources", SourceStore.Count, stop).ConfigureAwait(false);
        job.Progress(0, total, "sources");
        var runner = new RollupRunner(database, options);
        var (done, pieces) = (0L, 0L);

        // Source by source, so that from the beginning it is known of how many; long ones are seen to go on.
        var days = await SiteZone.MarkAllAsync(
            database,
            span,
            async source =>
            {
                await runner.RunSourceAsync(source, () => job.Progress(done, Math.Max(total, done), $"sources, {++pieces} transactions"), stop).ConfigureAwait(false);
                done++;
                job.Progress(done, Math.Max(total, done), $"sources, {pieces} transactions");
            },
            stop).ConfigureAwait(false);

        // What another process was at when its turn came.
        await runner.RunAsync(isAll: true, () => job.Progress(done, done, $"sources, {++pieces} transactions"), stop).ConfigureAwait(false);
        job.Progress(done, done, $"sources, {pieces} transactions");
        job.Log($"{days} days of {done} sources were rolled up again");
        return JobResult.Done;
    }

    private static string? Bad(string? at) => at is null || Instant.TryParse(at, out _) ? null : "is no instant; expected one such as 2026-01-31T12:00:00Z";
}
