using Rondo.Imports.Profiles;
using Rondo.Jobs;
using Rondo.Loops;
using Rondo.Readings;
using Rondo.Storage;

namespace Rondo.Imports.Load;

/// <summary>The import does not run any more: it was cancelled, or somebody else runs it.</summary>
internal sealed class ImportGone() : Exception("the import does not run any more");

/// <summary>
/// Stores one chunk: its values, whose they are, what they replaced, its rejected rows, and how far the import is; all of it or nothing, and only while the attempt is its own
/// and the import stands where the chunk begins. The work may be run again from its start, so it keeps nothing.
/// </summary>
internal sealed class ChunkWriter(long import, OverlapRule rule, SampleWriter writer)
{
    /// <summary>Stores it.</summary>
    public void Write(Transaction tx, JobContext job, Chunk chunk, string? warnings)
    {
        job.HoldIn(tx);
        if (ImportStore.Hold(tx, import, job.Id) != chunk.From)
        {
            throw new ImportGone();
        }

        var counts = chunk.Counts with { };
        var clashes = writer.Insert(tx, chunk.Samples);
        var clashed = clashes.Select(c => c.Row).ToHashSet();
        var runs = new RunBuilder(chunk.StepUs);
        foreach (var row in chunk.Samples.Rows)
        {
            for (var ordinal = 0; ordinal < row.Width && !clashed.Contains(row); ordinal++)
            {
                if (row.Get(ordinal) is not null)
                {
                    counts.Inserted++;
                    runs.Add(chunk.SeriesOf(row.Source, ordinal), row.At);
                }
            }
        }

        Merge(tx, chunk, clashes, counts, runs);
        OwnerStore.AddRuns(tx, import, runs.All());
        if (chunk.Batch.Rejects.Count > 0)
        {
            ImportStore.Reject(tx, import, chunk.RejectsBefore + 1, chunk.Batch.Rejects);
        }

        ImportStore.Advance(tx, import, chunk.Batch.Units, chunk.BytesRead, chunk.RowsPerS, counts);
        FailPoint.Reach("imports.chunk");
        if (chunk.IsLast)
        {
            ImportStore.Done(tx, import, warnings);
        }
    }

    private void Merge(Transaction tx, Chunk chunk, List<SampleClash> clashes, ImportCounts counts, RunBuilder runs)
    {
        var changed = new HashSet<SampleRow>();
        List<(SampleClash Clash, int Ordinal, long Series)> doubtful = [];
        foreach (var clash in clashes)
        {
            for (var ordinal = 0; ordinal < clash.Row.Width; ordinal++)
            {
                if (clash.Row.Get(ordinal) is not { } value)
                {
                    continue;
                }

                var series = chunk.SeriesOf(clash.Row.Source, ordinal);
                var stored = clash.Stored.Get(ordinal);
                if (stored is null)
                {
                    clash.Stored.Set(ordinal, value.Value, value.Mark);
                    changed.Add(clash.Stored);
                    counts.Inserted++;
                    runs.Add(series, clash.Row.At);
                }
                else if (stored.Value == value)
                {
                    counts.Same++;
                }
                else
                {
                    doubtful.Add((clash, ordinal, series));
                }
            }
        }

        var owners = OwnerStore.Owners(tx, import, [.. doubtful.Select(d => (d.Series, d.Clash.Row.At))]);
        List<Correction> corrections = [];
        for (var i = 0; i < doubtful.Count; i++)
        {
            var ((row, stored), ordinal, series) = doubtful[i];
            var (value, was) = (row.Get(ordinal)!.Value, stored.Get(ordinal)!.Value);

            // Of a value that this import brought, and another has replaced meanwhile, the other's stays.
            var isOurs = owners[i].Import == import;
            if (!isOurs && (owners[i].HasHad || !Wins(value.Mark, was.Mark)))
            {
                counts.Kept++;
                continue;
            }

            counts.Replaced++;
            stored.Set(ordinal, value.Value, value.Mark);
            changed.Add(stored);
            if (!isOurs)
            {
                corrections.Add(new Correction { SeriesId = series, At = new Instant(row.At), ImportId = import, FormerImport = owners[i].Import, OldValue = was.Value, OldMark = was.Mark.ToString(), NewValue = value.Value, NewMark = value.Mark.ToString() });
            }
            else
            {
                OwnerStore.CorrectAnew(tx, import, series, new Instant(row.At), value.Value, value.Mark.ToString());
            }
        }

        writer.Replace(tx, [.. changed]);
        OwnerStore.Correct(tx, corrections);
    }

    private bool Wins(char mark, char stored) => rule switch
    {
        OverlapRule.KeepFirst => false,
        OverlapRule.LastWins => true,
        _ => Rank(mark) >= Rank(stored),
    };

    private static int Rank(char mark) => mark == SampleBatch.Good ? 1 : 0;
}
