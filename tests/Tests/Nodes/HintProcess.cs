using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

/// <summary>How often somebody was woken.</summary>
internal sealed class Count
{
    private int _value;

    public int Value => Volatile.Read(ref _value);

    public void Up() => Interlocked.Increment(ref _value);
}

/// <summary>What one process has: a database of its own opening, its hints, their loops.</summary>
internal sealed class HintProcess : IAsyncDisposable
{
    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(1));

    public HintProcess(Database database, bool isShared = true, RedisAddress? redis = null, ILogger? log = null)
    {
        Database = database;
        Redis = redis is null ? null : new RedisCarrier(redis, database, TimeProvider.System, log);
        Hints = new Hints(database, TimeProvider.System, isShared, Redis);
    }

    public Database Database { get; }

    public RedisCarrier? Redis { get; }

    public Hints Hints { get; }

    public IReadOnlyList<LoopHealth> Health => _supervisor.Health;

    public IEnumerable<string> Loops => Health.Select(loop => loop.Name);

    public static async Task<HintProcess> StartAsync(DatabaseAddress address)
    {
        var process = new HintProcess(Database.Open(address, DatabaseUse.Server, TimeProvider.System)).Start();
        await Eventually.TrueAsync(() => process.Hints.State.IsListening, "it listens");
        return process;
    }

    /// <summary>A process that hears nothing from its database and cannot tell anything there.</summary>
    public static HintProcess Cut(RedisAddress? redis, ILogger? log = null) =>
        new(Database.Open(DatabaseAddress.TryParse("postgres://rondo@127.0.0.1:1/plant?pgbouncer=true", out _)!, DatabaseUse.Server, TimeProvider.System), redis: redis, log: log);

    public HintProcess Start()
    {
        Hints.Start(_supervisor, new Chance(1));
        return this;
    }

    public async Task<HintProcess> ConnectedAsync()
    {
        await Eventually.TrueAsync(() => Redis!.State.IsConnected, "Redis is connected");
        return this;
    }

    public Task StopLoopsAsync() => _supervisor.StopAsync(TimeSpan.FromSeconds(5));

    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync();
        await Hints.DisposeAsync();
        await Database.DisposeAsync();
    }
}
