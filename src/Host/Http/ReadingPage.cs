using System.Text.Json.Serialization;
using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>Readings of one series, as they were read or in buckets.</summary>
internal sealed record ReadingPage
{
    /// <summary>Name, <c>device/point</c>.</summary>
    public required string Series { get; init; }

    /// <summary>Unit of measure.</summary>
    public required string Unit { get; init; }

    /// <summary><c>gauge</c>, <c>counter</c>, <c>energy</c> or <c>state</c>.</summary>
    public required string Kind { get; init; }

    /// <summary><c>raw</c> for readings as they were read, else how wide the buckets are: <c>15m</c>, <c>1h</c>, <c>1d</c>, <c>1w</c>, <c>1mo</c>, <c>1y</c>.</summary>
    public required string Step { get; init; }

    /// <summary><c>asc</c> (oldest first) or <c>desc</c>.</summary>
    public string Order { get; init; } = "asc";

    /// <summary>Zone of the clock of the buckets.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TimeZone { get; init; }

    /// <summary>Where the first bucket begins, or from when on.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Instant? From { get; init; }

    /// <summary>Where the last bucket ends, or until when.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Instant? To { get; init; }

    /// <summary>Which number of a bucket its value is.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Aggregate? Agg { get; init; }

    /// <summary>Readings that were planned in this time, until now at most; null when nobody knows.</summary>
    public long? Expected { get; init; }

    /// <summary>Readings that there are of this time.</summary>
    public long? Present { get; init; }

    /// <summary>Present of expected, from 0 to 1; null when nobody knows.</summary>
    public double? Completeness { get; init; }

    /// <summary>True when much is still to be rolled up, so that buckets may lack some of it.</summary>
    public bool IsPending { get; init; }

    /// <summary>From when on nothing of this step was let go of by retention; left out when that is before what was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public Instant? KeptFrom { get; init; }

    /// <summary>The readings; null for an answer in buckets.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Reading>? Readings { get; init; }

    /// <summary>The buckets; null for readings as they were read.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<Bucket>? Buckets { get; init; }

    /// <summary>Where the rest is, or null.</summary>
    public string? Next { get; init; }

    /// <summary>Of an answer.</summary>
    public static ReadingPage Of(SeriesAnswer answer) => new()
    {
        Series = answer.Series.Name, Unit = answer.Series.Unit, Kind = answer.Series.Kind, Step = answer.Step.Word(), TimeZone = answer.TimeZone, From = answer.From, To = answer.To,
        Agg = answer.Step == Tier.Raw ? null : answer.Aggregate, Expected = answer.Expected, Present = answer.Present, Completeness = answer.Completeness, IsPending = answer.IsPending, KeptFrom = answer.KeptFrom,
        Readings = answer.Step == Tier.Raw ? answer.Readings : null, Buckets = answer.Step == Tier.Raw ? null : answer.Buckets,
    };
}
