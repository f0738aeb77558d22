using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;

namespace Rondo.Storage.Sqlite;

/// <summary>
/// Which process holds the write lock of a SQLite file. Asked of the system's table of locks: to open the file in order to ask would drop this process's own locks when it is closed.
/// Linux only; in a container processes of others are not seen.
/// </summary>
internal static class FileWriter
{
    // SQLite's wal-index: locks begin at byte 120 of the -shm file, and the first of them is the writer's.
    private const long WriteLock = 120;

    /// <summary>The process in words, such as <c>process 4711 (sqlite3)</c>; null when it cannot be told.</summary>
    public static string? Of(string databasePath)
    {
        try
        {
            return !OperatingSystem.IsLinux() || InodeOf(databasePath + "-shm") is not { } inode ? null : Find(File.ReadLines("/proc/locks"), inode) is { } pid ? Describe(pid) : null;
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or EntryPointNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The process that holds the write lock, in lines such as <c>7: POSIX  ADVISORY  WRITE 4711 fe:01:9177 120 120</c>.</summary>
    internal static int? Find(IEnumerable<string> locks, ulong inode)
    {
        var place = ":" + inode.ToString(CultureInfo.InvariantCulture);
        foreach (var line in locks)
        {
            // Lines of those who wait have an arrow after the number.
            var parts = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (parts.Length >= 8 && parts[1] == "POSIX" && parts[3] == "WRITE" && parts[5].EndsWith(place, StringComparison.Ordinal)
                && int.TryParse(parts[4], CultureInfo.InvariantCulture, out var pid) && pid > 0
                && long.TryParse(parts[6], CultureInfo.InvariantCulture, out var from) && from <= WriteLock
                && (parts[7] == "EOF" || (long.TryParse(parts[7], CultureInfo.InvariantCulture, out var to) && to >= WriteLock)))
            {
                return pid;
            }
        }

        return null;
    }

    private static string Describe(int pid)
    {
        if (pid == Environment.ProcessId)
        {
            return "another opening of the file in this process";
        }

        var name = File.Exists($"/proc/{pid}/comm") ? File.ReadAllText($"/proc/{pid}/comm").Trim() : "";
        return $"process {pid}{(name.Length > 0 ? $" ({name})" : "")}";
    }

    private static ulong? InodeOf(string path)
    {
        // linux/stat.h: stx_mask at 0, stx_ino at 32 of 256 bytes.
        const int CurrentFolder = -100;
        const uint Inode = 0x100;
        var answer = new byte[256];
        return Statx(CurrentFolder, [.. Encoding.UTF8.GetBytes(path), 0], 0, Inode, answer) == 0 ? MemoryMarshal.Read<ulong>(answer.AsSpan(32)) : null;
    }

    [DllImport("libc", EntryPoint = "statx", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, byte[] answer);
}
