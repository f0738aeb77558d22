using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.DataProtection.AuthenticatedEncryption;
using Microsoft.AspNetCore.DataProtection.KeyManagement;
using Microsoft.Extensions.DependencyInjection;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>
/// The keys by which secrets are encrypted: those of ASP.NET Core's Data Protection, kept in the key ring. The newest one encrypts, all of them decrypt. They never expire by themselves: a site
/// without a clock, or with a copy of the ring of its own, must not find one morning that another key was made. Safe for any thread.
/// </summary>
public sealed class SecretKeys
{
    private const string LockFile = "secrets.lock";
    private const string Without = "no secret can be stored or read";
    private static readonly TimeSpan _life = TimeSpan.FromDays(365 * 100);
    private readonly RingFolder _ring;
    private readonly RingRepository _repository;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private readonly Lazy<IKeyManager> _keys;
    private Loaded _loaded = new([], [], null);

    /// <summary>The ring in a folder; nothing is read or made before it is needed.</summary>
    /// <param name="folder">Full path.</param>
    /// <param name="master">A master key in base64 that wraps the keys; null for none. Keys that are not wrapped yet then are.</param>
    /// <param name="time">Time, for when a key was made.</param>
    public SecretKeys(string folder, string? master, TimeProvider time)
    {
        (_ring, _time) = (new RingFolder(folder, master), time);
        _repository = new RingRepository(_ring);
        _keys = new(() => new ServiceCollection()
            .AddDataProtection().SetApplicationName("rondo").Services
            .Configure<KeyManagementOptions>(options => options.XmlRepository = _repository)
            .BuildServiceProvider().GetRequiredService<IKeyManager>());
    }

    /// <summary>Where they are.</summary>
    public string Folder => _ring.Path;

    /// <summary>The newest one; null when there is none. What another process made meanwhile counts.</summary>
    /// <exception cref="StorageFault">The ring cannot be used.</exception>
    internal SecretKey? Newest => Current().Newest;

    /// <summary>Names of all of them.</summary>
    /// <exception cref="StorageFault">The ring cannot be used.</exception>
    internal IReadOnlyCollection<string> Ids => Current().Keys.Keys;

    /// <summary>The one of that name; null when this ring has none.</summary>
    /// <exception cref="StorageFault">The ring cannot be used.</exception>
    internal IAuthenticatedEncryptor? Find(string id) => _loaded.Keys.TryGetValue(id, out var known) || Current().Keys.TryGetValue(id, out known) ? known : null;

    /// <summary>Makes a key, from now on the newest.</summary>
    /// <param name="isFirst">True: only when there is none yet; whoever else makes the first one at once gets the same.</param>
    /// <exception cref="StorageFault">The ring cannot be used.</exception>
    internal SecretKey Make(bool isFirst) => _ring.Guarded(Without, () =>
    {
        lock (_gate)
        {
            using var alone = _ring.Alone(LockFile);
            var there = Load();
            if (isFirst && there.Newest is { } first)
            {
                return first;
            }

            // Later than any there is, also when the clock was set back: the newest one is that in force.
            var now = _time.GetUtcNow();
            var last = _keys.Value.GetAllKeys().Select(k => k.ActivationDate).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
            var from = now > last ? now : last.AddSeconds(1);
            _keys.Value.CreateNewKey(from, from + _life);
            return Load().Newest!;
        }
    });

    private Loaded Current()
    {
        // A look at the names is enough to see that somebody has made one.
        if (_loaded.Newest is not null && _loaded.Files.SequenceEqual(_repository.Files))
        {
            return _loaded;
        }

        return _ring.Guarded(Without, () =>
        {
            lock (_gate)
            {
                if (_repository.Files.Length == 0)
                {
                    return _loaded = new Loaded([], [], null);
                }

                using var alone = _ring.Alone(LockFile);
                return Load();
            }
        });
    }

    private Loaded Load()
    {
        var files = _repository.Files;
        var keys = _keys.Value.GetAllKeys().OrderBy(k => k.ActivationDate).ThenBy(k => k.KeyId)
            .Select(k => new SecretKey($"{k.KeyId:N}", k.CreateEncryptor() ?? throw new IOException($"the key {k.KeyId} cannot be used here"))).ToList();
        return _loaded = new Loaded(files, keys.ToDictionary(k => k.Id, k => k.Encryptor, StringComparer.Ordinal), keys.Count == 0 ? null : keys[^1]);
    }

    private sealed record Loaded(string[] Files, Dictionary<string, IAuthenticatedEncryptor> Keys, SecretKey? Newest);
}

/// <summary>A key.</summary>
/// <param name="Id">Its name, 32 hexadecimal digits.</param>
/// <param name="Encryptor">Encrypts and decrypts.</param>
internal sealed record SecretKey(string Id, IAuthenticatedEncryptor Encryptor);
