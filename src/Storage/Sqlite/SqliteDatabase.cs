using System.Collections.Concurrent;
using Microsoft.Data.Sqlite;

namespace Rondo.Storage.Sqlite;

/// <summary>Embedded SQLite: one write lane, a few readers, and for a server the lock on <c>PATH.lock</c>.</summary>
public sealed class SqliteDatabase : Database
{
    private const int Readers = 4;

    // Beside those: what is asked all the time (was access revoked?) must not wait behind four exports.
    private const int Askers = 2;
    private readonly TimeProvider _time;
    private readonly string _path;
    private readonly ServerLock? _lock;
    private readonly SqliteLane _lane;
    private readonly SemaphoreSlim _readers = new(Readers);
    private readonly SemaphoreSlim _askers = new(Askers);
    private readonly ConcurrentBag<SqliteLink> _idle = [];

    /// <summary>Opens the file, creating it when it does not exist.</summary>
    /// <exception cref="StorageFault">It cannot be opened, or another server holds it.</exception>
    public SqliteDatabase(DatabaseAddress address, DatabaseUse use, TimeProvider time)
    {
        Address = address;
        _time = time;
        Clock = new DatabaseClock(time);
        Statements = new StatementTimes(time);
        try
        {
            _path = DatabaseFile.Resolve(address.Target);
            DatabaseFile.RefuseHardLinks(_path);
            _lock = use == DatabaseUse.Server ? ServerLock.Take(_path) : null;
            _lane = new SqliteLane(_path, time, Clock, Statements);
        }
        catch (SqliteException fault)
        {
            _lock?.Dispose();
            throw SqliteFaults.Classify(fault, "open", address.Target);
        }
        catch (Exception fault) when (fault is DirectoryNotFoundException or UnauthorizedAccessException)
        {
            throw new StorageFault(StorageFaultKind.Misuse, $"open: {address.Target} cannot be opened ({fault.Message}). Does its folder exist, and may this user write there?", fault);
        }
    }

    /// <inheritdoc/>
    public override DatabaseAddress Address { get; }

    /// <inheritdoc/>
    public override Dialect Dialect => Dialect.Sqlite;

    /// <inheritdoc/>
    public override DatabaseClock Clock { get; }

    /// <inheritdoc/>
    public override StatementTimes Statements { get; }

    /// <summary>The pid of the server that holds <paramref name="address"/> now, or null.</summary>
    public static string? ServerPid(DatabaseAddress address) => ServerLock.HolderPid(DatabaseFile.Resolve(address.Target));

    /// <inheritdoc/>
    public override Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        _lane.Post(name, work, unbounded: false, stop);

    /// <inheritdoc/>
    public override T Write<T>(string name, Func<Transaction, T> work) => _lane.Write(name, work);

    /// <inheritdoc/>
    public override T WriteUnflushed<T>(string name, Func<Transaction, T> work) => _lane.Write(name, work, isFlushed: false);

    /// <inheritdoc/>
    public override T Tell<T>(string name, Func<Transaction, T> statement) => Write(name, statement);

    /// <inheritdoc/>
    public override Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default) => ReadAsync(_askers, name, query, stop);

    /// <inheritdoc/>
    /// <remarks>A read of a file has no limit of time.</remarks>
    public override Task<T> ReadLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => ReadAsync(name, work, stop);

    /// <inheritdoc/>
    public override Task<T> ReadAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) => ReadAsync(_readers, name, work, stop);

    /// <inheritdoc/>
    public override Task<ClockReading> MeasureClockAsync(CancellationToken stop = default)
    {
        // The file has no clock of its own: the machine's wall clock is the database clock.
        var sent = _time.GetTimestamp();
        var now = Instant.From(_time.GetUtcNow());
        return Task.FromResult(Clock.Adjust(now, sent, _time.GetTimestamp()));
    }

    /// <inheritdoc/>
    public override Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        _lane.Post(name, work, unbounded: true, stop);

    /// <inheritdoc/>
    public override ValueTask DisposeAsync()
    {
        _lane.Dispose();
        while (_idle.TryTake(out var link))
        {
            link.Dispose();
        }

        _readers.Dispose();
        _askers.Dispose();
        _lock?.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<T> ReadAsync<T>(SemaphoreSlim seats, string name, Func<Transaction, T> work, CancellationToken stop)
    {
        await seats.WaitAsync(stop).ConfigureAwait(false);
        try
        {
            return await OwnThread.RunAsync(() => Read(name, work), stop).ConfigureAwait(false);
        }
        finally
        {
            seats.Release();
        }
    }

    private T Read<T>(string name, Func<Transaction, T> work)
    {
        try
        {
            if (!_idle.TryTake(out var link))
            {
                link = new SqliteLink(_path, readOnly: true, Statements);
            }

            try
            {
                link.Execute("BEGIN");
                var result = work(new SqliteWork(link, Clock, name));
                link.Execute("COMMIT");
                _idle.Add(link);
                return result;
            }
            catch
            {
                // A failed read leaves a connection in an unknown state; the next one gets a fresh one.
                link.Dispose();
                throw;
            }
        }
        catch (SqliteException fault)
        {
            throw SqliteFaults.Classify(fault, name, Address.Target);
        }
    }
}
