using Rondo.Storage;

namespace Rondo.Tests.Jobs.Model;

/// <summary>A job of the model.</summary>
internal sealed class ModelJob
{
    public required int N { get; init; }

    public required string Queue { get; init; }

    public required int Priority { get; init; }

    public required int MaxAttempts { get; init; }

    public required string? Unique { get; init; }

    public required string? Key { get; init; }

    public string State { get; set; } = "";

    public Instant Due { get; set; }

    /// <summary>Lowest first: 30 s earlier for each step of priority.</summary>
    public long Rank { get; set; }

    public int Attempts { get; set; }

    public int LeaseNo { get; set; }

    public int Crashes { get; set; }

    /// <summary>Who has it, while it runs.</summary>
    public string? Node { get; set; }

    public bool IsBegun { get; set; }

    public bool IsAlone { get; set; }

    public bool HasSlot { get; set; }

    public bool HasUnique { get; set; }

    public bool IsKnocking { get; set; }

    public bool IsToBeCancelled { get; set; }

    public int Lines { get; set; }

    public List<string> Failures { get; } = [];

    public bool IsOver => State is "done" or "dead" or "cancelled";

    public void At(Instant due)
    {
        Due = due;
        Rank = due.Micros - (Priority * 30_000_000L);
    }
}
