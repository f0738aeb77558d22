namespace Rondo.Polling.Configuration;

/// <summary>One field that differs.</summary>
/// <param name="Path">Where, by names: <c>groups[fast].points[power_total].address</c>.</param>
/// <param name="Before">What was, as people write it; null when there was nothing.</param>
/// <param name="After">What will be; null when it goes.</param>
public sealed record FieldChange(string Path, string? Before, string? After)
{
    /// <summary><c>path: before → after</c>.</summary>
    public override string ToString() => $"{Path}: {Before ?? "(none)"} → {After ?? "(none)"}";
}

/// <summary>One device that differs.</summary>
/// <param name="Before">As it is stored.</param>
/// <param name="After">As it is wanted.</param>
/// <param name="Fields">Every difference, in the order of the fields; never empty.</param>
public sealed record DeviceChange(DeviceSpec Before, DeviceSpec After, IReadOnlyList<FieldChange> Fields);

/// <summary>What applying a device file does.</summary>
/// <param name="Added">Devices that are new.</param>
/// <param name="Changed">Devices that differ.</param>
/// <param name="Removed">Devices that go, because the file does not have them and pruning was asked for, or because it was asked by name.</param>
/// <param name="Unchanged">How many devices are in both and equal.</param>
/// <param name="Kept">How many stored devices the file does not have and that stay, because pruning was not asked for.</param>
public sealed record FleetDiff(
    IReadOnlyList<DeviceSpec> Added, IReadOnlyList<DeviceChange> Changed, IReadOnlyList<DeviceSpec> Removed, int Unchanged, int Kept)
{
    /// <summary>True when there is nothing to do.</summary>
    public bool IsEmpty => Added.Count + Changed.Count + Removed.Count == 0;

    /// <summary>Works out what turns the stored devices into the wanted ones. Devices, groups and points are matched by name; order means nothing.</summary>
    /// <param name="stored">What is there.</param>
    /// <param name="wanted">What is to be there.</param>
    /// <param name="prune">True: what is not wanted goes.</param>
    /// <param name="gone">Names that go by themselves, when they are not wanted.</param>
    public static FleetDiff Between(IReadOnlyList<DeviceSpec> stored, IReadOnlyList<DeviceSpec> wanted, bool prune, IReadOnlyList<string>? gone = null)
    {
        var before = stored.ToDictionary(device => device.Name);
        var added = new List<DeviceSpec>();
        var changed = new List<DeviceChange>();
        var unchanged = 0;
        foreach (var device in wanted)
        {
            if (!before.Remove(device.Name, out var old))
            {
                added.Add(device);
            }
            else if (DeviceDiff.Between(old, device) is { Count: > 0 } fields)
            {
                changed.Add(new DeviceChange(old, device, fields));
            }
            else
            {
                unchanged++;
            }
        }

        var named = (gone ?? []).ToHashSet();
        var rest = stored.Where(device => before.ContainsKey(device.Name)).ToArray();
        var removed = prune ? rest : rest.Where(device => named.Contains(device.Name)).ToArray();
        return new FleetDiff(added, changed, removed, unchanged, rest.Length - removed.Length);
    }
}
