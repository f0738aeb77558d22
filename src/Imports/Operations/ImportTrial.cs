using Rondo.Imports.Files;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>A value as it would be read.</summary>
/// <param name="Meter">The meter.</param>
/// <param name="Channel">Its channel.</param>
/// <param name="Start">Start of the interval.</param>
/// <param name="Minutes">Length of the interval.</param>
/// <param name="Value">The value.</param>
/// <param name="Unit">Its unit.</param>
/// <param name="Quality"><c>actual</c> or <c>estimated</c>.</param>
public sealed record TrialValue(string Meter, string Channel, Instant Start, int Minutes, decimal Value, string Unit, string Quality);

/// <summary>A row that would be rejected.</summary>
/// <param name="Line">Its line.</param>
/// <param name="Field">The column, or empty.</param>
/// <param name="Value">What stands there.</param>
/// <param name="Reason">A word.</param>
public sealed record TrialReject(long Line, string Field, string Value, string Reason);

/// <summary>What reading a file gives, without storing anything.</summary>
public sealed record ImportTrial
{
    /// <summary>The profile.</summary>
    public required string Profile { get; init; }

    /// <summary>Rows that were read.</summary>
    public long Rows { get; init; }

    /// <summary>Values that would be stored.</summary>
    public long Values { get; init; }

    /// <summary>Fields without a value.</summary>
    public long Missing { get; init; }

    /// <summary>Rows that would be rejected.</summary>
    public long Rejected { get; init; }

    /// <summary>Series that the values are of.</summary>
    public int Series { get; init; }

    /// <summary>Start of the earliest interval; null when there is none.</summary>
    public Instant? From { get; init; }

    /// <summary>Start of the latest one.</summary>
    public Instant? To { get; init; }

    /// <summary>The first values.</summary>
    public IReadOnlyList<TrialValue> First { get; init; } = [];

    /// <summary>The first rows that would be rejected.</summary>
    public IReadOnlyList<TrialReject> Rejects { get; init; } = [];

    /// <summary>Why it cannot be read by this profile at all, or null.</summary>
    public string? Refusal { get; init; }

    private const int Shown = 10;

    /// <summary>Reads a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="profile">How it is read.</param>
    /// <param name="most">At most so many rows; null for all.</param>
    /// <param name="maxUnpacked">Largest size once unpacked.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="ImportRefused">It cannot be read by this profile.</exception>
    public static ImportTrial Read(string path, Profile profile, long? most, long maxUnpacked, CancellationToken stop)
    {
        try
        {
            using var file = MeterFile.Open(path, profile, maxUnpacked);
            var reader = FormatReader.Open(file, profile);
            var batch = new Batch();
            var (values, missing, rejected, from, to) = (0L, 0L, 0L, long.MaxValue, long.MinValue);
            List<TrialValue> first = [];
            List<TrialReject> rejects = [];
            while ((most is null || batch.Units < most) && reader.Read(batch))
            {
                stop.ThrowIfCancellationRequested();
                (values, missing, rejected) = (values + batch.Intervals.Count, missing + batch.Missing, rejected + batch.Rejects.Count);
                foreach (var i in batch.Intervals)
                {
                    (from, to) = (Math.Min(from, i.StartS), Math.Max(to, i.StartS));
                    if (first.Count < Shown)
                    {
                        first.Add(new TrialValue(i.Of.Meter, i.Of.Channel, new Instant(i.StartS * 1_000_000), i.LengthS / 60, i.Value, i.Of.Unit, i.IsEstimated ? "estimated" : "actual"));
                    }
                }

                rejects.AddRange(batch.Rejects.Take(Math.Max(0, Shown - rejects.Count)).Select(r => new TrialReject(r.Line, r.Field, r.Value, r.Reason)));
                batch.Clear();
            }

            return new ImportTrial
            {
                Profile = profile.Name, Rows = batch.Units, Values = values, Missing = missing, Rejected = rejected, Series = reader.Channels.Count, First = first, Rejects = rejects,
                From = values > 0 ? new Instant(from * 1_000_000) : null, To = values > 0 ? new Instant(to * 1_000_000) : null,
            };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"{path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>Which profile fits a file: every one is tried on its first rows, the best one comes first.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="name">What it is called.</param>
    /// <param name="profiles">The profiles.</param>
    /// <param name="meter">The meter, where it was said; null for none.</param>
    /// <param name="maxUnpacked">Largest size once unpacked.</param>
    /// <param name="stop">Gives up.</param>
    public static IReadOnlyList<ImportTrial> Guess(string path, string name, IEnumerable<Profile> profiles, string? meter, long maxUnpacked, CancellationToken stop)
    {
        const int Looked = 1_000;
        var trials = new List<ImportTrial>();
        foreach (var profile in profiles)
        {
            try
            {
                trials.Add(Read(path, profile.For(meter, name), Looked, maxUnpacked, stop));
            }
            catch (ImportRefused refused) when (refused.InnerException is not (IOException or UnauthorizedAccessException))
            {
                trials.Add(new ImportTrial { Profile = profile.Name, Refusal = refused.Message });
            }
        }

        return [.. trials.OrderBy(t => t.Refusal is not null).ThenBy(t => t.Values == 0).ThenBy(t => (double)t.Rejected / Math.Max(1, t.Rows)).ThenByDescending(t => t.Values)];
    }
}
