namespace Rondo.Jobs;

/// <summary>What a comparison of a schedule's ledger with its timings found.</summary>
/// <param name="Schedule">Its name.</param>
/// <param name="Expected">Due instants since the ledger begins.</param>
/// <param name="Recorded">Of which so many are in it.</param>
/// <param name="Holes">Instants without an outcome.</param>
/// <param name="Strays">Ticks for instants that were not due, or that another tick has.</param>
/// <param name="Problems">The first ten of them, in words.</param>
public sealed record LedgerProof(string Schedule, long Expected, long Recorded, long Holes, long Strays, IReadOnlyList<string> Problems)
{
    /// <summary>True when each due instant has exactly one outcome.</summary>
    public bool IsClean => Holes + Strays == 0 && Problems.Count == 0;
}
