using System.Diagnostics;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.SystemTests.Faults;

/// <summary>The hints of one process, with a database of its own opening and a Redis, and how often it was woken.</summary>
internal sealed class HintNode : IAsyncDisposable
{
    public const string Topic = "polling";
    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(Environment.ProcessId));
    private readonly Database _database;
    private readonly Hints _hints;
    private int _woken;

    /// <param name="database">As <c>--database</c> takes it.</param>
    /// <param name="redis">As <c>--redis</c> takes it.</param>
    public HintNode(string database, string redis)
    {
        _database = Database.Open(DatabaseAddress.TryParse(database, out _)!, DatabaseUse.Server, TimeProvider.System);
        _hints = new Hints(_database, TimeProvider.System, redis: new RedisCarrier(RedisAddress.TryParse(redis, out _)!, _database, TimeProvider.System));
        _hints.On(Topic, () => Interlocked.Increment(ref _woken));
        _hints.Start(_supervisor, new Chance(Environment.ProcessId));
    }

    public HintState State => _hints.State;

    public RedisHintState Redis => State.Redis!;

    public int Woken => Volatile.Read(ref _woken);

    /// <summary>One that hears by every way it has.</summary>
    /// <param name="database">As <c>--database</c> takes it.</param>
    /// <param name="redis">As <c>--redis</c> takes it.</param>
    /// <param name="ways">How many those are: each wakes it once as it begins.</param>
    public static async Task<HintNode> StartAsync(string database, string redis, int ways)
    {
        var node = new HintNode(database, redis);
        await UntilAsync(() => node.Redis.IsConnected && node.Woken == ways, () => $"it hears: {node.State}");
        return node;
    }

    public void Send() => _hints.Send(Topic);

    public static async Task UntilAsync(Func<bool> fact, Func<string> what)
    {
        var started = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(5));
        for (var isLast = false; !fact(); isLast = Stopwatch.GetElapsedTime(started) > TimeSpan.FromSeconds(40))
        {
            Assert.False(isLast, $"Not within 40 s: {what()}");
            await again.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync();
        await _hints.DisposeAsync();
        await _database.DisposeAsync();
    }
}
