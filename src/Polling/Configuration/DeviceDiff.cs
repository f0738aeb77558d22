namespace Rondo.Polling.Configuration;

/// <summary>The differences between two versions of one device, field by field: the real comparison that records with lists need.</summary>
public static class DeviceDiff
{
    /// <summary>Every difference; empty when both mean the same.</summary>
    public static IReadOnlyList<FieldChange> Between(DeviceSpec before, DeviceSpec after)
    {
        var found = new List<FieldChange>();
        if (before.Address != after.Address)
        {
            found.Add(new FieldChange("address", before.Address, after.Address));
        }

        Compare(found, SpecFields.Device, before, after, "");
        Compare(found, SpecFields.Endpoint, before.Endpoint, after.Endpoint, "endpoint.");
        Compare(found, SpecFields.Modbus, before.Modbus, after.Modbus, "");
        CompareTags(found, before.Tags, after.Tags);
        if (!ReferenceEquals(before.Groups, after.Groups))
        {
            CompareNamed(found, before.Groups, after.Groups, "groups", group => group.Name, Show, CompareGroups);
        }

        return found;
    }

    private static void CompareGroups(List<FieldChange> found, GroupSpec before, GroupSpec after, string path)
    {
        Compare(found, SpecFields.Group, before, after, path + ".");
        Compare(found, SpecFields.Timing, before, after, path + ".");
        if (!ReferenceEquals(before.Points, after.Points))
        {
            CompareNamed(found, before.Points, after.Points, path + ".points", point => point.Name, Show, ComparePoints);
        }
    }

    private static void ComparePoints(List<FieldChange> found, PointSpec before, PointSpec after, string path)
    {
        if (before != after)
        {
            Compare(found, SpecFields.Point, before, after, path + ".");
            Compare(found, SpecFields.Register, before.Modbus, after.Modbus, path + ".");
        }
    }

    private static void CompareTags(List<FieldChange> found, IReadOnlyList<string> before, IReadOnlyList<string> after)
    {
        var (old, now) = (before.Order(StringComparer.Ordinal).ToArray(), after.Order(StringComparer.Ordinal).ToArray());
        if (!old.AsSpan().SequenceEqual(now))
        {
            found.Add(new FieldChange("tags", Joined(old), Joined(now)));
        }

        static string? Joined(string[] tags) => tags.Length == 0 ? null : string.Join(", ", tags);
    }

    private static void Compare<T>(List<FieldChange> found, Field<T>[] fields, T before, T after, string prefix)
    {
        foreach (var field in fields)
        {
            if (!field.Same(before, after))
            {
                found.Add(new FieldChange(prefix + field.Name, field.Show(before), field.Show(after)));
            }
        }
    }

    private static void CompareNamed<T>(
        List<FieldChange> found, IReadOnlyList<T> before, IReadOnlyList<T> after, string path, Func<T, string> name, Func<T, string> show,
        Action<List<FieldChange>, T, T, string> compare)
    {
        var old = new Dictionary<string, T>();
        foreach (var each in before)
        {
            old.TryAdd(name(each), each);
        }

        foreach (var each in after)
        {
            var place = $"{path}[{name(each)}]";
            if (old.Remove(name(each), out var was))
            {
                compare(found, was, each, place);
            }
            else
            {
                found.Add(new FieldChange(place, null, show(each)));
            }
        }

        foreach (var each in before)
        {
            if (old.Remove(name(each)))
            {
                found.Add(new FieldChange($"{path}[{name(each)}]", show(each), null));
            }
        }
    }

    private static string Show(GroupSpec group) => $"every {Durations.Show(group.Interval)}, {group.Points.Count} {(group.Points.Count == 1 ? "point" : "points")}";

    private static string Show(PointSpec point) =>
        $"{ModbusWords.Function.Show(point.Modbus.Function)} {point.Modbus.Address} {ModbusWords.Type.Show(point.Modbus.Type)}{(point.Unit.Length == 0 ? "" : $" ({point.Unit})")}";
}
