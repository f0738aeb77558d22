using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>
/// PostgreSQL 15 or newer, also behind PgBouncer 1.18 in transaction mode. Fenced writes have a small pool of their own, so that nothing else can
/// starve them. Whatever is set or locked lasts as long as its transaction.
/// </summary>
public sealed class PostgresDatabase : Database
{
    private const string Limits = "set local statement_timeout = '30s'; set local idle_in_transaction_session_timeout = '30s'; set local lock_timeout = '10s'";
    private const string BriefLimits = "set local statement_timeout = '3s'; set local idle_in_transaction_session_timeout = '3s'; set local lock_timeout = '2s'";
    private const string ReadOnly = "set transaction read only; ";
    private const string LongLimits = "set local statement_timeout = '5min'; set local idle_in_transaction_session_timeout = '5min'; set local lock_timeout = '1min'";
    private const string Pid = "; select pg_backend_pid()";

    // Statements of a few milliseconds that the planner believes to be large are not worth compiling, which takes some hundred.
    private const string Begins = "set jit = off";

    // For statements that are sent all the time and find what they want by an index, whatever the planner believes of tables that fill and empty between its looks.
    private const string ByIndex = "; set enable_seqscan = off; set plan_cache_mode = force_generic_plan";
    private const int PoolSize = 16;
    private const int ControlSize = 6;
    private const int AloneSize = 6;
    private readonly string _name;
    private readonly TimeProvider _time;
    private readonly NpgsqlDataSource _pool;
    private readonly NpgsqlDataSource _control;
    private readonly NpgsqlDataSource _alone;

    /// <summary>Prepares the pools; the first connection is made by the first use.</summary>
    public PostgresDatabase(DatabaseAddress address, DatabaseUse use, TimeProvider time)
    {
        Address = address;
        _time = time;
        Clock = new DatabaseClock(time);
        Statements = new StatementTimes(time);
        _name = use == DatabaseUse.Server ? $"rondo-{Session}" : "rondo-command";
        _pool = Source(address, $"{_name}-pool", PoolSize, _ => { });
        _control = Source(address, $"{_name}-control", ControlSize, Brief);
        _alone = Source(address, $"{_name}-alone", AloneSize, Brief, ByIndex);
    }

    /// <inheritdoc/>
    public override DatabaseAddress Address { get; }

    /// <inheritdoc/>
    public override Dialect Dialect => Dialect.Postgres;

    /// <inheritdoc/>
    public override DatabaseClock Clock { get; }

    /// <inheritdoc/>
    public override StatementTimes Statements { get; }

    /// <summary>What runs on the server now.</summary>
    internal Flights Flights { get; } = new(PoolSize + ControlSize + AloneSize);

