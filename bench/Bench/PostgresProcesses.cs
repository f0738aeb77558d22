using System.Globalization;

namespace Rondo.Bench;

/// <summary>The processes of a PostgreSQL server on this machine: its first one and everything that one started.</summary>
internal sealed class PostgresProcesses
{
    private const double TicksPerSecond = 100;
    private readonly int _first;

    private PostgresProcesses(int first) => _first = first;

    /// <summary>Of the server that a session's process belongs to.</summary>
    public static PostgresProcesses OfSession(int pid) => new((int)Stat(pid)![1]);

    /// <summary>
    /// User and system time of all of them so far, those that have ended included. Other work of the server (writing its log, checkpoints, autovacuum) is in it.
    /// </summary>
    public double CpuSeconds()
    {
        // The first process's own, and that of its children that have ended.
        var first = Stat(_first) ?? throw new BenchFault("the PostgreSQL server is gone");
        var ticks = first[11] + first[12] + first[13] + first[14];
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var pid) && Stat(pid) is { } child && child[1] == _first)
            {
                ticks += child[11] + child[12];
            }
        }

        return ticks / TicksPerSecond;
    }

    /// <summary>The numbers of proc(5) from the state on; null for a process that has ended.</summary>
    private static long[]? Stat(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
            return [0, .. fields[1..15].Select(field => long.Parse(field, CultureInfo.InvariantCulture))];
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }
}
