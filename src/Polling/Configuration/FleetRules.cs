using Rondo.Drivers.Modbus;

namespace Rondo.Polling.Configuration;

/// <summary>The rules between devices.</summary>
public static class FleetRules
{
    /// <summary>
    /// Everything that is wrong between the devices of a whole fleet: names given twice, unknown parents and loops of parents, endpoint
    /// settings on which devices of one endpoint disagree. Paths begin with the device's name.
    /// </summary>
    public static IReadOnlyList<SpecMistake> Check(IReadOnlyList<DeviceSpec> fleet)
    {
        var found = new List<SpecMistake>();
        var names = new HashSet<string>();
        foreach (var device in fleet)
        {
            if (!names.Add(device.Name))
            {
                found.Add(new SpecMistake($"{device.Name}.name", $"{Wording.Quote(device.Name)} is given twice; expected each name once"));
            }
        }

        foreach (var device in fleet)
        {
            if (device.Parent is { } parent && !names.Contains(parent))
            {
                found.Add(new SpecMistake($"{device.Name}.parent", $"{Wording.Quote(parent)} is not a device; expected the name of one{Wording.DidYouMean(parent, names)}"));
            }
        }

        foreach (var index in ParentLoops(fleet))
        {
            found.Add(new SpecMistake($"{fleet[index].Name}.parent", LoopMessage(fleet[index])));
        }

        foreach (var (first, second, field) in Disagreements(fleet))
        {
            found.Add(new SpecMistake($"{fleet[second].Name}.endpoint.{field.Name}", DisagreementMessage(fleet[first], fleet[second], field, "")));
        }

        return found;
    }

    /// <summary>Devices that are their own ancestors, by index.</summary>
    internal static IEnumerable<int> ParentLoops(IReadOnlyList<DeviceSpec> fleet)
    {
        var index = new Dictionary<string, int>();
        for (var i = 0; i < fleet.Count; i++)
        {
            index.TryAdd(fleet[i].Name, i);
        }

        // Colours: 0 not seen, else the number of the walk that saw it. Meeting the own walk again is a loop; each is named once.
        var seen = new int[fleet.Count];
        for (var start = 0; start < fleet.Count; start++)
        {
            var at = start;
            while (seen[at] == 0 && fleet[at].Parent is { } parent && parent != fleet[at].Name && index.TryGetValue(parent, out var next))
            {
                seen[at] = start + 1;
                at = next;
                if (seen[at] == start + 1)
                {
                    yield return at;
                    break;
                }
            }

            if (seen[at] == 0)
            {
                seen[at] = start + 1;
            }
        }
    }

    /// <summary>Pairs of devices, by index, that share an endpoint and want it set differently; each is compared with the first of its endpoint.</summary>
    internal static IEnumerable<(int First, int Second, Field<ModbusEndpointSettings> Field)> Disagreements(IReadOnlyList<DeviceSpec> fleet)
    {
        var firsts = new Dictionary<string, int>();
        for (var i = 0; i < fleet.Count; i++)
        {
            if (firsts.TryAdd(fleet[i].Address, i))
            {
                continue;
            }

            var first = firsts[fleet[i].Address];
            foreach (var field in SpecFields.Endpoint)
            {
                if (!field.Same(fleet[first].Endpoint, fleet[i].Endpoint))
                {
                    yield return (first, i, field);
                }
            }
        }
    }

    internal static string LoopMessage(DeviceSpec device) =>
        $"{Wording.Quote(device.Parent ?? "")} is at last a child of {Wording.Quote(device.Name)} again; expected no loop of parents";

    internal static string DisagreementMessage(DeviceSpec first, DeviceSpec second, Field<ModbusEndpointSettings> field, string where) =>
        $"{field.Show(second.Endpoint)} here, but {field.Show(first.Endpoint)} for {Wording.Quote(first.Name)}{where}; "
        + $"both share {second.Address}, expected one {field.Name} (say it once under endpoints:)";
}