    /// <inheritdoc/>
    public override Task<T> WriteAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => Run(_pool, name, work), stop);

    /// <inheritdoc/>
    public override Task<T> WriteLongAsync<T>(string name, Func<Transaction, T> work, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => Run(_pool, name, work, limits: LongLimits), stop);

    /// <inheritdoc/>
    public override T Write<T>(string name, Func<Transaction, T> work) => Run(_control, name, work, limits: BriefLimits);

    /// <inheritdoc/>
    public override T Tell<T>(string name, Func<Transaction, T> statement) => RunAlone(_alone, name, statement);

    /// <inheritdoc/>
    public override Task<T> AskAsync<T>(string name, Func<Transaction, T> query, CancellationToken stop = default) =>
        OwnThread.RunAsync(() => RunAlone(_control, name, query), stop);

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
            if (Address.IsBehindPgBouncer)
            {
                // The first one may wait until there is a session for it, which is no part of the time on the way.
                await command.ExecuteScalarAsync(stop).ConfigureAwait(false);
            }
            else
            {
                await command.PrepareAsync(stop).ConfigureAwait(false);
            }

            var sent = _time.GetTimestamp();
            var now = (DateTime)(await command.ExecuteScalarAsync(stop).ConfigureAwait(false))!;
            return Clock.Adjust(Instant.From(now), sent, _time.GetTimestamp());
        }
        catch (Exception fault) when (PostgresFaults.IsProviders(fault))
        {
            throw PostgresFaults.Classify(fault, "connect", Address);
        }
    }

    /// <summary>Hears what is told on <paramref name="channel"/> (NOTIFY) by any session of this database, on a connection of its own.</summary>
    /// <param name="channel">An identifier.</param>
    /// <param name="heard">Gets each payload, on the thread that reads: it must not block and not throw.</param>
    /// <exception cref="StorageFault">Not now; or never, behind a PgBouncer, where nobody listens to a session that is shared.</exception>
    public PostgresListener Listen(string channel, Action<string> heard)
    {
        if (Address.IsBehindPgBouncer)
        {
            throw new StorageFault(StorageFaultKind.Misuse, $"listen: behind PgBouncer ({Address}) there is no session to listen in.");
        }

        var settings = Settings(Address, $"{_name}-listen");
        settings.Pooling = false;
        settings.TcpKeepAlive = true;
        Brief(settings);
        return PostgresListener.Open(settings.ConnectionString, Address, channel, heard);
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await _pool.DisposeAsync().ConfigureAwait(false);
        await _control.DisposeAsync().ConfigureAwait(false);
        await _alone.DisposeAsync().ConfigureAwait(false);
    }

    // What runs there ends within 3 s at the server; should that be out of reach, waiting for it ends here a moment later. The driver then connects
    // anew to have the server cancel the statement, and waits for that as for any connection: 6 s together, less than after what a loop is called stuck.
    private static void Brief(NpgsqlConnectionStringBuilder settings)
    {
        settings.CommandTimeout = 4;
        settings.CancellationTimeout = -1;
        settings.Timeout = Math.Min(settings.Timeout, 2);
    }

    private static NpgsqlConnectionStringBuilder Settings(DatabaseAddress address, string name)
    {
        var settings = new NpgsqlConnectionStringBuilder(address.Target);
        if (!address.Target.Contains("Timeout=", StringComparison.OrdinalIgnoreCase))
        {
            settings.Timeout = 5;
        }

        if (!address.Target.Contains("GSS", StringComparison.OrdinalIgnoreCase))
        {
            // The driver's default tries it before everything else, which doubles every wait for a server that does not answer.
            settings.GssEncryptionMode = GssEncryptionMode.Disable;
        }

        settings.ApplicationName ??= name;
        return settings;
    }

    private static NpgsqlDataSource Source(DatabaseAddress address, string name, int size, Action<NpgsqlConnectionStringBuilder> adjust, string? forGood = null)
    {
        var settings = Settings(address, name);
        settings.MaxPoolSize = size;
        settings.MaxAutoPrepare = 64;
        settings.AutoPrepareMinUsages = 3;

        // Nothing outlives its transaction, so there is nothing to reset when a connection is used again. Npgsql sends seven statements for it, before each
        // transaction and before each single question: most of what an idle node said. Behind PgBouncer they would discard what is another one's by then.
        settings.NoResetOnClose = true;
        adjust(settings);
        if (address.IsBehindPgBouncer)
        {
            // The session that a connection has now is another one's in a moment: nothing of ours may stay in it.
            settings.MaxAutoPrepare = 0;
        }

        var source = new NpgsqlDataSourceBuilder(settings.ConnectionString);

        // The driver would ask each server for all of its types first. What Rondo uses are types that every server has, by the same numbers.
        source.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
        if (!address.IsBehindPgBouncer)
        {
            source.UsePhysicalConnectionInitializer(link => Begin(link, address, forGood), link => BeginAsync(link, address, forGood));
        }

        return source.Build();
    }

    private static void Begin(NpgsqlConnection link, DatabaseAddress address, string? forGood)
    {
        using var command = new NpgsqlCommand(Begins + forGood + Pid, link);
        RequireOwnSession(link, (int)command.ExecuteScalar()!, address);
    }

    private static async Task BeginAsync(NpgsqlConnection link, DatabaseAddress address, string? forGood)
    {
        await using var command = new NpgsqlCommand(Begins + forGood + Pid, link);
        RequireOwnSession(link, (int)(await command.ExecuteScalarAsync().ConfigureAwait(false))!, address);
    }

    /// <summary>
    /// A pooler gives its clients a process id of its own making. Without knowing of it, a statement prepared in one session would be looked for in
    /// another, where the same name may be another statement: that must not be found out by what it does.
    /// </summary>
    private static void RequireOwnSession(NpgsqlConnection link, int pid, DatabaseAddress address)
    {
        if (link.ProcessID != pid)
        {
            throw PostgresFaults.Pooled("connect", "the session that answers is not the one that was opened", address);
        }
    }

    private T RunAlone<T>(NpgsqlDataSource source, string name, Func<Transaction, T> work)
    {
        Flight? flight = null;
        try
        {
            using var link = source.OpenConnection();
            flight = Flights.Take(Address.IsBehindPgBouncer ? 0 : link.ProcessID);
            return work(new PostgresWork(link, null, Clock, Statements, name, flight, isByIndex: source == _alone && !Address.IsBehindPgBouncer));
        }
        catch (Exception fault) when (PostgresFaults.IsProviders(fault))
        {
            throw PostgresFaults.Classify(fault, name, Address);
        }
        finally
        {
            flight?.GiveBack();
        }
    }

    private T Run<T>(NpgsqlDataSource source, string name, Func<Transaction, T> work, System.Data.IsolationLevel level = System.Data.IsolationLevel.ReadCommitted, string limits = Limits)
    {
        // A deadlock or a serialisation failure undid everything: the same work may simply run again.
        for (var attempt = 1; ; attempt++)
        {
            PostgresWork tx;
            T result;
            Flight? flight = null;
            try
            {
                using var link = source.OpenConnection();
                flight = Flights.Take(Address.IsBehindPgBouncer ? 0 : link.ProcessID);
                using var inner = link.BeginTransaction(level);
                using (var settings = new NpgsqlCommand(limits, link, inner))
                {
                    settings.ExecuteNonQuery();
                }

                tx = new PostgresWork(link, inner, Clock, Statements, name, flight) { Trace = TraceContext.Current };
                result = work(tx);
                using (tx.Run("commit"))
                {
                    inner.Commit();
                }
            }
            catch (PostgresException fault) when (fault.SqlState is "40001" or "40P01" && attempt < 4)
            {
                continue;
            }
            catch (Exception fault) when (PostgresFaults.IsProviders(fault))
            {
                throw PostgresFaults.Classify(fault, name, Address);
            }
            finally
            {
                flight?.GiveBack();
            }

            tx.Committed();
            return result;
        }
    }
}
