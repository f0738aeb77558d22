namespace Rondo.Tests.Readings.Rollups;

/// <summary>A reading as the oracle knows it.</summary>
/// <param name="At">UTC.</param>
/// <param name="Value">Value.</param>
/// <param name="IsSuspect">Flagged.</param>
internal sealed record OracleReading(DateTime At, double Value, bool IsSuspect);

/// <summary>A bucket as the oracle has it.</summary>
internal sealed record OracleBucket
{
    public required DateTime Start { get; init; }

    public required int Count { get; init; }

    public required int Suspect { get; init; }

    public required decimal Sum { get; init; }

    public required double Min { get; init; }

    public required double Max { get; init; }

    public required double First { get; init; }

    public required double Last { get; init; }

    public decimal? Delta { get; init; }

    public decimal? Unallocated { get; init; }
}
