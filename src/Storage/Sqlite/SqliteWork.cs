using System.Data.Common;
using Microsoft.Data.Sqlite;

namespace Rondo.Storage.Sqlite;

/// <summary>A savepoint on the write lane, or a snapshot of a reader.</summary>
public sealed class SqliteWork : Transaction
{
    private readonly SqliteLink _link;
    private readonly DatabaseClock _clock;

    internal SqliteWork(SqliteLink link, DatabaseClock clock, string work)
    {
        _link = link;
        _clock = clock;
        Work = work;
        link.Work = work;
    }

    /// <inheritdoc/>
    public override Instant Now => _clock.Now;

    /// <inheritdoc/>
    public override Dialect Dialect => Dialect.Sqlite;

    internal override DbConnection Connection => _link.Connection;

    internal override DbTransaction? Inner => null;

    internal override StatementTimes Times => _link.Times;

    internal override string Work { get; }

    internal RawStatement Prepare(string text) => new(_link.Handle, text);

    /// <summary>The prepared form of <paramref name="sql"/>, kept for the life of the connection.</summary>
    public RawStatement Prepared(Sql sql) => _link.Prepared(sql);
}

/// <summary>One SQLite connection with its prepared statements. Transactions are begun with plain statements: ADO.NET's own objects would cost more than the rows.</summary>
internal sealed class SqliteLink : IDisposable
{
    private readonly Dictionary<Sql, RawStatement> _prepared = [];
    private readonly Dictionary<string, RawStatement> _control = [];

    public SqliteLink(string path, bool readOnly, StatementTimes times)
    {
        Times = times;
        SQLitePCL.Batteries_V2.Init();
        Connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = path,
            Pooling = false,
            Mode = SqliteOpenMode.ReadWriteCreate,
            DefaultTimeout = 30,
        }.ToString());
        Connection.Open();
        Handle = Connection.Handle!;

        // For the rare waits inside a statement (recovery, a checkpoint's last step); waiting for the write lock is the lane's own affair.
        SQLitePCL.raw.sqlite3_busy_timeout(Handle, 5_000);

        // Otherwise a statement whose values might change its plan is compiled anew each time they are bound, which takes ten times as long as a claim.
        SqliteFaults.Check(Handle, SQLitePCL.raw.sqlite3_db_config(Handle, SQLitePCL.raw.SQLITE_DBCONFIG_ENABLE_QPSG, 1, out _));
        Execute("PRAGMA foreign_keys=ON");

        // Savepoints and sorts of a few rows are not worth a temporary file each.
        Execute("PRAGMA temp_store=MEMORY");
        if (readOnly)
        {
            Execute("PRAGMA query_only=ON");

            // A look at the newest values of a thousand series touches a page of each; the usual 2 MB hold half of them.
            Execute("PRAGMA cache_size=-8192");
        }
        else
        {
            Execute("PRAGMA journal_mode=WAL");
            Execute("PRAGMA synchronous=FULL");
            Execute("PRAGMA cache_size=-65536");
            Execute("PRAGMA wal_autocheckpoint=4000");
            Execute("PRAGMA journal_size_limit=67108864");
        }
    }

    public StatementTimes Times { get; }

    /// <summary>Name of the work that uses it now.</summary>
    public string Work { get; set; } = "";

    public SqliteConnection Connection { get; }

    public SQLitePCL.sqlite3 Handle { get; }

    public void Execute(string text)
    {
        if (!_control.TryGetValue(text, out var statement))
        {
            statement = new RawStatement(Handle, text);
            _control.Add(text, statement);
        }

        statement.Execute();
    }

    public RawStatement Prepared(Sql sql)
    {
        if (!_prepared.TryGetValue(sql, out var statement))
        {
            statement = new RawStatement(this, sql);
            _prepared.Add(sql, statement);
        }

        return statement;
    }

    public void Dispose()
    {
        foreach (var statement in _prepared.Values.Concat(_control.Values))
        {
            statement.Dispose();
        }

        Connection.Dispose();
    }
}
