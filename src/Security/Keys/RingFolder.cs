using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// The folder of the key ring: for its owner alone, each file whole or not there, texts wrapped by the master key where there is one. What lies there plain is wrapped when it is read with one.
/// </summary>
/// <param name="folder">Full path; made when it is first needed.</param>
/// <param name="master">A master key in base64; null for none.</param>
/// <param name="flush">Has the disk keep which files a folder holds; null for the system's way. Without it a power cut can undo a file that is on the disk.</param>
internal sealed class RingFolder(string folder, string? master, Action<string>? flush = null)
{
    private const int MostAttempts = 500;
    private const string Part = ".part";
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Where it is.</summary>
    public string Path => folder;

    /// <summary>Where a file of it is.</summary>
    public string At(string name) => System.IO.Path.Combine(folder, name);

    /// <summary>Makes the folder when it is not there.</summary>
    public void Make()
    {
        if (Directory.Exists(folder))
        {
            return;
        }

        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
        }
        else
        {
            Directory.CreateDirectory(folder, OwnerFile | UnixFileMode.UserExecute);
        }

        Flush(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(folder)));
    }

    /// <summary>
    /// Held by one process at a time, for whatever is written under names that begin like the lock's (<c>audit.lock</c>: <c>audit…</c>). What a process that was killed has left half written there
    /// is deleted: it may be a key that nothing wraps.
    /// </summary>
    public FileStream Alone(string lockFile)
    {
        Make();
        var options = new FileStreamOptions { Mode = FileMode.OpenOrCreate, Access = FileAccess.ReadWrite, Share = FileShare.None };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        using var pause = new ManualResetEventSlim();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return Tidied(new FileStream(At(lockFile), options), System.IO.Path.GetFileNameWithoutExtension(lockFile));
            }
            catch (IOException) when (attempt < MostAttempts)
            {
                // Whoever holds it writes one small file.
                pause.Wait(10);
            }
        }
    }

    /// <summary>The text of a file, unwrapped. Called by whoever holds the lock, since what is plain may be written anew.</summary>
    public string Read(string name)
    {
        var (path, wrap) = (At(name), Wrap());
        var text = File.ReadAllText(path).Trim();
        if (KeyWrap.IsWrapped(text))
        {
            return (wrap ?? throw new IOException($"{path} is wrapped by a master key; give it by the setting keys.master (RONDO_KEYS_MASTER)")).Unwrap(text);
        }

        if (wrap is not null)
        {
            WritePlain(name, wrap.Wrap(text));
        }

        return text;
    }

    /// <summary>Writes a secret text, wrapped where there is a master key.</summary>
    public void Write(string name, string text) => WritePlain(name, Wrap()?.Wrap(text) ?? text);

    /// <summary>Writes a text as it is; whole or not at all, and on the disk by then. Called by whoever holds the lock.</summary>
    public void WritePlain(string name, string text)
    {
        var (path, part) = (At(name), At($"{name}.{Ids.New()}{Part}"));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerFile;
        }

        using (var file = new FileStream(part, options))
        {
            file.Write(Encoding.UTF8.GetBytes(text));
            file.Flush(flushToDisk: true);
        }

        Move(part, path);
    }

    /// <summary>Gives a file another name, for good.</summary>
    public void Move(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        Flush(folder);
    }

    /// <summary>Does something with it; what goes wrong says where.</summary>
    /// <param name="without">What cannot be done without it, as a clause.</param>
    /// <param name="work">The work.</param>
    /// <exception cref="StorageFault">It cannot be used.</exception>
    public T Guarded<T>(string without, Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException or JsonException or XmlException or CryptographicException)
        {
            throw new StorageFault(
                StorageFaultKind.Misuse, $"the key ring {folder} cannot be used, without which {without}: {fault.Message}. Run as the user it belongs to, or name the right one by the setting keys.folder", fault);
        }
    }

    private FileStream Tidied(FileStream alone, string prefix)
    {
        try
        {
            foreach (var left in Directory.EnumerateFiles(folder, $"{prefix}*{Part}"))
            {
                File.Delete(left);
            }

            return alone;
        }
        catch
        {
            alone.Dispose();
            throw;
        }
    }

    private void Flush(string? path)
    {
        if (path is not null)
        {
            (flush ?? FolderFlush.Flush)(path);
        }
    }

    private KeyWrap? Wrap() => KeyWrap.TryCreate(master, out var wrap) is { } problem ? throw new IOException(problem) : wrap;
}
