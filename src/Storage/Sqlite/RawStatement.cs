using System.Diagnostics.CodeAnalysis;
using Rondo.Metrics;
using SQLitePCL;

namespace Rondo.Storage.Sqlite;

/// <summary>A prepared statement of the hot path: bound and stepped without ADO.NET in between. Lives as long as its connection; used by the write lane's thread only.</summary>
public sealed class RawStatement : IDisposable
{
    private readonly sqlite3 _connection;
    private readonly sqlite3_stmt _statement;
    private readonly SqliteLink? _link;
    private readonly string _name = "";
    private readonly Timing? _timing;
    private long _began;
    private bool _isRunning;
    private bool _isTimed;
    private uint _runs;

    internal RawStatement(SqliteLink link, Sql sql)
        : this(link.Handle, sql.For(Dialect.Sqlite))
    {
        _link = link;
        _name = sql.Name;
        _timing = link.Times.ByName[sql.Name];
    }

    internal RawStatement(sqlite3 connection, string text)
    {
        _connection = connection;
        SqliteFaults.Check(connection, raw.sqlite3_prepare_v3(connection, text, raw.SQLITE_PREPARE_PERSISTENT, out _statement));
    }

    /// <summary>Binds an integer; positions start at 1.</summary>
    public void Bind(int position, long value) => SqliteFaults.Check(_connection, raw.sqlite3_bind_int64(_statement, position, value));

    /// <summary>Binds a real number.</summary>
    public void Bind(int position, double value) => SqliteFaults.Check(_connection, raw.sqlite3_bind_double(_statement, position, value));

    /// <summary>Binds UTF-8 text.</summary>
    public void BindText(int position, ReadOnlySpan<byte> utf8) => SqliteFaults.Check(_connection, raw.sqlite3_bind_text(_statement, position, utf8));

    /// <summary>Binds text, or null.</summary>
    public void Bind(int position, string? value) => SqliteFaults.Check(
        _connection,
        value is null ? raw.sqlite3_bind_null(_statement, position) : raw.sqlite3_bind_text(_statement, position, value));

    /// <summary>Binds bytes, or null.</summary>
    public void BindBlob(int position, byte[]? value) => SqliteFaults.Check(
        _connection,
        value is null ? raw.sqlite3_bind_null(_statement, position) : raw.sqlite3_bind_blob(_statement, position, value));

    /// <summary>Binds a value by its own type.</summary>
    internal void BindAny(int position, object? value)
    {
        switch (value)
        {
            case null:
                BindNull(position);
                break;
            case string text:
                Bind(position, text);
                break;
            case Instant at:
                Bind(position, at.Micros);
                break;
            case bool on:
                Bind(position, on ? 1 : 0);
                break;
            case double real:
                Bind(position, real);
                break;
            case int or long or short or byte:
                Bind(position, Convert.ToInt64(value, System.Globalization.CultureInfo.InvariantCulture));
                break;
            default:
                throw new ArgumentException($"a {value.GetType().Name} has no column type here", nameof(value));
        }
    }

    /// <summary>Binds null.</summary>
    public void BindNull(int position) => SqliteFaults.Check(_connection, raw.sqlite3_bind_null(_statement, position));

    /// <summary>Runs the statement to its end and returns how many rows it changed.</summary>
    public int Execute()
    {
        Begin();
        var code = raw.sqlite3_step(_statement);
        while (code == raw.SQLITE_ROW)
        {
            code = raw.sqlite3_step(_statement);
        }

        raw.sqlite3_reset(_statement);
        End();
        SqliteFaults.Check(_connection, code == raw.SQLITE_DONE ? raw.SQLITE_OK : code);
        return raw.sqlite3_changes(_connection);
    }

    /// <summary>Goes to the next row of a query: false after the last one, and then it can be bound again. To be read to its end.</summary>
    public bool Step()
    {
        Begin();
        var code = raw.sqlite3_step(_statement);
        if (code == raw.SQLITE_ROW)
        {
            return true;
        }

        raw.sqlite3_reset(_statement);
        End();
        SqliteFaults.Check(_connection, code == raw.SQLITE_DONE ? raw.SQLITE_OK : code);
        return false;
    }

    /// <summary>A number of the current row; columns start at 0.</summary>
    public long Int64(int column) => raw.sqlite3_column_int64(_statement, column);

    /// <summary>A real number of the current row.</summary>
    public double Double(int column) => raw.sqlite3_column_double(_statement, column);

    /// <summary>True when a column of the current row is null.</summary>
    public bool IsNull(int column) => raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL;

    /// <summary>A text of the current row as UTF-8, valid until the next step.</summary>
    public ReadOnlySpan<byte> Utf8(int column) => raw.sqlite3_column_blob(_statement, column);

    /// <summary>A text of the current row, or null.</summary>
    public string? Text(int column) =>
        raw.sqlite3_column_type(_statement, column) == raw.SQLITE_NULL ? null : raw.sqlite3_column_text(_statement, column).utf8_to_string();

    /// <inheritdoc/>
    [SuppressMessage("Usage", "CA1816", Justification = "Sealed, no finaliser.")]
    public void Dispose() => _statement.Dispose();

    private void Begin()
    {
        if (_isRunning || _link is null)
        {
            return;
        }

        // A batch runs it a thousand times, and looking at the clock twice takes a good part of what it does: the first is timed, and of the others every 16th.
        _isRunning = true;
        _isTimed = (_runs++ & 15) == 0;
        if (_isTimed)
        {
            _began = _link.Times.Now;
        }
    }

    private void End()
    {
        if (_isRunning && _isTimed)
        {
            _link!.Times.Add(_timing!, _name, _began, _link.Work);
        }

        _isRunning = false;
    }
}
