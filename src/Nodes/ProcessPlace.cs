using System.Globalization;
using System.Runtime.InteropServices;

namespace Rondo.Nodes;

/// <summary>
/// Where this process runs, precisely enough that another process of the same place can say for sure that it is gone: the kernel's boot id and
/// the pid namespace, and for the process its pid with the kernel's start time. So a restart on the same machine need not wait for a lease to lapse.
/// </summary>
internal static class ProcessPlace
{
    private const int NoSuchProcess = 3;

    /// <summary>Identity of the boot and pid namespace, which a process keeps; empty where the system does not tell (then only leases count).</summary>
    public static string Here { get; } = Read();

    /// <summary>The kernel's start time of a process in clock ticks since boot; 0 when it has ended, or is hidden from this one.</summary>
    public static long StartedAt(int pid) => Stat(pid) is { } stat ? StartedAt(stat) : 0;

    /// <summary>True only when <paramref name="node"/> ran in this very place and its process is certainly gone.</summary>
    public static bool IsGone(NodeRow node) => IsGone(node, IsNobody, Stat);

    /// <summary>
    /// The same by other eyes. What cannot be seen is not gone: another user's process is hidden under hidepid, or from a unit with ProtectProc=invisible, and then
    /// only its lease tells.
    /// </summary>
    /// <param name="node">The node.</param>
    /// <param name="isNobody">Whether the kernel says that no process has this id.</param>
    /// <param name="stat">What /proc tells of a process; null when it tells nothing.</param>
    internal static bool IsGone(NodeRow node, Func<int, bool> isNobody, Func<int, string?> stat) =>
        node.Place.Length > 0 && node.PidStarted > 0 && string.Equals(node.Place, Here, StringComparison.Ordinal)
        && (isNobody(node.Pid) || (stat(node.Pid) is { } found && StartedAt(found) != node.PidStarted));

    private static long StartedAt(string stat)
    {
        // The name in parentheses may contain anything; the fields behind it are counted from its end. A zombie does no work any more.
        var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
        return fields[0] is "Z" or "X" ? 0 : long.Parse(fields[19], CultureInfo.InvariantCulture);
    }

    private static string? Stat(int pid)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid}/stat");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    // Of another user's process it says EPERM, hidden or not.
    private static bool IsNobody(int pid) => Kill(pid, 0) != 0 && Marshal.GetLastPInvokeError() == NoSuchProcess;

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

    [DllImport("libc", EntryPoint = "kill", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
