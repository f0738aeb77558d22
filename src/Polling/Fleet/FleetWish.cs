using Rondo.Polling.Configuration;

namespace Rondo.Polling.Fleet;

/// <summary>What somebody wants of the configuration, decided by looking at it as it is stored; or why nothing is to be done.</summary>
/// <typeparam name="TRefusal">Why not, in the words of whoever asked.</typeparam>
public sealed record FleetWish<TRefusal>
    where TRefusal : class
{
    /// <summary>Devices to add, or to change into this.</summary>
    public IReadOnlyList<DeviceSpec> Wanted { get; init; } = [];

    /// <summary>Names of devices to remove; a name that is not stored is passed over. Nobody else is touched.</summary>
    public IReadOnlyList<string> Gone { get; init; } = [];

    /// <summary>True: whoever is not among <see cref="Wanted"/> is removed.</summary>
    public bool Prune { get; init; }

    /// <summary>Why nothing is done, or null.</summary>
    public TRefusal? Refusal { get; init; }
}

/// <summary>What became of a wish, whoever asked.</summary>
public interface IFleetChange
{
    /// <summary>What was done; empty when nothing was.</summary>
    FleetDiff Diff { get; }
}

/// <summary>What became of a wish.</summary>
/// <typeparam name="TRefusal">Why not, in the words of whoever asked.</typeparam>
public sealed record FleetChange<TRefusal> : IFleetChange
    where TRefusal : class
{
    /// <summary>Why nothing was done, as the wish said; else null.</summary>
    public TRefusal? Refusal { get; init; }

    /// <summary>The devices that were wanted.</summary>
    public IReadOnlyList<DeviceSpec> Wanted { get; init; } = [];

    /// <summary>Rules between devices (<see cref="FleetRules"/>) that the wish would have broken; when there are any, nothing was done.</summary>
    public IReadOnlyList<SpecMistake> Mistakes { get; init; } = [];

    /// <summary>What was done, or would be in a dry run; empty when nothing was.</summary>
    public FleetDiff Diff { get; init; } = new([], [], [], 0, 0);

    /// <summary>Every device as it is afterwards, or would be.</summary>
    public IReadOnlyList<DeviceSpec> Fleet { get; init; } = [];

    /// <summary>Judges a wish by the fleet that is stored. Nothing is written, and the same again gives the same.</summary>
    internal static FleetChange<TRefusal> Judge(IReadOnlyList<DeviceSpec> stored, FleetWish<TRefusal> wish)
    {
        if (wish.Refusal is { } refusal)
        {
            return new FleetChange<TRefusal> { Refusal = refusal, Fleet = stored };
        }

        var replaced = wish.Wanted.Select(d => d.Name).Concat(wish.Gone).ToHashSet(StringComparer.Ordinal);
        DeviceSpec[] others = wish.Prune ? [] : [.. stored.Where(d => !replaced.Contains(d.Name))];

        // Those that are wanted come last, because of two that disagree the later one is named; and only what they bring about is their affair.
        DeviceSpec[] fleet = [.. others, .. wish.Wanted];
        var before = FleetRules.Check(others).ToHashSet();
        var mistakes = wish.Wanted.Count == 0 ? [] : FleetRules.Check(fleet).Where(m => !before.Contains(m)).ToArray();
        return mistakes.Length > 0
            ? new FleetChange<TRefusal> { Wanted = wish.Wanted, Mistakes = mistakes, Fleet = stored }
            : new FleetChange<TRefusal> { Wanted = wish.Wanted, Diff = FleetDiff.Between(stored, wish.Wanted, wish.Prune, wish.Gone), Fleet = fleet };
    }
}
