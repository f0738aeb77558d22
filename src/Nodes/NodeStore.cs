using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>The SQL of nodes, and only the SQL.</summary>
internal static class NodeStore
{
    private static readonly Sql _register = new("nodes.register", """
        insert into node (id, host, place, pid, pid_started, roles, version, state, started_at)
        values (@Id, @Host, @Place, @Pid, @PidStarted, @Roles, @Version, 'live', @StartedAt)
        """);

    private static readonly Sql _lease = new("nodes.lease", "insert into node_lease (id, expires_at) values (@id, @until)");

    // Renewal asks for the node's state, so that a node that was declared dead finds out here at the latest.
    private static readonly Sql _renew = new("nodes.renew", """
        update node_lease set expires_at = @until
        where id = @id and exists (select 1 from node where node.id = @id and node.state = 'live')
        """);

    // The late batch of a node and its burial meet on this row: the batch holds it for key share, the reaper wants it for update.
    private static readonly Sql _fence = new("nodes.fence", "select 1 from node where id = @id and state = 'live'{share}");

    private static readonly Sql _lapsed = new("nodes.lapsed", """
        select node.id from node join node_lease on node_lease.id = node.id
        where node.state = 'live' and node_lease.expires_at < @now and node.id <> @me
        """);

    private static readonly Sql _lock = new("nodes.lock", "select id from node where id = @id and state = 'live'{update}{skip_locked}");

    private static readonly Sql _bury = new("nodes.bury", "update node set state = 'dead', ended_at = @now where id = @id and state = 'live'");

    private static readonly Sql _seen = new("nodes.seen", "update node set seen_revision = @revision where id = @id");

    private static readonly Sql _list = new("nodes.list", """
        select node.id, host, place, pid, pid_started, roles, version, state, started_at, ended_at, seen_revision, expires_at
        from node left join node_lease on node_lease.id = node.id
        order by started_at
        """);

    private static readonly Sql _forget = new("nodes.forget", "delete from node where state = 'dead' and ended_at < @before");

    public static void Register(Transaction tx, NodeRow node, Instant until)
    {
        tx.Execute(_register, node);
        tx.Execute(_lease, new { id = node.Id, until });
    }

    public static bool Renew(Transaction tx, string id, Instant until) => tx.Execute(_renew, new { id, until }) == 1;

    public static bool IsLive(Transaction tx, string id) => tx.First<int?>(_fence, new { id }) is not null;

    public static List<string> Lapsed(Transaction tx, string me, Instant now) => tx.Query<string>(_lapsed, new { me, now });

    /// <summary>Declares a node dead unless a batch of its holds it right now (then the next round will).</summary>
    public static bool Bury(Transaction tx, string id, Instant now) =>
        tx.First<string>(_lock, new { id }) is not null && tx.Execute(_bury, new { id, now }) == 1;

    public static void Seen(Transaction tx, string id, long revision) => tx.Execute(_seen, new { id, revision });

    public static List<NodeRow> List(Transaction tx) => tx.Query<NodeRow>(_list);

    public static int Forget(Transaction tx, Instant before) => tx.Execute(_forget, new { before });
}

/// <summary>One row of <c>node</c> with its lease.</summary>
public sealed class NodeRow
{
    /// <summary>The incarnation.</summary>
    public string Id { get; init; } = "";

    /// <summary>Host name, for people only.</summary>
    public string Host { get; init; } = "";

    /// <summary>Identity of the kernel boot and pid namespace: two nodes of one place can look at each other's process.</summary>
    public string Place { get; init; } = "";

    /// <summary>Process id within the place.</summary>
    public int Pid { get; init; }

    /// <summary>Kernel's start time of the process, which tells a recycled pid from the same one.</summary>
    public long PidStarted { get; init; }

    /// <summary>Comma-separated roles.</summary>
    public string Roles { get; init; } = "";

    /// <summary>Program version.</summary>
    public string Version { get; init; } = "";

    /// <summary><c>live</c> or <c>dead</c>.</summary>
    public string State { get; init; } = "live";

    /// <summary>Start.</summary>
    public Instant StartedAt { get; init; }

    /// <summary>When it was declared dead or said good-bye.</summary>
    public Instant? EndedAt { get; init; }

    /// <summary>The configuration revision it has taken in.</summary>
    public long SeenRevision { get; init; }

    /// <summary>End of its lease.</summary>
    public Instant? ExpiresAt { get; init; }
}
