using Rondo.Imports;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Live.Log;
using Rondo.Readings.Quality;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Host.Jobs;

/// <summary>The kinds of jobs this program knows, listed by hand.</summary>
internal static class Handlers
{
    /// <summary>All of them.</summary>
    /// <param name="time">Time.</param>
    /// <param name="calls">Runs <c>http</c>; null in a program that only enqueues and asks.</param>
    /// <param name="imports">Runs imports; null likewise.</param>
    /// <param name="undo">Takes imports back; null likewise.</param>
    /// <param name="database">Where readings are rolled up again and judged; null likewise.</param>
    /// <param name="fetch">Fetches files of sources; null likewise.</param>
    /// <param name="events">The log of events; null likewise.</param>
    public static JobHandlers All(
        TimeProvider time, HttpCallHandler? calls = null, ImportHandler? imports = null, UndoHandler? undo = null, Database? database = null, FetchHandler? fetch = null, EventLog? events = null) => new JobHandlers()
        .Add("noop", new NoopHandler(time))
        .Add("http", () => calls ?? throw new InvalidOperationException("this program calls nobody"), HttpCallHandler.Options)
        .Add(ImportHandler.Kind, () => imports ?? throw new InvalidOperationException("this program imports nothing"), ImportHandler.Options)
        .Add(ImportHandler.MeterKind, () => imports ?? throw new InvalidOperationException("this program imports nothing"), ImportHandler.MeterOptions)
        .Add(UndoHandler.Kind, () => undo ?? throw new InvalidOperationException("this program imports nothing"), UndoHandler.Options)
        .Add(FetchHandler.Kind, () => fetch ?? throw new InvalidOperationException("this program imports nothing"), FetchHandler.Options)
        .Add(RollupRebuild.Kind, () => new RollupRebuild(database ?? throw new InvalidOperationException("this program runs no jobs"), Server.Rollups), RollupRebuild.Options)
        .Add(QualityJob.Kind, () => new QualityJob(database ?? throw new InvalidOperationException("this program runs no jobs"), Server.Rollups, events), QualityJob.Options);
}

/// <summary>Arguments of <c>noop</c>.</summary>
/// <param name="TakesMs">How long an attempt takes, in ms. Default 0, at most 600,000.</param>
/// <param name="Fails">How many attempts fail before one ends well. Default 0.</param>
internal sealed record NoopArgs(int TakesMs = 0, int Fails = 0);

/// <summary>Does nothing, for trying the queue: how fast it is, what a retry looks like, whether a pause is obeyed.</summary>
internal sealed class NoopHandler(TimeProvider time) : IJobHandler<NoopArgs>
{
    private const int Longest = 600_000;

    public async Task<JobResult> Handle(NoopArgs args, JobContext job, CancellationToken stop)
    {
        if (args.TakesMs > 0)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(Math.Min(args.TakesMs, Longest)), time, stop).ConfigureAwait(false);
        }

        return job.Attempt > args.Fails ? JobResult.Done : JobResult.Retry($"attempt {job.Attempt} was to fail");
    }
}
