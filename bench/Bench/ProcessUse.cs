using System.Globalization;

namespace Rondo.Bench;

/// <summary>What a process has used, from proc(5).</summary>
/// <param name="CpuSeconds">User and system time.</param>
/// <param name="ResidentMb">Memory in RAM, in MiB.</param>
/// <param name="PeakMb">The most it ever was.</param>
internal readonly record struct ProcessUse(double CpuSeconds, double ResidentMb, double PeakMb)
{
    // USER_HZ: 100 on every Linux that .NET runs on.
    private const double TicksPerSecond = 100;

    public static ProcessUse Of(int pid)
    {
        var stat = File.ReadAllText($"/proc/{pid}/stat");
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        var ticks = long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture);
        return new ProcessUse(ticks / TicksPerSecond, Mb(pid, "VmRSS:"), Mb(pid, "VmHWM:"));
    }

    private static double Mb(int pid, string field)
    {
        var line = File.ReadLines($"/proc/{pid}/status").First(each => each.StartsWith(field, StringComparison.Ordinal));
        return long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture) / 1024.0;
    }
}
