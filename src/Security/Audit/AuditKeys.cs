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
    private const string NextFile = "audit-next.key";
    private const string Pattern = "audit*.key";
    private const string LockFile = "audit.lock";
    private const string Without = "no change is written down and none is made";
    private const int KeyBytes = 32;
    private readonly RingFolder _ring;
    private readonly string _anchorFile;
    private readonly Lock _gate = new();
    private Dictionary<string, byte[]> _known = new(StringComparer.Ordinal);
    private byte[]? _key;

    /// <summary>The ring in a folder; nothing is read or made before it is needed.</summary>
    /// <param name="folder">Full path.</param>
    /// <param name="address">The database whose trail is anchored here.</param>
    /// <param name="master">A master key in base64 that wraps the key; null for none. A key that is not wrapped yet then is.</param>
    public AuditKeys(string folder, DatabaseAddress address, string? master = null)
    {
        _ring = new RingFolder(folder, master);
        var name = address.Kind == DatabaseKind.Sqlite ? Path.GetFullPath(address.Target) : address.Shown;
        _anchorFile = $"audit-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{address.Kind}:{name}")))[..16]}.anchor";
    }

    /// <summary>Where it is.</summary>
    public string Folder => _ring.Path;

    /// <summary>The key that a new trail begins with, and its name; made when there is none. Which one is in force in a trail its head says (<see cref="Find"/>).</summary>
    /// <exception cref="StorageFault">It cannot be read or made.</exception>
    internal (string Id, byte[] Key) Key()
    {
        // Without the gate once it is known: whoever holds the lock of the folder asks for it too.
        if (Volatile.Read(ref _key) is { } known)
        {
            return (IdOf(known), known);
        }

        lock (_gate)
        {
            Volatile.Write(ref _key, _key ?? _ring.Guarded(Without, Load));
            return (IdOf(_key!), _key!);
        }
    }

    /// <summary>The key of that name; null when this ring does not have it. What was put there meanwhile counts.</summary>
    /// <exception cref="StorageFault">The ring cannot be used.</exception>
    internal byte[]? Find(string id)
    {
        var (first, key) = Key();
        lock (_gate)
        {
            if (id == first)
            {
                return key;
            }

            if (!_known.ContainsKey(id))
            {
                _known = _ring.Guarded(Without, All);
            }

            return _known.GetValueOrDefault(id);
        }
    }

    /// <summary>A key for the next rotation, made unless one waits there already that was not used yet.</summary>
    /// <param name="isUsed">Whether a key of that name was ever in force.</param>
    /// <exception cref="StorageFault">The ring cannot be used.</exception>
    internal (string Id, byte[] Key) Next(Func<string, bool> isUsed)
    {
        Key();
        return _ring.Guarded(Without, () =>
        {
            using var alone = _ring.Alone(LockFile);
            if (File.Exists(_ring.At(NextFile)))
            {
                var there = Convert.FromBase64String(_ring.Read(NextFile));
                if (!isUsed(IdOf(there)))
                {
                    return (IdOf(there), there);
                }

                // Whoever copied the ring before a rotation has it under this name still.
                _ring.Move(_ring.At(NextFile), _ring.At($"audit-{IdOf(there)}.key"));
            }

            var made = RandomNumberGenerator.GetBytes(KeyBytes);
            _ring.Write(NextFile, Convert.ToBase64String(made));
            return (IdOf(made), made);
        });
    }

    /// <summary>The next key is in force: it waits no more.</summary>
    internal void Took(string id) => _ring.Guarded(Without, () =>
    {
        using var alone = _ring.Alone(LockFile);
        if (File.Exists(_ring.At(NextFile)) && IdOf(Convert.FromBase64String(_ring.Read(NextFile))) == id)
        {
            _ring.Move(_ring.At(NextFile), _ring.At($"audit-{id}.key"));
        }

        return true;
    });

    /// <summary>True when this folder knows where the trail ended. Makes nothing.</summary>
    internal bool HasAnchor => File.Exists(_ring.At(_anchorFile));

    /// <summary>Where the trail ended when it was sealed last, as far as this folder knows; null when it does not.</summary>
    internal AuditAnchor? Anchor()
    {
        var first = Key();
        return _ring.Guarded(Without, () => ReadAnchor() is { } anchor
            ? Find(anchor.KeyId ?? first.Id) is { } key && AuditMac.Same(anchor.Mac, AuditMac.Anchor(key, anchor.Identity, anchor.No, anchor.Seal)) ? anchor : throw new IOException($"{_ring.At(_anchorFile)} was changed by somebody without the key")
            : null);
    }

    /// <summary>Keeps where the trail ends now, and by which key, whatever was known before.</summary>
    internal void SetAnchor(string identity, long no, string seal, string id)
    {
        var anchor = Make(identity, no, seal, id);
        _ring.Guarded(Without, () =>
        {
            using var alone = _ring.Alone(LockFile);
            _ring.WritePlain(_anchorFile, JsonSerializer.Serialize(anchor));
            return true;
        });
    }

    /// <summary>
    /// Moves it on from what was held against the trail. False when it is another one by now: somebody else seals and anchors too, perhaps further, or has accepted another trail.
    /// </summary>
    /// <param name="known">What was held against the trail; null for none.</param>
    /// <param name="identity">Which trail.</param>
    /// <param name="no">Where it ends now.</param>
    /// <param name="seal">The seal of that row.</param>
    /// <param name="id">By which key.</param>
    internal bool MoveAnchor(AuditAnchor? known, string identity, long no, string seal, string id)
    {
        var anchor = Make(identity, no, seal, id);
        return _ring.Guarded(Without, () =>
        {
            using var alone = _ring.Alone(LockFile);
            if (ReadAnchor() != known)
            {
                return false;
            }

            _ring.WritePlain(_anchorFile, JsonSerializer.Serialize(anchor));
            return true;
        });
    }

    private AuditAnchor Make(string identity, long no, string seal, string id)
    {
        var key = Find(id) ?? throw new InvalidOperationException($"the key {id} that has just sealed is not in the ring");
        return new AuditAnchor(identity, no, seal, AuditMac.Anchor(key, identity, no, seal), id);
    }

    private AuditAnchor? ReadAnchor() => HasAnchor ? JsonSerializer.Deserialize<AuditAnchor>(File.ReadAllText(_ring.At(_anchorFile))) : null;

    private static string IdOf(byte[] key) => Convert.ToHexStringLower(SHA256.HashData([.. "rondo.audit.key"u8, .. key]))[..16];

    private Dictionary<string, byte[]> All()
    {
        using var alone = _ring.Alone(LockFile);
        return Directory.EnumerateFiles(_ring.Path, Pattern)
            .Select(file => Convert.FromBase64String(_ring.Read(Path.GetFileName(file))))
            .DistinctBy(IdOf, StringComparer.Ordinal).ToDictionary(IdOf, key => key, StringComparer.Ordinal);
    }

    private byte[] Load()
    {
        // Two processes that make the first key at once must end up with the same one.
        using var alone = _ring.Alone(LockFile);
        if (!File.Exists(_ring.At(KeyFile)))
        {
            _ring.Write(KeyFile, Convert.ToBase64String(RandomNumberGenerator.GetBytes(KeyBytes)));
        }

        var key = Convert.FromBase64String(_ring.Read(KeyFile));
        return key.Length == KeyBytes ? key : throw new IOException($"{_ring.At(KeyFile)} has {key.Length} bytes; expected {KeyBytes} in base64");
    }
}

/// <summary>Where a trail ended when it was sealed last.</summary>
/// <param name="Identity">Which trail.</param>
/// <param name="No">The last number.</param>
/// <param name="Seal">Its seal.</param>
/// <param name="Mac">That whoever wrote this had the key.</param>
/// <param name="KeyId">By which key; null for the first.</param>
internal sealed record AuditAnchor(string Identity, long No, string Seal, string Mac, string? KeyId = null);
