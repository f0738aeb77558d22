using Npgsql;

namespace Rondo.Bench;

/// <summary>
/// What a database is asked, counted by the server (pg_stat_statements): every statement that arrived, also BEGIN, COMMIT, SET and what a driver sends of its own
/// accord. It asks from another database of the same server, so its own questions are not among them.
/// </summary>
internal sealed class StatementCounts : IAsyncDisposable
{
    private readonly NpgsqlConnection _link;
    private readonly string _database;

    private StatementCounts(NpgsqlConnection link, string database)
    {
        _link = link;
        _database = database;
    }

    public static async Task<StatementCounts> OpenAsync(string database)
    {
        var counts = new StatementCounts(await BenchDatabase.OpenBesideAsync(), database);
        await counts.RunAsync("create extension if not exists pg_stat_statements");
        return counts;
    }

    /// <summary>Counts from now on.</summary>
    public Task ResetAsync() =>
        RunAsync("select pg_stat_statements_reset(0, oid, 0) from pg_database where datname = $1", _database);

    /// <summary>What arrived since, the most frequent first.</summary>
    public async Task<List<StatementCount>> ReadAsync()
    {
        var counts = new List<StatementCount>();
        await using var ask = Command(
            """
            select query, sum(calls)::bigint, sum(total_exec_time)::float8 from pg_stat_statements
            where dbid = (select oid from pg_database where datname = $1) group by query order by 2 desc, 1
            """,
            _database);
        await using var rows = await ask.ExecuteReaderAsync();
        while (await rows.ReadAsync())
        {
            counts.Add(new StatementCount(StatementNames.Of(rows.GetString(0)), rows.GetInt64(1), rows.GetDouble(2)));
        }

        return counts;
    }

    /// <summary>Transactions of the database so far, explicit or not, as far as its sessions have told: one that touches no table does not. Autovacuum's are among them.</summary>
    public async Task<long> TransactionsAsync()
    {
        await using var ask = Command("select xact_commit + xact_rollback from pg_stat_database where datname = $1", _database);
        return (long)(await ask.ExecuteScalarAsync())!;
    }

    public ValueTask DisposeAsync() => _link.DisposeAsync();

    private async Task RunAsync(string text, params string[] values)
    {
        await using var command = Command(text, values);
        await command.ExecuteNonQueryAsync();
    }

    private NpgsqlCommand Command(string text, params string[] values)
    {
        var command = new NpgsqlCommand(text, _link);
        foreach (var value in values)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        return command;
    }
}

/// <summary>How often one statement arrived, and how long the server worked on it.</summary>
/// <param name="Name">Name of the statement in the product, or its text where it has none.</param>
/// <param name="Calls">How often.</param>
/// <param name="Milliseconds">Time of all of them.</param>
internal sealed record StatementCount(string Name, long Calls, double Milliseconds);
