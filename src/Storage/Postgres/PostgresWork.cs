using System.Data.Common;
using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>One PostgreSQL transaction, or a connection on which each statement is its own.</summary>
public sealed class PostgresWork : Transaction
{
    private readonly DatabaseClock _clock;

    internal PostgresWork(NpgsqlConnection link, NpgsqlTransaction? inner, DatabaseClock clock, bool isByIndex = false)
    {
        Link = link;
        Inner = inner;
        _clock = clock;
        IsByIndex = isByIndex;
    }

    /// <inheritdoc/>
    public override Instant Now => _clock.Now;

    /// <inheritdoc/>
    public override Dialect Dialect => Dialect.Postgres;

    /// <summary>The connection, for hot paths that bind arrays themselves.</summary>
    public NpgsqlConnection Link { get; }

    /// <summary>True when each statement, or batch of statements, is a transaction of its own.</summary>
    public bool IsEachItsOwn => Inner is null;

    /// <summary>True when the planner reads no table from its beginning to its end where an index leads to the rows, and plans each prepared statement once.</summary>
    public bool IsByIndex { get; }

    internal override DbConnection Connection => Link;

    internal override DbTransaction? Inner { get; }
}
