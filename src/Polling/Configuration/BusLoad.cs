namespace Rondo.Polling.Configuration;

/// <summary>What one group asks of its endpoint's bus.</summary>
/// <param name="Device">Name of the device.</param>
/// <param name="Group">Name of the group.</param>
/// <param name="BusTime">Estimated time for which one poll keeps the bus, the pauses that the endpoint is configured to make included.</param>
/// <param name="Interval">The group's interval.</param>
public sealed record BusShare(string Device, string Group, TimeSpan BusTime, TimeSpan Interval)
{
    /// <summary>The part of the bus it takes: bus time ÷ interval.</summary>
    public double Load => BusTime / Interval;
}

/// <summary>What all groups ask of one endpoint.</summary>
/// <param name="Address">The endpoint.</param>
/// <param name="Load">Sum over the groups; 1 is a bus that is never idle, more cannot be met.</param>
/// <param name="Groups">How many groups take part.</param>
/// <param name="Largest">The largest of them, the largest first.</param>
public sealed record EndpointLoad(string Address, double Load, int Groups, IReadOnlyList<BusShare> Largest)
{
    /// <summary>The warning, with the sum and what it is made of.</summary>
    public override string ToString() =>
        $"{Address}: planned requests need {Load:P0} of its bus time ({Groups} {(Groups == 1 ? "group" : "groups")}); largest: "
        + string.Join(", ", Largest.Select(share => $"{share.Device}/{share.Group} {share.Load:P0} ({Durations.Show(Rounded(share.BusTime))} every {Durations.Show(share.Interval)})"));

    private static TimeSpan Rounded(TimeSpan time) => TimeSpan.FromMilliseconds(Math.Max(1, Math.Round(time.TotalMilliseconds)));
}

/// <summary>How busy the planned polls keep each endpoint; one request at a time is all that a serial line behind a gateway carries.</summary>
public static class BusLoad
{
    /// <summary>The load from which polls begin to be late whenever something is slow, and which is therefore warned about.</summary>
    public const double Limit = 0.7;

    /// <summary>How many contributors are named.</summary>
    private const int Named = 5;

    /// <summary>The endpoints above <paramref name="limit"/>, the busiest first. Disabled devices and groups do not count.</summary>
    /// <param name="fleet">Every device, not only those of one file: they share endpoints.</param>
    /// <param name="busTime">Estimated bus time of one poll of a group, with the endpoint's pauses; the driver's plan knows.</param>
    /// <param name="limit">Part of the bus time, default <see cref="Limit"/>; 0 lists every endpoint.</param>
    public static IReadOnlyList<EndpointLoad> Above(IEnumerable<DeviceSpec> fleet, Func<DeviceSpec, GroupSpec, TimeSpan> busTime, double limit = Limit)
    {
        var shares = new Dictionary<string, List<BusShare>>();
        foreach (var device in fleet.Where(device => device.Enabled))
        {
            foreach (var group in device.Groups.Where(group => group.Enabled))
            {
                if (!shares.TryGetValue(device.Address, out var list))
                {
                    shares.Add(device.Address, list = []);
                }

                list.Add(new BusShare(device.Name, group.Name, busTime(device, group), group.Interval));
            }
        }

        var loads = new List<EndpointLoad>();
        foreach (var (address, list) in shares)
        {
            var load = list.Sum(share => share.Load);
            if (load > limit)
            {
                list.Sort((a, b) => b.Load.CompareTo(a.Load));
                loads.Add(new EndpointLoad(address, load, list.Count, list.GetRange(0, Math.Min(Named, list.Count))));
            }
        }

        loads.Sort((a, b) => b.Load.CompareTo(a.Load));
        return loads;
    }
}
