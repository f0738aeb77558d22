using System.Data.Common;
using Npgsql;

namespace Rondo.Storage.Postgres;

/// <summary>One PostgreSQL transaction, or a connection on which each statement is its own.</summary>
public sealed class PostgresWork : Transaction
{
    private readonly DatabaseClock _clock;
    private readonly Flight? _flight;

    internal PostgresWork(NpgsqlConnection link, NpgsqlTransaction? inner, DatabaseClock clock, StatementTimes times, string work, Flight? flight, bool isByIndex = false)
    {
        (Times, Work, _flight) = (times, work, flight);
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

    internal override StatementTimes Times { get; }

    internal override string Work { get; }

    internal override void Began(string statement, long at) => _flight?.Begin(statement, at);

    internal override void Ended(string statement, long began)
    {
        _flight?.End();
        if (Times.Count(Times.ByName[statement], began, out var took))
        {
            Times.Tell(statement, Work, took, _flight?.Blocker(began));
        }
    }
}
