namespace Rondo.Storage.Postgres;

/// <summary>The SQL that asks who blocks whom.</summary>
internal static class BlockerStore
{
    /// <summary>Name of its statements.</summary>
    public const string Name = "database.blockers";

    // A prepared transaction has no session: its pid is 0.
    private const string Columns = """
        x.pid as pid, coalesce(b.application_name, '') as application, coalesce(b.usename, '') as user_name, coalesce(b.state, '') as state, coalesce(b.query, '') as query,
          cast(extract(epoch from clock_timestamp() - b.xact_start) as double precision) as age_s
        """;

    private static readonly Sql _byPid = new(Name, $"""
        select w.pid as waiting, '' as statement, {Columns}
        from unnest(@pids) as w (pid) cross join lateral unnest(pg_blocking_pids(w.pid)) as x (pid) left join pg_stat_activity b on b.pid = x.pid
        """);

    // Behind a pooler nobody knows which session is whose. What each of ours runs begins with the statement's name.
    private static readonly Sql _byName = new(Name, $"""
        select w.pid as waiting, w.query as statement, {Columns}
        from pg_stat_activity w cross join lateral unnest(pg_blocking_pids(w.pid)) as x (pid) left join pg_stat_activity b on b.pid = x.pid
        where w.datname = current_database() and w.wait_event_type = 'Lock' and w.query like any (@marks)
        """);

    public static List<BlockerRow> Read(Transaction tx, int[] pids) => tx.Query<BlockerRow>(_byPid, new { pids });

    public static List<BlockerRow> Read(Transaction tx, string[] statements)
    {
        var rows = tx.Query<BlockerRow>(_byName, new { marks = statements.Select(s => Sql.Mark(s) + "%").ToArray() });
        rows.ForEach(row => row.Statement = Sql.NameIn(row.Statement) ?? "");
        return rows;
    }
}
