using System.Globalization;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Rondo.Storage.Sqlite;

/// <summary>
/// The operating system's lock on <c>PATH.lock</c>: one server per SQLite file. It dies with its process, so after kill -9 the next start
/// takes over at once; the holder's pid stands in the file for the message to the one that is refused.
/// </summary>
internal sealed class ServerLock : IDisposable
{
    private const string Unknown = "unknown";
    private readonly FileStream _file;

    private ServerLock(FileStream file) => _file = file;

    /// <summary>Takes the lock of a file, or says who has it.</summary>
    /// <param name="databasePath">The file itself (<see cref="DatabaseFile.Resolve"/>): a lock beside one of its links would keep nobody out.</param>
    public static ServerLock Take(string databasePath)
    {
        var path = databasePath + ".lock";
        if (TryOpen(path) is not { } file)
        {
            throw new StorageFault(
                StorageFaultKind.Busy,
                $"{databasePath} is already served by process {HolderPid(databasePath) ?? Unknown} (lock on {path}). Stop that server first, or use another file.");
        }

        var pid = Environment.ProcessId.ToString(CultureInfo.InvariantCulture);
        file.SetLength(0);
        file.Write(Encoding.ASCII.GetBytes(pid + "\n"));
        file.Flush();
        return new ServerLock(file);
    }

    // Whoever asks who holds the lock shares it for some microseconds; only one that is held all the while is a server's.
    private static FileStream? TryOpen(string path)
    {
        var spin = default(SpinWait);
        for (var attempt = 0; attempt < 250; attempt++)
        {
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 64);
            }
            catch (IOException) when (File.Exists(path))
            {
                spin.SpinOnce(); // From the twentieth on it gives the processor away for a millisecond.
            }
        }

        return null;
    }

    /// <summary>The pid of the server that holds the file itself now, or null when none does.</summary>
    public static string? HolderPid(string databasePath)
    {
        var path = databasePath + ".lock";
        if (!File.Exists(path))
        {
            return null;
        }

        try
        {
            // A shared lock: those who only ask do not take each other for a server.
            using var probe = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete, 1);
            return null;
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (IOException)
        {
            return ReadPast(path);
        }
        catch (UnauthorizedAccessException)
        {
            return Unknown;
        }
    }

    public void Dispose() => _file.Dispose();

    /// <summary>What stands in a file that somebody holds. The runtime locks whatever it opens, even to look; so it is opened past the runtime.</summary>
    private static string ReadPast(string path)
    {
        const int ReadOnlyCloseOnExec = 0x80000;
        if (!OperatingSystem.IsLinux())
        {
            return Unknown;
        }

        using var handle = new SafeFileHandle(Open([.. Encoding.UTF8.GetBytes(path), 0], ReadOnlyCloseOnExec), ownsHandle: true);
        if (handle.IsInvalid)
        {
            return Unknown;
        }

        var bytes = new byte[32];
        var length = RandomAccess.Read(handle, bytes, 0);
        return Encoding.ASCII.GetString(bytes, 0, length).Trim() is { Length: > 0 } pid ? pid : Unknown;
    }

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);
}
