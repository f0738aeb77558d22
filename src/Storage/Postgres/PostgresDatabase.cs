using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>PostgreSQL 15 or newer. Fenced writes have a small pool of their own, so that nothing else can starve them.</summary>
public sealed class PostgresDatabase : Database
{
    private const string Limits = "set local statement_timeout = '30s'; set local idle_in_transaction_session_timeout = '30s'; set local lock_timeout = '10s'";
    private const string BriefLimits = "set local statement_timeout = '3s'; set local idle_in_transaction_session_timeout = '3s'; set local lock_timeout = '2s'";
    private const string ReadOnly = "set transaction read only; ";
    private const string LongLimits = "set local statement_timeout = '5min'; set local idle_in_transaction_session_timeout = '5min'; set local lock_timeout = '1min'";
    private readonly TimeProvider _time;
    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _control;

    /// <summary>Prepares the pools; the first connection is made by the first use.</summary>
    public PostgresDatabase(DatabaseAddress address, DatabaseUse use, TimeProvider time)
    {
        Address = address;
        _time = time;
        Clock = new DatabaseClock(time);
        var name = use == DatabaseUse.Server ? $"rondo-{Session}" : "rondo-command";
        _pool = Source(address, $"{name}-pool", 16, _ => { });

        // What runs here ends within 3 s at the server; should that be out of reach, waiting for it ends here a moment later.
        _control = Source(address, $"{name}-control", 6, settings =>
        {
            settings.CommandTimeout = 4;
            settings.CancellationTimeout = -1;
            settings.Timeout = Math.Min(settings.Timeout, 3);
        });
    }

    /// <inheritdoc/>
    public override DatabaseAddress Address { get; }

    /// <inheritdoc/>
    public override Dialect Dialect => Dialect.Postgres;

    /// <inheritdoc/>
    public override DatabaseClock Clock { get; }

    /// <inheritdoc/>
    public override Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => Run(_pool, name, work), stop);

    /// <inheritdoc/>
    public override Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => Run(_pool, name, work, limits: LongLimits), stop);

    /// <inheritdoc/>
    public override T Write<T>(string name, Func<Transaction, T> work) => Run(_control, name, work, limits: BriefLimits);

    /// <inheritdoc/>
    public override T Tell<T>(string name, Func<Transaction, T> statement) => RunAlone(name, statement);

    /// <inheritdoc/>
    public override Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => RunAlone(name, query), stop);

    /// <inheritdoc/>
    public override Task<T> ReadAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => Run(_pool, name, work, System.Data.IsolationLevel.RepeatableRead, ReadOnly + Limits), stop);

    /// <inheritdoc/>
    public override Task<T> ReadLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => Run(_pool, name, work, System.Data.IsolationLevel.RepeatableRead, ReadOnly + LongLimits), stop);

    /// <inheritdoc/>
    public override async Task<ClockReading> MeasureClockAsync(CancellationToken stop = default)
    {
        try
        {
            await using var link = await _control.OpenConnectionAsync(stop).ConfigureAwait(false);
            await using var command = new NpgsqlCommand("select clock_timestamp()", link);
            await command.PrepareAsync(stop).ConfigureAwait(false);
            var sent = _time.GetTimestamp();
            var now = (DateTime)(await command.ExecuteScalarAsync(stop).ConfigureAwait(false))!;
            return Clock.Adjust(Instant.From(now), sent, _time.GetTimestamp());
        }
        catch (Exception fault) when (PostgresFaults.IsProviders(fault))
        {
            throw PostgresFaults.Classify(fault, "connect", Address);
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _control.DisposeAsync().ConfigureAwait(false);
    }

    private static NpgsqlDataSource Source(DatabaseAddress address, string name, int size, Action<NpgsqlConnectionStringBuilder> adjust)
    {
        var settings = new NpgsqlConnectionStringBuilder(address.Target) { MaxPoolSize = size };
        if (!address.Target.Contains("Timeout=", StringComparison.OrdinalIgnoreCase))
        {
            settings.Timeout = 5;
        }

        settings.ApplicationName ??= name;
        settings.MaxAutoPrepare = 64;
        settings.AutoPrepareMinUsages = 3;
        adjust(settings);
        return NpgsqlDataSource.Create(settings);
    }

    private T RunAlone<T>(string name, Func<Transaction, T> work)
    {
        try
        {
            using var link = _control.OpenConnection();
            return work(new PostgresWork(link, null, Clock));
        }
        catch (Exception fault) when (PostgresFaults.IsProviders(fault))
        {
            throw PostgresFaults.Classify(fault, name, Address);
        }
    }

    private T Run<T>(NpgsqlDataSource source, string name, Func<Transaction, T> work, System.Data.IsolationLevel level = System.Data.IsolationLevel.ReadCommitted, string limits = Limits)
    {
        // A deadlock or a serialisation failure undid everything: the same work may simply run again.
        for (var attempt = 1; ; attempt++)
        {
            PostgresWork tx;
            T result;
            try
            {
                using var link = source.OpenConnection();
                using var inner = link.BeginTransaction(level);
                using (var settings = new NpgsqlCommand(limits, link, inner))
                {
                    settings.ExecuteNonQuery();
                }

                tx = new PostgresWork(link, inner, Clock);
                result = work(tx);
                inner.Commit();
            }
            catch (PostgresException fault) when (fault.SqlState is "40001" or "40P01" && attempt < 4)
            {
                continue;
            }
            catch (Exception fault) when (PostgresFaults.IsProviders(fault))
            {
                throw PostgresFaults.Classify(fault, name, Address);
            }

            tx.Committed();
            return result;
        }
    }
}
