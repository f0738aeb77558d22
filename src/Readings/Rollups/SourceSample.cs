namespace Rondo.Readings.Rollups;

/// <summary>One reading of a series on its way into a bucket.</summary>
/// <param name="At">When, in microseconds.</param>
/// <param name="Value">Value.</param>
/// <param name="IsSuspect">Not plainly good.</param>
internal readonly record struct Point(long At, double Value, bool IsSuspect);

/// <summary>One instant of all series of a source.</summary>
/// <param name="At">When, in microseconds.</param>
/// <param name="Values">By ordinal; NaN where there is none.</param>
/// <param name="Flags">By ordinal; null when all are good.</param>
internal sealed record SourceSample(long At, double[] Values, string? Flags)
{
    /// <summary>The value of an ordinal, or null.</summary>
    public Point? Of(int ordinal) => ordinal < Values.Length && !double.IsNaN(Values[ordinal])
        ? new Point(At, Values[ordinal], Flags is not null && ordinal < Flags.Length && Flags[ordinal] != '.')
        : null;
}
