using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Security;

/// <summary>Work on PostgreSQL that has begun, and goes on to its commit only when it is let go.</summary>
internal sealed class HeldWork : IAsyncDisposable
{
    private readonly Database _database;
    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _go = new(0);
    private Task _work = Task.CompletedTask;

    private HeldWork(Database database) => _database = database;

    /// <summary>Begins work that does <paramref name="work"/> and then waits.</summary>
    public static async Task<HeldWork> BeginAsync<T>(Database database, string name, Func<Transaction, T> work)
    {
        var held = new HeldWork(database);
        held._work = database.WriteLongAsync(name, tx =>
        {
            var result = work(tx);
            held._begun.Release();
            Assert.True(held._go.Wait(TimeSpan.FromSeconds(30)), "the test lets it go on");
            return result;
        });
        Assert.True(await held._begun.WaitAsync(TimeSpan.FromSeconds(30)), "it has begun");
        return held;
    }

    /// <summary>Lets it commit once <paramref name="other"/> has either ended or waits for a lock.</summary>
    public async Task LetGoAsync(Task other)
    {
        await Eventually.TrueAsync(async () => other.IsCompleted || await WaitingAsync() > 0, "the other one has ended or waits");
        _go.Release();
        await _work;
    }

    public async ValueTask DisposeAsync()
    {
        _go.Release();
        await _work;
        _begun.Dispose();
        _go.Dispose();
    }

    private Task<long> WaitingAsync() => _database.ReadAsync("test.waiting", tx => tx.First<long>(new Sql(
        "test.waiting", "select count(*) from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'")));
}
