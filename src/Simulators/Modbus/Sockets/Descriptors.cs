namespace Rondo.Simulators.Modbus;

/// <summary>How many descriptors this process may have, so that a fleet too large for it is refused at the start instead of failing somewhere in the middle.</summary>
internal static class Descriptors
{
    /// <summary>What the runtime itself has open, generously.</summary>
    private const int Others = 200;

    private const int PerGateway = 2;

    /// <summary>Throws when so many gateways, with one connection each, cannot be had.</summary>
    public static void Require(int gateways)
    {
        if (Limit() is { } limit && Needed(gateways) > limit)
        {
            throw new SimulatorStartException(Explain(gateways, $"It may have {limit}."));
        }
    }

    public static string Explain(int gateways, string situation)
        => $"{gateways} simulated gateways need about {Needed(gateways)} open files in this process (a listener and a connection each). {situation} "
        + "Raise the limit (ulimit -n, or LimitNOFILE= in systemd), simulate fewer gateways with more units each, or spread them over several processes.";

    private static int Needed(int gateways) => (gateways * PerGateway) + Others;

    /// <summary>The limit in force, which the runtime has already raised to the hard one; null where it cannot be told.</summary>
    private static int? Limit()
    {
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        // "Max open files            20000                20000                files"
        var line = File.ReadLines("/proc/self/limits").FirstOrDefault(l => l.StartsWith("Max open files", StringComparison.Ordinal));
        return line?.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [_, _, _, var soft, ..] && int.TryParse(soft, out var limit) ? limit : null;
    }
}
