using Rondo.Imports.Load;
using Rondo.Imports.Retention;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Readings;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>Arguments of <c>imports.undo</c>.</summary>
/// <param name="Import">The import.</param>
/// <param name="Undo">Always true: tells these arguments from those of <c>imports.run</c> for whoever reads them.</param>
public sealed record UndoArgs(long Import, bool Undo = true);

/// <summary>
/// Takes an import back, a slice a transaction: what it replaced is as it was before, what it brought is gone. A value that a later import has replaced stays, and is from then on as if
/// this one had never been: undoing the later one restores what was there before both.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="events">The log of events; null for none.</param>
public sealed class UndoHandler(Database database, EventLog? events) : IJobHandler<UndoArgs>
{
    /// <summary>Name of the kind.</summary>
    public const string Kind = "imports.undo";

    private const int Slice = 500;
    private static readonly Sql _place = new("imports.undo.series", "select id as series_id, source_id, ordinal from series where id = @id");
    private readonly SampleWriter _writer = SampleWriter.For(database.Address.Kind);

    /// <summary>How its jobs run.</summary>
    public static HandlerOptions<UndoArgs> Options { get; } = new()
    {
        Queue = ImportHandler.Queue, Attempts = 10, Timeout = TimeSpan.FromDays(1), Priority = 60,
    };

    /// <inheritdoc/>
    public async Task<JobResult> Handle(UndoArgs args, JobContext job, CancellationToken stop)
    {
        var row = await database.ReadAsync("imports.read", tx => ImportStore.Find(tx, args.Import), stop).ConfigureAwait(false);
        if (row is null || row.UndoJobId != job.Id || row.UndoneAt is not null)
        {
            return JobResult.Discard(row is null ? $"there is no import {args.Import}" : row.UndoneAt is not null ? $"import {args.Import} is taken back already" : $"import {args.Import} is taken back by job {row.UndoJobId}");
        }

        try
        {
            while (await database.WriteAgainAsync("imports.undo.slice", tx => TakeBack(tx, job, args.Import), stop).ConfigureAwait(false))
            {
                stop.ThrowIfCancellationRequested();
            }

            return JobResult.Done;
        }
        catch (ImportGone)
        {
            return JobResult.Discard($"import {args.Import} is taken back by another job");
        }
    }

    /// <summary>One slice; false when it was the last.</summary>
    private bool TakeBack(Transaction tx, JobContext job, long import)
    {
        job.HoldIn(tx);

        // One import at a time: taking another one back changes what this one's corrections name.
        PruneStore.Lock(tx);
        if (ImportStore.Lock(tx, import) is not { UndoneAt: null } row || row.UndoJobId != job.Id)
        {
            throw new ImportGone();
        }

        if (OwnerStore.OfImport(tx, import, Slice) is { Count: > 0 } corrections)
        {
            Restore(tx, import, corrections);
        }
        else if (OwnerStore.FirstRun(tx, import) is { } run)
        {
            Delete(tx, import, run);
        }
        else
        {
            ImportStore.Undone(tx, import);
            new ImportEvents(events).Undone(tx, ImportStore.Find(tx, import)!);
            job.FinishIn(tx);
            return false;
        }

        FailPoint.Reach("imports.undo");
        return true;
    }

    private void Restore(Transaction tx, long import, List<Correction> corrections)
    {
        var (restored, kept) = (0, 0);
        foreach (var series in corrections.GroupBy(c => c.SeriesId))
        {
            var all = series.ToList();
            var (source, ordinal) = PlaceOf(tx, series.Key);

            // Held first, asked then: an import that is replacing them has said so by the time they are ours.
            var held = _writer.Read(tx, [.. all.Select(c => (source, c.At.Micros))]);
            var after = OwnerStore.After(tx, import, series.Key, all[0].At, all[^1].At).ToDictionary(c => c.At);
            var mine = all.Where(c => !after.ContainsKey(c.At)).ToDictionary(c => c.At.Micros);
            var rows = held.Where(r => mine.ContainsKey(r.At)).ToList();
            foreach (var row in rows)
            {
                row.Set(ordinal, mine[row.At].OldValue, mine[row.At].OldMark[0]);
            }

            _writer.Replace(tx, rows);
            restored += rows.Count;
            foreach (var correction in all)
            {
                if (after.TryGetValue(correction.At, out var later))
                {
                    OwnerStore.Relink(tx, later, correction.FormerImport, correction.OldValue, correction.OldMark);
                    kept++;
                }

                OwnerStore.Drop(tx, correction);
            }
        }

        ImportStore.CountUndo(tx, import, 0, restored, kept);
    }

    private void Delete(Transaction tx, long import, OwnerStore.RunRow run)
    {
        var until = Math.Min(run.UntilUs, run.FromUs + ((Slice - 1) * run.StepUs));
        var (source, ordinal) = PlaceOf(tx, run.SeriesId);
        List<(long, long)> keys = [];
        for (var at = run.FromUs; at <= until; at += run.StepUs)
        {
            keys.Add((source, at));
        }

        // Held first, asked then, as above.
        var held = _writer.Read(tx, keys);
        var after = OwnerStore.After(tx, import, run.SeriesId, new Instant(run.FromUs), new Instant(until)).ToDictionary(c => c.At.Micros);
        var rows = held.Where(r => !after.ContainsKey(r.At)).ToList();
        foreach (var row in rows)
        {
            row.Remove(ordinal);
        }

        _writer.Replace(tx, rows);
        OwnerStore.DropRun(tx, import, run);
        if (until < run.UntilUs)
        {
            OwnerStore.AddRuns(tx, import, [new ValueRun(run.SeriesId, until + run.StepUs, run.UntilUs, run.StepUs)]);
        }

        // Whoever replaced a value that never was has brought it.
        foreach (var later in after.Values.OrderBy(c => c.At))
        {
            OwnerStore.Drop(tx, later);
            OwnerStore.AddRuns(tx, later.ImportId, [new ValueRun(run.SeriesId, later.At.Micros, later.At.Micros, run.StepUs)]);
        }

        ImportStore.CountUndo(tx, import, rows.Count, 0, after.Count);
    }

    private static (long Source, int Ordinal) PlaceOf(Transaction tx, long series)
    {
        var place = tx.First<PlaceRow>(_place, new { id = series })!;
        return (place.SourceId, place.Ordinal);
    }

    private sealed class PlaceRow
    {
        public long SourceId { get; init; }

        public int Ordinal { get; init; }
    }
}
