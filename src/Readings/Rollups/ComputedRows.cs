namespace Rondo.Readings.Rollups;

/// <summary>Buckets of one series and tier that were computed anew: within the spans they replace whatever is stored.</summary>
internal sealed class ComputedRows
{
    /// <summary>What was computed, merged and in order.</summary>
    public List<Span> Spans { get; init; } = [];

    /// <summary>The buckets in it that have readings, in order.</summary>
    public List<Parts> Rows { get; init; } = [];
}
