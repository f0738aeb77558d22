using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>Who keeps PostgreSQL from cleaning up what was moved out of the tables of jobs. Sees what its role may see: of others' sessions that takes pg_read_all_stats.</summary>
internal static class VacuumStore
{
    // A session holds vacuum back while it has a snapshot or a number of its own. Walsenders pass on what a standby's queries hold.
    private static readonly Sql _sessions = new("jobs.vacuum.sessions", """
        select 'session' as kind, cast(pid as text) as name, pid, coalesce(application_name, '') as application, coalesce(cast(usename as text), '') as user_name,
          coalesce(state, backend_type) as state, cast(coalesce(extract(epoch from clock_timestamp() - xact_start), 0) as double precision) as age_s,
          greatest(age(backend_xmin), age(backend_xid)) as transactions, left(coalesce(query, ''), 500) as query
        from pg_stat_activity
        where pid <> pg_backend_pid() and (backend_xmin is not null or backend_xid is not null) and backend_type <> 'autovacuum worker'
          and (datname = current_database() or backend_type = 'walsender')
        order by 7 desc, 8 desc limit 20
        """);

    private static readonly Sql _prepared = new("jobs.vacuum.prepared", """
        select 'prepared' as kind, gid as name, 0 as pid, '' as application, cast(owner as text) as user_name, 'prepared' as state,
          cast(extract(epoch from clock_timestamp() - prepared) as double precision) as age_s, age(transaction) as transactions, '' as query
        from pg_prepared_xacts where database = current_database() order by prepared limit 20
        """);

    private static readonly Sql _slots = new("jobs.vacuum.slots", """
        select 'slot' as kind, cast(slot_name as text) as name, coalesce(active_pid, 0) as pid, '' as application, '' as user_name,
          case when active then 'active' else 'inactive' end as state, cast(0 as double precision) as age_s, age(xmin) as transactions, '' as query
        from pg_replication_slots where xmin is not null order by age(xmin) desc limit 20
        """);

    private static readonly Sql _dead = new("jobs.vacuum.dead", """
        select cast(coalesce(sum(n_dead_tup), 0) as bigint) from pg_stat_user_tables where schemaname = current_schema() and relname in ('job_ready', 'job_running', 'job_waiting')
        """);

    public static List<Holder> Holders(Transaction tx) => [.. tx.Query<Holder>(_sessions), .. tx.Query<Holder>(_prepared), .. tx.Query<Holder>(_slots)];

    /// <summary>Rows that are gone and not yet cleaned up, as the server counts them.</summary>
    public static long Dead(Transaction tx) => tx.First<long>(_dead);

    public sealed class Holder
    {
        /// <summary><c>session</c>, <c>prepared</c> or <c>slot</c>.</summary>
        public string Kind { get; init; } = "";

        public string Name { get; init; } = "";

        public int Pid { get; init; }

        public string Application { get; init; } = "";

        public string UserName { get; init; } = "";

        public string State { get; init; } = "";

        public double AgeS { get; init; }

        public int Transactions { get; init; }

        public string Query { get; init; } = "";
    }
}
