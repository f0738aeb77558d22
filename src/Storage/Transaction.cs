using System.Data.Common;
using Dapper;

namespace Rondo.Storage;

/// <summary>
/// What a store works with: a connection inside a transaction that its <see cref="Database"/> opened and will commit or roll back.
/// Stores are written once against it, synchronously: on SQLite the work runs on the write lane, on PostgreSQL on a thread
/// of its own (docs/decisions/0009-threads.md).
/// </summary>
public abstract class Transaction
{
    private List<Action>? _onCommit;

    static Transaction() => Mapping.Register();

    /// <summary>Dialect of the database behind it.</summary>
    public abstract Dialect Dialect { get; }

    /// <summary>Database time now. It goes on while the work lasts: take it once where two values must agree.</summary>
    public abstract Instant Now { get; }

    /// <summary>In whose name it is done, as it was when the work was handed over; null for nobody's. What is written down for somebody says so.</summary>
    public TraceContext? Trace { get; internal init; }

    internal abstract DbConnection Connection { get; }

    internal abstract DbTransaction? Inner { get; }

    /// <summary>How long statements take.</summary>
    internal abstract StatementTimes Times { get; }

    /// <summary>Name of the work.</summary>
    internal abstract string Work { get; }

    /// <summary>All rows of a query.</summary>
    public List<T> Query<T>(Sql sql, object? args = null)
    {
        using var run = Run(sql.Name);
        return Connection.Query<T>(sql.For(Dialect), args, Inner, buffered: true).AsList();
    }

    /// <summary>The rows of a query one by one, for results that are too large to hold. To be read to its end before the next statement.</summary>
    public IEnumerable<T> Stream<T>(Sql sql, object? args = null)
    {
        using var run = Run(sql.Name);
        foreach (var row in Connection.Query<T>(sql.For(Dialect), args, Inner, buffered: false))
        {
            yield return row;
        }
    }

    /// <summary>The first row, or default.</summary>
    public T? First<T>(Sql sql, object? args = null)
    {
        using var run = Run(sql.Name);
        return Connection.QueryFirstOrDefault<T>(sql.For(Dialect), args, Inner);
    }

    /// <summary>Runs a statement, once per element when <paramref name="args"/> is a sequence; returns the rows it touched.</summary>
    public int Execute(Sql sql, object? args = null)
    {
        using var run = Run(sql.Name);
        return Connection.Execute(sql.For(Dialect), args, Inner);
    }

    /// <summary>Times a statement that is sent past these methods, from here until it is disposed.</summary>
    /// <param name="name">Its name, one of few.</param>
    public StatementRun Run(string name) => new(this, name);

    /// <summary>Runs <paramref name="action"/> after the commit, never when it fails: commit first, then publish.</summary>
    public void OnCommit(Action action) => (_onCommit ??= []).Add(action);

    internal virtual void Began(string statement, long at)
    {
        // Nobody watches, but where others can be in the way.
    }

    internal virtual void Ended(string statement, long began) => Times.Add(statement, began, Work);

    internal void Committed()
    {
        if (_onCommit is null)
        {
            return;
        }

        foreach (var action in _onCommit)
        {
            action();
        }
    }
}
