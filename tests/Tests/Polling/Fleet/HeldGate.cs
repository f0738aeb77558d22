using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Fleet;

/// <summary>A change of the fleet that has begun and is not committed yet: whoever else wants to change it comes too late to see what was before.</summary>
internal sealed class HeldGate : IAsyncDisposable
{
    private readonly Database _database;
    private readonly SemaphoreSlim _begun = new(0);
    private readonly SemaphoreSlim _go = new(0);
    private Task _change = Task.CompletedTask;

    private HeldGate(Database database) => _database = database;

    /// <summary>Begins a change that will do <paramref name="work"/> and commit once it is let go.</summary>
    public static async Task<HeldGate> TakeAsync(Database database, Action<Transaction> work)
    {
        var gate = new HeldGate(database);
        gate._change = database.WriteLongAsync("test.held", tx =>
        {
            PlanGate.Change(tx);
            gate._begun.Release();
            Assert.True(gate._go.Wait(TimeSpan.FromSeconds(30)), "the test lets it go on");
            work(tx);
            return true;
        });
        Assert.True(await gate._begun.WaitAsync(TimeSpan.FromSeconds(30)), "the change has begun");
        return gate;
    }

    /// <summary>Lets it commit once <paramref name="late"/> have all either ended or come to the gate; on SQLite they wait for the one writer.</summary>
    public async Task LetGoAsync(params Task[] late)
    {
        if (_database.Dialect == Dialect.Postgres)
        {
            await Eventually.TrueAsync(async () => late.Count(task => !task.IsCompleted) <= await WaitingAsync(), "they wait at the gate");
        }

        _go.Release();
        await _change;
    }

    public async ValueTask DisposeAsync()
    {
        _go.Release();
        await _change;
        _begun.Dispose();
        _go.Dispose();
    }

    private Task<int> WaitingAsync() => _database.ReadAsync("test.waiting", tx => tx.First<int>(new Sql(
        "test.waiting",
        "select count(*) from pg_locks where locktype = 'advisory' and not granted and database = (select oid from pg_database where datname = current_database())")));
}
