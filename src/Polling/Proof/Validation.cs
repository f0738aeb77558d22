using Rondo.Storage;

namespace Rondo.Polling.Proof;

/// <summary>A stretch of slots that is wrong.</summary>
/// <param name="Device">Name of the device.</param>
/// <param name="Group">Name of the poll group.</param>
/// <param name="From">First slot.</param>
/// <param name="To">Last slot.</param>
/// <param name="Slots">How many slots.</param>
public sealed record Flaw(string Device, string Group, Instant From, Instant To, long Slots);

/// <summary>The proof that every expected slot has exactly one outcome, or what contradicts it.</summary>
public sealed record Validation
{
    /// <summary>Start of the window.</summary>
    public Instant From { get; init; }

    /// <summary>End of the window; each group is judged up to its last row or the last slot that must have been recorded by then.</summary>
    public Instant To { get; init; }

    /// <summary>Groups with planned slots in the window.</summary>
    public int Groups { get; init; }

    /// <summary>Planned slots.</summary>
    public long Expected { get; init; }

    /// <summary>Slots of the plans that have an outcome.</summary>
    public long Recorded { get; init; }

    /// <summary>Planned slots without an outcome.</summary>
    public long Holes { get; init; }

    /// <summary>Slots covered by two rows (a gap row and another).</summary>
    public long Overlaps { get; init; }

    /// <summary>Ledger rows whose slot is in no plan; the key itself refuses a second row for a slot.</summary>
    public long Duplicates { get; init; }

    /// <summary>Samples without a poll that could have brought them: their slot has no row in the ledger, or one that says failed or missed.</summary>
    public long StrayReadings { get; init; }

    /// <summary>Recorded slots by outcome.</summary>
    public IReadOnlyDictionary<string, long> Outcomes { get; init; } = new Dictionary<string, long>();

    /// <summary>Missed slots by reason.</summary>
    public IReadOnlyDictionary<string, long> Missed { get; init; } = new Dictionary<string, long>();

    /// <summary>The holes, by group, at most 100.</summary>
    public IReadOnlyList<Flaw> HoleList { get; init; } = [];

    /// <summary>The overlaps, at most 100.</summary>
    public IReadOnlyList<Flaw> OverlapList { get; init; } = [];

    /// <summary>The stray readings, one stretch a group, at most 100.</summary>
    public IReadOnlyList<Flaw> StrayList { get; init; } = [];

    /// <summary>True when everything is accounted for, once.</summary>
    public bool IsClean => Holes == 0 && Overlaps == 0 && Duplicates == 0 && StrayReadings == 0 && Expected == Recorded;
}
