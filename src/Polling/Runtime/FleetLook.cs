using Rondo.Nodes;
using Rondo.Polling.Now;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>What the fleet loop asks all the time, in one statement: has the configuration changed, and who owns how much.</summary>
/// <param name="Revision">Revision of the configuration.</param>
/// <param name="Nodes">What each live node holds; empty on SQLite, where everything belongs to the one server.</param>
/// <param name="Requests">Requests to read a device now that wait for an answer.</param>
/// <param name="Free">Endpoints with something to poll or to account for that no live node owns.</param>
internal sealed record FleetLook(long Revision, int Requests, IReadOnlyList<Share> Nodes, int Free)
{
    // A lease is renewed every 3 s. What is free must not wait for one who may be dead until that is certain, which takes 12 s: meanwhile the others take it,
    // and give back what is too much should it answer again. So a doubt moves nothing that somebody owns.
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(5);

    private static readonly Sql _look = new("polling.look", $$"""
        with held as (
          select n.id as node, count(*) as count from endpoint join node n on n.id = endpoint.owner and n.state = 'live' group by n.id
        ), free as (
          select count(*) as count from endpoint
          where (owner is null or owner not in (select node.id from node where node.state = 'live')) and {{OwnershipStore.Due}}
        )
        select s.revision, 0 as requests, n.id as node, n.takes_work and not n.is_draining and ',' || n.roles || ',' like '%,poll,%' as takes, coalesce(h.count, 0) as count,
          coalesce(l.expires_at > @heard, false) as answers
        from polling_state s cross join node n left join node_lease l on l.id = n.id left join held h on h.node = n.id
        where n.state = 'live'
        union all
        select s.revision, {{PollRequestStore.Open}}, '', false, (select count from free), false from polling_state s
        """);

    private static readonly Sql _lookAlone = new("polling.look.alone", $"select s.revision, {PollRequestStore.Open} as requests, '' as node, 0 as takes, 0 as count, 0 as answers from polling_state s");

    /// <summary>Reads it.</summary>
    public static FleetLook Read(Transaction tx)
    {
        var rows = tx.Query<Row>(
            tx.Dialect == Dialect.Sqlite ? _lookAlone : _look, new { since = tx.Now - PollRequestStore.Patience, heard = tx.Now + Node.TimeToLive - _silence });
        var free = rows.Find(r => r.Node.Length == 0)!;
        return new FleetLook(
            free.Revision,
            (int)free.Requests,
            [.. rows.Where(r => r.Node.Length > 0).Select(r => new Share(r.Node, r.Takes, (int)r.Count, r.Answers))],
            (int)free.Count);
    }

    /// <summary>How many endpoints <paramref name="node"/> owns.</summary>
    public int Held(string node) => Nodes.FirstOrDefault(n => n.Node == node).Count;

    /// <summary>True unless it is drained, or has not said yet that it takes work.</summary>
    public bool Takes(string node) => Nodes.FirstOrDefault(n => n.Node == node).Takes;

    /// <summary>How many it should own, were it ready to take work (<paramref name="takes"/>).</summary>
    public int Target(string node, bool takes) =>
        Shares.Target(node, [.. Nodes.Select(n => n with { Takes = n.Node == node ? takes : n.Takes && n.Answers })], Free);

    private sealed class Row
    {
        public long Revision { get; init; }

        public long Requests { get; init; }

        public string Node { get; init; } = "";

        public bool Takes { get; init; }

        public long Count { get; init; }

        public bool Answers { get; init; }
    }
}
