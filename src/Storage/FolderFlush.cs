using System.Runtime.InteropServices;
using System.Text;

namespace Rondo.Storage;

/// <summary>Has the disk keep which files a folder holds: a file that was renamed into it is there after a power cut only when the folder was written too.</summary>
public static class FolderFlush
{
    /// <summary>Writes the folder to the disk. On Windows the system does it by itself.</summary>
    /// <exception cref="IOException">It cannot be opened or written.</exception>
    public static void Flush(string folder)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var file = Open([.. Encoding.UTF8.GetBytes(folder), 0], 0);
        if (file < 0)
        {
            throw new IOException($"the folder {folder} cannot be opened to write it to the disk ({Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())})");
        }

        // What a file system does not offer (some of a network do not) is nothing that could be mended here.
        var (isDone, error) = (Sync(file) == 0, Marshal.GetLastPInvokeError());
        _ = Close(file);
        if (!isDone && error is not (Invalid or NotSupported))
        {
            throw new IOException($"the folder {folder} cannot be written to the disk ({Marshal.GetPInvokeErrorMessage(error)})");
        }
    }

    private const int Invalid = 22, NotSupported = 95;

    [DllImport("libc", EntryPoint = "open", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Open(byte[] path, int flags);

    [DllImport("libc", EntryPoint = "fsync", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Sync(int file);

    [DllImport("libc", EntryPoint = "close", SetLastError = true), DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Close(int file);
}
