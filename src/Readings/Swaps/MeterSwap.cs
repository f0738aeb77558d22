using Rondo.Storage;

namespace Rondo.Readings.Swaps;

/// <summary>The meter behind a counter was exchanged for another.</summary>
public sealed class MeterSwap
{
    /// <summary>The series.</summary>
    public string Series { get; init; } = "";

    /// <summary>From when on readings are the new meter's.</summary>
    public Instant At { get; init; }

    /// <summary>What the old one had at the end; null for its last reading.</summary>
    public double? OldEnd { get; init; }

    /// <summary>What the new one began with; null for its first reading.</summary>
    public double? NewStart { get; init; }

    /// <summary>When it was declared.</summary>
    public Instant DeclaredAt { get; init; }
}

/// <summary>What became of declaring a swap or of taking one back.</summary>
/// <param name="Swap">As it is stored, or was; null when nothing was changed.</param>
/// <param name="Refusal">Why nothing was changed, or null.</param>
/// <param name="IsUnknown">True when there is no such series, or no such swap to take back.</param>
/// <param name="IsRemoved">True when it was taken back.</param>
public sealed record SwapChange(MeterSwap? Swap, string? Refusal = null, bool IsUnknown = false, bool IsRemoved = false);

/// <summary>A swap as counting sees it.</summary>
/// <param name="At">From when on readings are the new meter's, in microseconds.</param>
/// <param name="OldEnd">What the old one had at the end, or null.</param>
/// <param name="NewStart">What the new one began with, or null.</param>
internal readonly record struct Swap(long At, double? OldEnd, double? NewStart);
