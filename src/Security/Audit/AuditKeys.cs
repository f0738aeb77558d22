using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// The key ring: a folder outside the database, readable by its owner only, with the key of the audit trail and, for each database, where its trail ended when it was sealed last
/// (the anchor). Whoever can write the database but not this folder can forge nothing.
/// </summary>
public sealed class AuditKeys
{
    private const string KeyFile = "audit.key";
    private const string LockFile = "audit.lock";
    private const int KeyBytes = 32;
    private const int MostAttempts = 500;
    private const UnixFileMode OwnerFile = UnixFileMode.UserRead | UnixFileMode.UserWrite;
    private readonly string _folder;
    private readonly string _anchorFile;
    private readonly Lock _gate = new();
    private readonly string? _master;
    private byte[]? _key;

    /// <summary>The ring in a folder; nothing is read or made before it is needed.</summary>
    /// <param name="folder">Full path.</param>
    /// <param name="address">The database whose trail is anchored here.</param>
    /// <param name="master">A master key in base64 that wraps the key; null for none. A key that is not wrapped yet then is.</param>
    public AuditKeys(string folder, DatabaseAddress address, string? master = null)
    {
        (_folder, _master) = (folder, master);
        var name = address.Kind == DatabaseKind.Sqlite ? Path.GetFullPath(address.Target) : address.Shown;
        _anchorFile = Path.Combine(folder, $"audit-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{address.Kind}:{name}")))[..16]}.anchor");
    }

    /// <summary>Where it is.</summary>
    public string Folder => _folder;

    /// <summary>The key and its name; made when there is none.</summary>
    /// <exception cref="StorageFault">It cannot be read or made.</exception>
    internal (string Id, byte[] Key) Key()
    {
        lock (_gate)
        {
            _key ??= Guarded(Load);
            return (IdOf(_key), _key);
        }
    }

    /// <summary>True when this folder knows where the trail ended. Makes nothing.</summary>
    internal bool HasAnchor => File.Exists(_anchorFile);

    /// <summary>Where the trail ended when it was sealed last, as far as this folder knows; null when it does not.</summary>
    internal AuditAnchor? Anchor()
    {
        var key = Key().Key;
        return Guarded(() => File.Exists(_anchorFile) && JsonSerializer.Deserialize<AuditAnchor>(File.ReadAllText(_anchorFile)) is { } anchor
            ? AuditMac.Same(anchor.Mac, AuditMac.Anchor(key, anchor.Identity, anchor.No, anchor.Seal)) ? anchor : throw new IOException($"{_anchorFile} was changed by somebody without the key")
            : null);
    }

    /// <summary>Keeps where the trail ends now.</summary>
    internal void SetAnchor(string identity, long no, string seal)
    {
        var key = Key().Key;
        Guarded(() =>
        {
            Write(_anchorFile, JsonSerializer.Serialize(new AuditAnchor(identity, no, seal, AuditMac.Anchor(key, identity, no, seal))));
            return true;
        });
    }

    private static string IdOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData([.. "rondo.audit.key"u8, .. key]))[..16];

    private byte[] Load()
    {
        if (KeyWrap.TryCreate(_master, out var wrap) is { } problem)
        {
            throw new IOException(problem);
        }

        if (!Directory.Exists(_folder))
        {
            if (OperatingSystem.IsWindows())
            {
                Directory.CreateDirectory(_folder);
            }
            else
            {
                Directory.CreateDirectory(_folder, OwnerFile | UnixFileMode.UserExecute);
            }
        }

        var path = Path.Combine(_folder, KeyFile);
        string text;
        using (Alone())
        {
            if (!File.Exists(path))
            {
                var made = Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes));
                Write(path, wrap?.Wrap(made) ?? made);
            }

            text = File.ReadAllText(path).Trim();
            if (!KeyWrap.IsWrapped(text) && wrap is not null)
            {
                Write(path, wrap.Wrap(text));
            }
        }

        if (KeyWrap.IsWrapped(text))
        {
            text = (wrap ?? throw new IOException($"{path} is wrapped by a master key; give it by the setting keys.master (RONDO_KEYS_MASTER)")).Unwrap(text);
        }

        var key = Convert.FromBase64String(text);
        return key.Length == KeyBytes ? key : throw new IOException($"{path} has {key.Length} bytes; expected {KeyBytes} in base64");
    }

    /// <summary>Two processes that make the first key at once must end up with the same one.</summary>
    private FileStream Alone()
    {
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
                return new FileStream(Path.Combine(_folder, LockFile), options);
            }
            catch (IOException) when (attempt < MostAttempts)
            {
                // Whoever holds it writes one small file.
                pause.Wait(10);
            }
        }
    }

    /// <summary>Whole or not at all.</summary>
    private static void Write(string path, string text)
    {
        var part = $"{path}.{Ids.New()}.part";
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

        File.Move(part, path, overwrite: true);
    }

    private T Guarded<T>(Func<T> work)
    {
        try
        {
            return work();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or FormatException or JsonException or CryptographicException)
        {
            throw new StorageFault(
                StorageFaultKind.Misuse, $"the key ring {_folder} cannot be used, without which no change is written down and none is made: {fault.Message}. Run as the user it belongs to, or name the right one by the setting keys.folder", fault);
        }
    }
}

/// <summary>Where a trail ended when it was sealed last.</summary>
/// <param name="Identity">Which trail.</param>
/// <param name="No">The last number.</param>
/// <param name="Seal">Its seal.</param>
/// <param name="Mac">That whoever wrote this had the key.</param>
internal sealed record AuditAnchor(string Identity, long No, string Seal, string Mac);
