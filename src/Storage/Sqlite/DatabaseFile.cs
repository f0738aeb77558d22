using System.Runtime.InteropServices;
using System.Text;

namespace Rondo.Storage.Sqlite;

/// <summary>
/// Which file a path really means. Two paths to one file must come to one lock: SQLite itself follows symbolic links, so two servers through two
/// names would write the same file, and each believe that it was alone.
/// </summary>
internal static class DatabaseFile
{
    // As many as Linux follows before it says ELOOP.
    private const int MostLinks = 40;

    /// <summary>The path without symbolic links, of the file and of its folders. A file that does not exist yet has a path too.</summary>
    /// <exception cref="StorageFault">The links go round in circles.</exception>
    public static string Resolve(string path)
    {
        var full = Path.GetFullPath(path);
        var root = Path.GetPathRoot(full)!;
        var (at, links) = (root, 0);
        var rest = new Stack<string>();
        Push(rest, full[root.Length..]);
        while (rest.TryPop(out var name))
        {
            if (name == "..")
            {
                at = Path.GetDirectoryName(at) ?? at;
                continue;
            }

            var next = Path.Combine(at, name);
            if (new FileInfo(next).LinkTarget is not { } target)
            {
                at = next;
                continue;
            }

            if (++links > MostLinks)
            {
                throw new StorageFault(StorageFaultKind.Misuse, $"open: {path} cannot be opened: its symbolic links lead round in circles. Name the file itself.");
            }

            // A relative target begins where the link stands.
            if (Path.IsPathRooted(target))
            {
                at = Path.GetPathRoot(target)!;
                target = target[at.Length..];
            }

            Push(rest, target);
        }

        return at;
    }

    /// <summary>
    /// Refuses a file that has other names by hard links: which of them is the database cannot be told, and SQLite's write-ahead log stands beside the
    /// name it was opened by, so that writers by two names would destroy the file. Where the system does not tell, nothing is refused.
    /// </summary>
    public static void RefuseHardLinks(string path)
    {
        if (HardLinks(path) is { } names and > 1)
        {
            throw new StorageFault(
                StorageFaultKind.Misuse,
                $"open: {path} has {names} names (hard links). SQLite keeps its log beside the name it is opened by, so using two of them would destroy the file. "
                + "Remove the other names (find them with: find / -xdev -samefile FILE), or copy the file.");
        }
    }

    private static void Push(Stack<string> rest, string path)
    {
        foreach (var part in path.Split(Path.DirectorySeparatorChar).Reverse())
        {
            if (part is not ("" or "."))
            {
                rest.Push(part);
            }
        }
    }

    private static uint? HardLinks(string path)
    {
        // linux/stat.h, the same for every processor: stx_mask at 0, stx_nlink at 16 of 256 bytes.
        const int CurrentFolder = -100;
        const uint LinkCount = 0x4;
        if (!OperatingSystem.IsLinux())
        {
            return null;
        }

        var answer = new byte[256];
        try
        {
            return Statx(CurrentFolder, [.. Encoding.UTF8.GetBytes(path), 0], 0, LinkCount, answer) == 0 && (Number(answer, 0) & LinkCount) != 0 ? Number(answer, 16) : null;
        }
        catch (EntryPointNotFoundException)
        {
            return null; // A C library older than 2018.
        }
    }

    private static uint Number(byte[] bytes, int at) => MemoryMarshal.Read<uint>(bytes.AsSpan(at));

    [DllImport("libc", EntryPoint = "statx", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Statx(int folder, byte[] path, int flags, uint mask, byte[] answer);
}
