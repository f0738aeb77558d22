using Rondo.Imports.Formats;
using Rondo.Readings;

namespace Rondo.Imports.Load;

/// <summary>A piece of a file that is stored in one transaction, with how far the import is then.</summary>
internal sealed class Chunk
{
    private readonly Dictionary<(long Source, int Ordinal), long> _series = [];

    public Batch Batch { get; } = new();

    public SampleBatch Samples { get; } = new();

    /// <summary>Units that are stored before it.</summary>
    public long From { get; set; }

    /// <summary>Bytes of the file that were read up to its end.</summary>
    public long BytesRead { get; set; }

    /// <summary>Rejected rows that are stored before it.</summary>
    public long RejectsBefore { get; set; }

    /// <summary>How fast the run is up to its end.</summary>
    public double RowsPerS { get; set; }

    public bool IsLast { get; set; }

    /// <summary>What is known of it before it is stored.</summary>
    public ImportCounts Counts { get; private set; } = new();

    /// <summary>Length of its intervals, by the first of them; a step for runs of one.</summary>
    public long StepUs { get; private set; } = 1;

    public long SeriesOf(long source, int ordinal) => _series[(source, ordinal)];

    /// <summary>Groups the values by source and instant; every channel has its place.</summary>
    public void Group()
    {
        Samples.Clear();
        Counts = new ImportCounts { Values = Batch.Intervals.Count, Missing = Batch.Missing, Rejected = Batch.Rejects.Count };
        StepUs = Batch.Intervals.Count > 0 ? Batch.Intervals[0].LengthS * 1_000_000L : 1;
        foreach (var interval in Batch.Intervals)
        {
            var place = interval.Of.Place!;
            if (place.SeriesId == 0)
            {
                Counts.Skipped++;
                continue;
            }

            _series[(place.SourceId, place.Ordinal)] = place.SeriesId;
            var (value, mark) = ((double)interval.Value, interval.IsEstimated ? SampleBatch.Estimated : SampleBatch.Good);
            if (Samples.Put(place.SourceId, interval.StartS * 1_000_000, place.Ordinal, value, mark) is { } was)
            {
                // Twice in one file: the later row is the one that counts.
                Counts.Same += was == (value, mark) ? 1 : 0;
                Counts.Replaced += was == (value, mark) ? 0 : 1;
            }
        }

        Samples.Sort();
    }
}
