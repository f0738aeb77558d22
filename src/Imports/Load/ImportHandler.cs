using Microsoft.Extensions.Logging;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>Arguments of <c>imports.run</c>.</summary>
/// <param name="Import">The import.</param>
public sealed record ImportArgs(long Import);

/// <summary>Arguments of <c>imports.run.meter</c>.</summary>
/// <param name="Import">The import.</param>
public sealed record MeterImportArgs(long Import);

/// <summary>
/// Runs one import: reads its file from the beginning, leaves out what is stored, and stores the rest chunk by chunk. Whatever ends it in between (a fault, a kill, a stop),
/// the next run goes on behind the last chunk that was stored.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="options">Settings.</param>
/// <param name="log">Where lines go.</param>
/// <param name="events">The log of events; null for none.</param>
/// <param name="random">Spreads retries.</param>
/// <param name="queue">Takes the calls that tell of ends; null where nobody is told.</param>
public sealed class ImportHandler(Database database, ImportOptions options, ILogger log, EventLog? events, Random random, Func<JobQueue>? queue = null)
    : IJobHandler<ImportArgs>, IJobHandler<MeterImportArgs>
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "imports.run";

    /// <summary>Name of the kind of those whose meter was said: a node of before there were such does not know it and leaves them to others, where it would take the values for those of another meter.</summary>
    public const string MeterKind = "imports.run.meter";

    /// <summary>The queue of imports.</summary>
    public const string Queue = "imports";

    private const int LongestError = 2_000;
    private readonly Lock _chance = new();

    /// <summary>How its jobs run.</summary>
    public static HandlerOptions<ImportArgs> Options { get; } = OptionsOf<ImportArgs>();

    /// <summary>How those of <see cref="MeterKind"/> run: the same.</summary>
    public static HandlerOptions<MeterImportArgs> MeterOptions { get; } = OptionsOf<MeterImportArgs>();

    /// <summary>1, 2, 4, 8 … minutes, at most 60, ± 10 %.</summary>
    internal static RetryPolicy Schedule => RetryPolicy.Exponential(TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(60));

    /// <inheritdoc/>
    public Task<JobResult> Handle(MeterImportArgs args, JobContext job, CancellationToken stop) => Handle(new ImportArgs(args.Import), job, stop);

    /// <inheritdoc/>
    public async Task<JobResult> Handle(ImportArgs args, JobContext job, CancellationToken stop)
    {
        var row = await database.ReadAsync("imports.read", tx => ImportStore.Find(tx, args.Import), stop).ConfigureAwait(false);
        if (row is null || row.JobId != job.Id)
        {
            return JobResult.Discard(row is null ? $"there is no import {args.Import}" : $"import {args.Import} is run by job {row.JobId}");
        }

        if (row.State is "done" or "dead" or "cancelled")
        {
            return JobResult.Discard($"import {row.Id} is {row.State} already");
        }

        try
        {
            await new Load.ImportRun(database, options, events, job, row, queue?.Invoke()).RunAsync(stop).ConfigureAwait(false);
            return JobResult.Done;
        }
        catch (Load.ImportGone)
        {
            return JobResult.Discard($"import {row.Id} was cancelled while it ran");
        }
        catch (ImportRefused refused)
        {
            await FailAsync(job, row, refused.Message, isPermanent: true, null, stop).ConfigureAwait(false);
            return JobResult.Discard(refused.Message);
        }
        catch (Exception fault) when (fault is not OperationCanceledException && fault is not StorageFault { Kind: StorageFaultKind.Fenced })
        {
            var error = fault is FileNotFoundException or DirectoryNotFoundException
                ? $"the file is not in {options.Folder} on node {job.Fence.Node}: every node that runs imports needs the same folder (imports.folder)"
                : $"{fault.GetType().Name}: {fault.Message}";
            TimeSpan delay;
            lock (_chance)
            {
                delay = Schedule.After(job.Attempt, random);
            }

            await FailAsync(job, row, error, isPermanent: false, job.IsLastAttempt ? null : delay, stop).ConfigureAwait(false);
            return JobResult.Retry(error, delay);
        }
    }

    private static HandlerOptions<TArgs> OptionsOf<TArgs>() => new()
    {
        Queue = Queue, Attempts = 4, Timeout = TimeSpan.FromDays(1), Backoff = Schedule,
    };

    private async Task FailAsync(JobContext job, ImportRow row, string error, bool isPermanent, TimeSpan? retryAfter, CancellationToken stop)
    {
        ImportsLog.Failed(log, row.Id, row.File, retryAfter is null ? "is dead" : "is tried again", error);
        var told = new Load.ImportEvents(events);
        try
        {
            await database.WriteAsync(
                "imports.fail",
                tx =>
                {
                    job.HoldIn(tx);
                    if (ImportStore.Fail(tx, row.Id, job.Id, job.Attempt - 1, error.Length > LongestError ? error[..LongestError] : error, isPermanent, retryAfter is { } delay ? tx.Now + delay : null))
                    {
                        told.Ended(tx, ImportStore.Find(tx, row.Id)!);
                        Load.Completion.Tell(tx, queue?.Invoke(), row.Id);
                    }
                },
                stop).ConfigureAwait(false);
        }
        catch (StorageFault fault) when (fault.IsTransient)
        {
            // The database that failed the run is still away or full. The queue keeps the end of the job until it is not, and says the same of the import meanwhile.
        }
    }
}
