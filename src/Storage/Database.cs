using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;

namespace Rondo.Storage;

/// <summary>How a process uses the database.</summary>
public enum DatabaseUse
{
    /// <summary>The one server of a SQLite file (holds <c>PATH.lock</c>), or one node of a PostgreSQL database.</summary>
    Server,

    /// <summary>A command that may run beside a server.</summary>
    Command,
}

/// <summary>Either database, behind one small surface: bounded read and write work, and a clock.</summary>
public abstract class Database : IAsyncDisposable
{
    /// <summary>Opens <paramref name="address"/>. Nothing is created but an empty SQLite file; migrating is a call of its own.</summary>
    /// <exception cref="StorageFault">The address cannot be opened, or another server holds the file.</exception>
    public static Database Open(DatabaseAddress address, DatabaseUse use, TimeProvider time) => address.Kind switch
    {
        DatabaseKind.Sqlite => new SqliteDatabase(address, use, time),
        _ => new PostgresDatabase(address, use, time),
    };

    /// <summary>Where it is.</summary>
    public abstract DatabaseAddress Address { get; }

    /// <summary>Dialect of its statements.</summary>
    public abstract Dialect Dialect { get; }

    /// <summary>Random name of this opening; on PostgreSQL the application_name of all its sessions contains it.</summary>
    public virtual string Session { get; } = Ids.New();

    /// <summary>Database time, told from the monotonic clock and a measured offset.</summary>
    public abstract DatabaseClock Clock { get; }

    /// <summary>How long its statements take.</summary>
    public abstract StatementTimes Statements { get; }

    /// <summary>Runs <paramref name="work"/> in one write transaction and returns after its commit. On SQLite it shares the commit with whatever else is waiting.</summary>
    /// <param name="name">Name of the work, for errors and traces.</param>
    /// <param name="work">Synchronous and short (on SQLite at most 1 s). Run again from its start when the whole group had to be; so no effects outside the transaction but by <see cref="Transaction.OnCommit"/>.</param>
    /// <param name="stop">Gives up waiting; work that has begun is finished.</param>
    public abstract Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default);

    /// <summary>The same without the limit of 1 s, for changes of configuration that must be whole (a device file, a migration). Other writers wait meanwhile.</summary>
    public abstract Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default);

    /// <summary>
    /// The same for a loop that has a thread of its own, and brief: on PostgreSQL no statement and no pause between two may take longer than 3 s. For fenced
    /// writes, which keep a node from being declared dead while they last.
    /// </summary>
    public abstract T Write<T>(string name, Func<Transaction, T> work);

    /// <summary>
    /// The same for what may be undone, whole and with all that follows it, when the machine loses its power: what a process says of itself that would end with it. On
    /// SQLite its commit need not wait for the disk; a process that is killed loses nothing. PostgreSQL, which may go while the process stays, makes no difference.
    /// </summary>
    public virtual T WriteUnflushed<T>(string name, Func<Transaction, T> work) => Write(name, work);

    /// <summary>A brief write, for a loop without a thread of its own.</summary>
    public Task<T> WriteBrieflyAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => OwnThread.RunAsync(() => Write(name, work), stop);

    /// <summary>Runs one statement that is its own transaction, in one round trip: for what a node says of itself all the time.</summary>
    public abstract T Tell<T>(string name, Func<Transaction, T> statement);

    /// <summary>
    /// Runs one small query without a transaction around it, in one round trip: for what is asked all the time. Several statements may see several moments.
    /// </summary>
    public abstract Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default);

    /// <summary>Runs read-only <paramref name="work"/> on one consistent snapshot.</summary>
    public abstract Task<T> ReadAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default);

    /// <summary>The same with 5 minutes for each statement instead of 30 s, for what reads the whole ledger.</summary>
    public abstract Task<T> ReadLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default);

    /// <summary>Measures the clock's offset now; true when time stepped by more than <see cref="DatabaseClock.StepLimit"/>.</summary>
    public abstract Task<ClockReading> MeasureClockAsync(CancellationToken stop = default);

    /// <summary>Runs write work that yields nothing.</summary>
    public Task WriteAsync(string name, Action<Transaction> work, CancellationToken stop = default) =>
        WriteAsync(name, tx => { work(tx); return true; }, stop);

    /// <inheritdoc/>
    public abstract ValueTask DisposeAsync();
}
