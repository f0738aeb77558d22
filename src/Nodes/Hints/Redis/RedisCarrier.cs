using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>
/// A Redis that carries hints beside NOTIFY: quick where NOTIFY cannot be heard (behind PgBouncer), and no load on the database. Nothing depends on it; while it is
/// away hints go as they do without it. Its channel carries the name of the database, so that installations that share a Redis do not wake each other.
/// </summary>
public sealed class RedisCarrier : IDisposable
{
    private readonly Database _database;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private readonly Lock _gate = new();
    private RedisLink? _link;
    private Instant? _awaySince;
    private string? _lastError;
    private long _sent;
    private long _received;
    private long _failed;

    /// <summary>Nothing is connected before hints are started, or flushed.</summary>
    /// <param name="address">Where Redis is.</param>
    /// <param name="database">Whose hints are carried.</param>
    /// <param name="time">Time.</param>
    /// <param name="log">Where it is said that Redis went away and came back.</param>
    public RedisCarrier(RedisAddress address, Database database, TimeProvider time, ILogger? log = null)
    {
        Address = address;
        _database = database;
        _time = time;
        _log = log ?? NullLogger.Instance;
        _awaySince = database.Clock.Now;
        Channel = "rondo:hints:" + database.Address.Identity;
    }

    /// <summary>Where it is.</summary>
    internal RedisAddress Address { get; }

    /// <summary>The channel of all hints of the database.</summary>
    internal string Channel { get; }

    /// <summary>How it goes.</summary>
    internal RedisHintState State
    {
        get
        {
            lock (_gate)
            {
                return new RedisHintState(
                    Address.Shown, _link is not null, _awaySince, _lastError, Interlocked.Read(ref _sent), Interlocked.Read(ref _received), Interlocked.Read(ref _failed));
            }
        }
    }

    /// <summary>Closes what is connected.</summary>
    public void Dispose() => Exchange(null)?.Dispose();

    /// <summary>Connects; from then on hints go there.</summary>
    internal async Task<RedisLink> ConnectAsync(CancellationToken stop)
    {
        // The name of this process without a topic is no hint.
        var link = await RedisLink.OpenAsync(Address, Channel, _database.Session, _time, stop).ConfigureAwait(false);
        Exchange(link)?.Dispose();
        NodesLog.RedisConnected(_log, Address.Shown);
        return link;
    }

    /// <summary>A link broke, or none could be made. From now on hints go by NOTIFY.</summary>
    internal void Lost(RedisLink? link, RedisFault fault)
    {
        link?.Dispose();
        bool isNews;
        lock (_gate)
        {
            if (_link != link && _link is not null)
            {
                // There is a newer one.
                return;
            }

            // One line for each outage, however long it is tried.
            isNews = _link is not null || _lastError is null;
            _link = null;
            _awaySince ??= _database.Clock.Now;
            _lastError = fault.Message;
        }

        if (isNews)
        {
            NodesLog.RedisAway(_log, Address.Shown, fault.Message);
        }
    }

    /// <summary>Redis was configured where there is nobody to tell.</summary>
    internal void Unused() => NodesLog.RedisUnused(_log, Address.Shown, _database.Address.Kind == DatabaseKind.Sqlite ? "on SQLite hints stay in their process" : "hints are switched off");

    /// <summary>A message of another process came.</summary>
    internal void Received() => Interlocked.Increment(ref _received);

    /// <summary>Tells when connected, half a second at most. True when somebody else heard it: who is not connected to this Redis has to be told by NOTIFY.</summary>
    internal bool TryTell(string payload)
    {
        RedisLink? link;
        lock (_gate)
        {
            link = _link;
        }

        if (link is null)
        {
            return false;
        }

        try
        {
            var hearers = link.TellAsync(payload).GetAwaiter().GetResult();
            Interlocked.Increment(ref _sent);

            // One is this process itself.
            return hearers > 1;
        }
        catch (RedisFault fault)
        {
            Interlocked.Increment(ref _failed);
            Lost(link, fault);
            return false;
        }
    }

    /// <summary>For a command: connects, tells and closes. Never throws.</summary>
    internal async Task TellOnceAsync(string payload)
    {
        try
        {
            using var mouth = await RedisConnection.OpenAsync(Address, _time, CancellationToken.None).ConfigureAwait(false);
            await RedisLink.TellAsync(mouth, Channel, payload, RedisConnection.OpenWithin, CancellationToken.None).ConfigureAwait(false);
            Interlocked.Increment(ref _sent);
        }
        catch (RedisFault)
        {
            Interlocked.Increment(ref _failed);
        }
    }

    private RedisLink? Exchange(RedisLink? link)
    {
        lock (_gate)
        {
            var former = _link;
            _link = link;
            _awaySince = link is null ? _awaySince ?? _database.Clock.Now : null;
            _lastError = link is null ? _lastError : null;
            return former;
        }
    }
}
