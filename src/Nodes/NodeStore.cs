using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>The SQL of nodes, and only the SQL.</summary>
internal static class NodeStore
{
    private const string Columns = """
        node.id, host, place, pid, pid_started, roles, version, state, started_at, ended_at, seen_revision, session, takes_work, is_draining,
          expires_at, clock_offset_us, progress_at
        """;

    private const string Renewal = """
        update node_lease set expires_at = @until, clock_offset_us = @offset, progress_at = @progress
        where id = @id and exists (select 1 from node where node.id = @id and node.state = 'live')
        """;

    private static readonly Sql _register = new("nodes.register", """
        insert into node (id, host, place, pid, pid_started, roles, version, state, started_at, session, takes_work)
        values (@Id, @Host, @Place, @Pid, @PidStarted, @Roles, @Version, 'live', @StartedAt, @Session, @TakesWork)
        """);

    private static readonly Sql _lease = new("nodes.lease", "insert into node_lease (id, expires_at, clock_offset_us, progress_at) values (@id, @until, @offset, @progress)");

    // Renewal asks for the node's state, so that a node that was declared dead finds out here at the latest.
    private static readonly Sql _renew = new("nodes.renew", $"""
        {Renewal}
        """);

    // One statement a second for everything: it renews when that is due, and tells who else is there.
    private static readonly Sql _beat = new("nodes.beat", $"""
        with renewed as (
          {Renewal} and @renews
          returning 1
        )
        select {Columns}
        from node left join node_lease on node_lease.id = node.id
        where node.state = 'live' or node.id = @id
        """);

    // The late batch of a node and its burial meet on this row: the batch holds it for key share, the reaper wants it for update.
    private static readonly Sql _fence = new("nodes.fence", "select 1 from node where id = @id and state = 'live'{share}");

    private static readonly Sql _lock = new("nodes.lock", "select id from node where id = @id and state = 'live'{update}{skip_locked}");

    private static readonly Sql _lockPatiently = new("nodes.lock.patiently", "select id from node where id = @id and state = 'live'{update}");

    // Whatever a dead node's process still has open goes with it; only sessions of the same user may be ended, and may be found at all, behind some poolers.
    private static readonly Sql _endSessions = new("nodes.sessions.end", """
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where application_name like '%' || @session || '%' and usename = current_user and datname = current_database() and pid <> pg_backend_pid()
        """);

    private static readonly Sql _takesWork = new("nodes.takes_work", "update node set takes_work = @takes where id = @id and state = 'live'");

    private static readonly Sql _drain = new("nodes.drain", "update node set is_draining = @draining where id = @id and state = 'live'");

    private static readonly Sql _bury = new("nodes.bury", "update node set state = 'dead', ended_at = @now where id = @id and state = 'live'");

    private static readonly Sql _seen = new("nodes.seen", "update node set seen_revision = @revision where id = @id");

    private static readonly Sql _list = new("nodes.list", $"""
        select {Columns}
        from node left join node_lease on node_lease.id = node.id
        order by started_at
        """);

    private static readonly Sql _forget = new("nodes.forget", "delete from node where state = 'dead' and ended_at < @before");

    // Asked by programs that are about to change this schema, whatever state of it they meet: only columns that were there from the first migration on.
    private static readonly Sql _live = new("nodes.live", """
        select node.id, host, place, pid, pid_started, version, state, expires_at
        from node left join node_lease on node_lease.id = node.id
        where node.state = 'live'
        order by started_at
        """);

    public static List<NodeRow> Live(Transaction tx) => tx.Query<NodeRow>(_live);

    public static void Register(Transaction tx, NodeRow node, NodeReport report)
    {
        tx.Execute(_register, node);
        tx.Execute(_lease, new { id = node.Id, until = report.Until, offset = report.ClockOffsetUs, progress = report.ProgressAt });
    }

    public static bool Renew(Transaction tx, string id, NodeReport report) =>
        tx.Execute(_renew, new { id, until = report.Until, offset = report.ClockOffsetUs, progress = report.ProgressAt }) == 1;

    /// <summary>Renews when <paramref name="renews"/>; who lives, and this node whatever it is, as it was before that.</summary>
    public static List<NodeRow> Beat(Transaction tx, string id, bool renews, NodeReport report) =>
        tx.Query<NodeRow>(_beat, new { id, renews, until = report.Until, offset = report.ClockOffsetUs, progress = report.ProgressAt });

    public static bool IsLive(Transaction tx, string id) => tx.First<int?>(_fence, new { id }) is not null;

    /// <summary>Declares a node dead unless a batch of its holds it right now (then the next round will).</summary>
    public static bool Bury(Transaction tx, string id, Instant now) =>
        tx.First<string>(_lock, new { id }) is not null && tx.Execute(_bury, new { id, now }) == 1;

    /// <summary>The same, waiting for whoever holds the row as long as the transaction may.</summary>
    public static bool BuryPatiently(Transaction tx, string id, Instant now) =>
        tx.First<string>(_lockPatiently, new { id }) is not null && tx.Execute(_bury, new { id, now }) == 1;

    /// <summary>Ends the database sessions of a node, where there are such; returns how many.</summary>
    public static int EndSessions(Transaction tx, string session) =>
        tx.Dialect == Dialect.Postgres && session.Length > 0 ? tx.First<int>(_endSessions, new { session }) : 0;

    public static void TakesWork(Transaction tx, string id, bool takes) => tx.Execute(_takesWork, new { id, takes });

    public static bool Drain(Transaction tx, string id, bool draining) => tx.Execute(_drain, new { id, draining }) == 1;

    public static void Seen(Transaction tx, string id, long revision) => tx.Execute(_seen, new { id, revision });

    public static List<NodeRow> List(Transaction tx) => tx.Query<NodeRow>(_list);

    public static int Forget(Transaction tx, Instant before) => tx.Execute(_forget, new { before });
}
