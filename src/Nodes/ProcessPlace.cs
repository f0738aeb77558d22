using System.Globalization;

namespace Rondo.Nodes;

/// <summary>
/// Where this process runs, precisely enough that another process of the same place can say for sure that it is gone: the kernel's boot id and
/// the pid namespace, and for the process its pid with the kernel's start time. So a restart on the same machine need not wait for a lease to lapse.
/// </summary>
internal static class ProcessPlace
{
    /// <summary>Identity of the boot and pid namespace, which a process keeps; empty where the system does not tell (then only leases count).</summary>
    public static string Here { get; } = Read();

    /// <summary>The kernel's start time of a process in clock ticks since boot; 0 when there is no such process.</summary>
    public static long StartedAt(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");

            // The name in parentheses may contain anything; the fields behind it are counted from its end. A zombie does no work any more.
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return fields[0] is "Z" or "X" ? 0 : long.Parse(fields[19], CultureInfo.InvariantCulture);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    /// <summary>True only when <paramref name="node"/> ran in this very place and its process is certainly gone.</summary>
    public static bool IsGone(NodeRow node) =>
        node.Place.Length > 0 && node.PidStarted > 0 && string.Equals(node.Place, Here, StringComparison.Ordinal) && StartedAt(node.Pid) != node.PidStarted;

    private static string Read()
    {
        try
        {
            var boot = File.ReadAllText("/proc/sys/kernel/random/boot_id").Trim();
            var space = new FileInfo("/proc/self/ns/pid").LinkTarget ?? "";
            return $"{boot}/{space}";
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
