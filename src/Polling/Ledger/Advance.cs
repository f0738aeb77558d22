using Rondo.Polling.Runtime;

namespace Rondo.Polling.Ledger;

/// <summary>One group's accounted_to moves from what is durable to what is complete, by compare-and-set, together with the counts folded so far.</summary>
internal sealed class Advance
{
    public Advance(ArmedGroup group)
    {
        Group = group;
        From = group.Account.Durable;
        To = group.Account.Complete;
        Hours = [.. group.Account.Hours];
    }

    public ArmedGroup Group { get; }

    public long From { get; }

    public long To { get; }

    public HourCounts[] Hours { get; }

    /// <summary>Set by the writer when somebody else has moved it: the group is no longer ours, nothing was written.</summary>
    public bool IsRefused { get; set; }
}
