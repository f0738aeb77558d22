using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The rules every device obeys, wherever it came from.</summary>
public static class SpecRules
{
    private const int MaxGroups = 64;
    private const int MaxPoints = 1000;
    private const int MaxTags = 50;
    private const int MaxTagLength = 100;

    private static readonly TimeSpan defaultResponseTimeout = new ModbusEndpointSettings().ResponseTimeout;

    /// <summary>Everything that is wrong with one device; empty when it may be stored.</summary>
    public static IReadOnlyList<SpecMistake> Check(DeviceSpec device) =>
        Said(Breaks(device, checkFields: true).Where(broken => !broken.IsWarning));

    /// <summary>What is allowed in one device, but most likely not meant.</summary>
    public static IReadOnlyList<SpecMistake> Warnings(DeviceSpec device) =>
        Said(Breaks(device, checkFields: false).Where(broken => broken.IsWarning));

    private static SpecMistake[] Said(IEnumerable<RuleBreak> breaks) => breaks.Select(broken => new SpecMistake(broken.Path, broken.Message)).ToArray();

    /// <summary>The same with its places, for a reader.</summary>
    /// <param name="device">The device.</param>
    /// <param name="checkFields">False when the reader has already checked each field by itself.</param>
    internal static List<RuleBreak> Breaks(DeviceSpec device, bool checkFields)
    {
        var found = new List<RuleBreak>();
        if (checkFields)
        {
            CheckFields(found, SpecFields.DeviceName, device);
            CheckFields(found, SpecFields.Device, device, -1, -1);
            CheckFields(found, SpecFields.Modbus, device.Modbus, -1, -1);
            CheckFields(found, SpecFields.Endpoint, device.Endpoint, -1, -1, "endpoint.");
            CheckAddress(found, device);
        }

        CheckTags(found, device);
        if (device.Parent is not null && device.Parent == device.Name)
        {
            found.Add(new RuleBreak(-1, -1, "parent", "is the device itself; expected another device") { Uses = ["name"] });
        }

        CheckGroups(found, device, checkFields);
        return found;
    }

    private static void CheckGroups(List<RuleBreak> found, DeviceSpec device, bool checkFields)
    {
        if (device.Groups.Count > MaxGroups)
        {
            found.Add(new RuleBreak(-1, -1, "groups", $"has {device.Groups.Count} groups; expected at most {MaxGroups}"));
        }

        var names = new Dictionary<string, int>();
        var points = new Dictionary<string, (int Group, int Point)>();
        for (var g = 0; g < device.Groups.Count; g++)
        {
            var group = device.Groups[g];
            if (checkFields)
            {
                CheckFields(found, SpecFields.Group, group, g, -1);
                CheckFields(found, SpecFields.Timing, group, g, -1);
            }

            if (!names.TryAdd(group.Name, g))
            {
                found.Add(new RuleBreak(g, -1, "name", $"{Wording.Quote(group.Name)} is already the name of group {names[group.Name] + 1}; expected one of its own"));
            }

            CheckTiming(found, device, group, g);
            if (group.Points.Count is 0 or > MaxPoints)
            {
                found.Add(new RuleBreak(g, -1, "points", $"has {group.Points.Count} points; expected 1 to {MaxPoints}"));
            }

            for (var p = 0; p < group.Points.Count; p++)
            {
                var point = group.Points[p];
                if (checkFields)
                {
                    CheckFields(found, SpecFields.Point, point, g, p);
                    CheckFields(found, SpecFields.Register, point.Modbus, g, p);
                }

                PointRules.Check(found, point.Modbus, device.Modbus, g, p);
                if (point.Modulus is { } modulus && (modulus <= 0 || point.Kind != "counter"))
                {
                    found.Add(new RuleBreak(g, p, "modulus", modulus <= 0 ? "is not above zero; expected where the counter starts over, such as 65536" : $"goes with kind counter, not {point.Kind}; expected no modulus, or kind counter") { Uses = ["kind"] });
                }

                if (!points.TryAdd(point.Name, (g, p)))
                {
                    var first = points[point.Name];
                    var place = first.Group == g ? $"point {first.Point + 1} of this group" : $"a point of group {Wording.Quote(device.Groups[first.Group].Name)}";
                    found.Add(new RuleBreak(g, p, "name", $"{Wording.Quote(point.Name)} is already {place}; expected each point once in a device"));
                }
            }
        }
    }

    private static void CheckTiming(List<RuleBreak> found, DeviceSpec device, GroupSpec group, int g)
    {
        var interval = Durations.Show(group.Interval);
        if (group.Timeout > group.Interval)
        {
            found.Add(new RuleBreak(g, -1, "timeout", $"{Durations.Show(group.Timeout.Value)} is longer than the interval; expected at most {interval}") { Uses = ["interval"] });
        }

        if (group.MaxLateness > group.Interval)
        {
            found.Add(new RuleBreak(g, -1, "max_lateness", $"{Durations.Show(group.MaxLateness.Value)} is longer than the interval; expected at most {interval}") { Uses = ["interval"] });
        }

        // It works, because the deadline of the slot cuts the wait; but a gateway's own "no answer" then always comes too late. The default is nobody's choice.
        var answer = device.Endpoint.ResponseTimeout;
        if (answer > group.Interval && answer != defaultResponseTimeout)
        {
            found.Add(new RuleBreak(g, -1, "interval", $"{interval} is shorter than the response_timeout of {Durations.Show(answer)}, so a slow answer is given up before that; a longer interval or a shorter response_timeout would fit")
            {
                Uses = ["response_timeout"],
                IsWarning = true,
            });
        }
    }

    private static void CheckTags(List<RuleBreak> found, DeviceSpec device)
    {
        if (device.Tags.Count > MaxTags)
        {
            found.Add(new RuleBreak(-1, -1, "tags", $"has {device.Tags.Count} tags; expected at most {MaxTags}"));
        }

        for (var i = 0; i < device.Tags.Count; i++)
        {
            var tag = device.Tags[i];
            if (tag.Length is 0 or > MaxTagLength || tag != tag.Trim() || tag.Any(char.IsControl))
            {
                found.Add(new RuleBreak(-1, -1, $"tags[{i}]", $"{Wording.Quote(tag)} is not a tag; expected 1 to {MaxTagLength} characters of plain text"));
            }
            else if (device.Tags.Take(i).Contains(tag))
            {
                found.Add(new RuleBreak(-1, -1, $"tags[{i}]", $"{Wording.Quote(tag)} is given twice; expected each tag once"));
            }
        }
    }

    private static void CheckAddress(List<RuleBreak> found, DeviceSpec device)
    {
        var address = EndpointAddress.TryParse(device.Address, out var problem);
        if (address is null)
        {
            found.Add(new RuleBreak(-1, -1, "address", $"{Wording.Quote(device.Address)} {problem}"));
        }
        else if (address.ToString() != device.Address)
        {
            found.Add(new RuleBreak(-1, -1, "address", $"{Wording.Quote(device.Address)} is not in its normal form; expected {address}"));
        }
    }

    private static void CheckFields(List<RuleBreak> found, Field<DeviceSpec> field, DeviceSpec device) => CheckFields(found, [field], device, -1, -1);

    private static void CheckFields<T>(List<RuleBreak> found, Field<T>[] fields, T record, int group, int point, string prefix = "")
    {
        foreach (var field in fields)
        {
            if (field.Check(record) is { } problem)
            {
                found.Add(new RuleBreak(group, point, prefix + field.Name, problem));
            }
        }
    }
}
