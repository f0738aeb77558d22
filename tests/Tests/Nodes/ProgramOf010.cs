using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Tests.Nodes;

/// <summary>
/// The program of version 0.1.0 as far as it is a node: its statements, frozen. They are what a running old node sends, whatever the schema has become, and
/// never follow the code of today.
/// </summary>
internal sealed class ProgramOf010(Database database, string id)
{
    public const string Version = "0.1.0";

    private static readonly Sql _register = new("old.register", """
        insert into node (id, host, place, pid, pid_started, roles, version, state, started_at)
        values (@Id, @Host, @Place, @Pid, @PidStarted, @Roles, @Version, 'live', @StartedAt)
        """);

    private static readonly Sql _lease = new("old.lease", "insert into node_lease (id, expires_at) values (@id, @until)");

    private static readonly Sql _renew = new("old.renew", """
        update node_lease set expires_at = @until
        where id = @id and exists (select 1 from node where node.id = @id and node.state = 'live')
        """);

    private static readonly Sql _fence = new("old.fence", "select 1 from node where id = @id and state = 'live'{share}");

    private static readonly Sql _lock = new("old.lock", "select id from node where id = @id and state = 'live'{update}{skip_locked}");

    private static readonly Sql _bury = new("old.bury", "update node set state = 'dead', ended_at = @now where id = @id and state = 'live'");

    private static readonly Sql _seen = new("old.seen", "update node set seen_revision = @revision where id = @id");

    private static readonly Sql _list = new("old.list", """
        select node.id, host, place, pid, pid_started, roles, version, state, started_at, ended_at, seen_revision, expires_at
        from node left join node_lease on node_lease.id = node.id
        order by started_at
        """);

    private static readonly Sql _forget = new("old.forget", "delete from node where state = 'dead' and ended_at < @before");

    public string Id => id;

    /// <summary>Registers as this very process, on a host named gamma.</summary>
    public Task RegisterAsync() => database.WriteAsync("old.register", tx =>
    {
        var now = tx.Now;
        tx.Execute(_register, new
        {
            Id = id,
            Host = "gamma",
            Place = ProcessPlace.Here,
            Pid = Environment.ProcessId,
            PidStarted = ProcessPlace.StartedAt(Environment.ProcessId),
            Roles = "poll",
            Version,
            StartedAt = now,
        });
        tx.Execute(_lease, new { id, until = now + Node.TimeToLive });
    });

    public Task<bool> RenewAsync() => database.WriteAsync("old.renew", tx => tx.Execute(_renew, new { id, until = tx.Now + Node.TimeToLive }) == 1);

    public bool Fence(Transaction tx) => tx.First<int?>(_fence, new { id }) is not null;

    public Task<bool> EndAsync() => database.WriteAsync(
        "old.end", tx => tx.First<string>(_lock, new { id }) is not null && tx.Execute(_bury, new { id, now = tx.Now }) == 1);

    /// <summary>What else it does all the time: it says what it has seen, looks who lives, forgets who is long dead, and writes behind its fence.</summary>
    public async Task<string[]> WorkAsync()
    {
        var rows = await database.WriteAsync("old.work", tx =>
        {
            Assert.True(Fence(tx));
            Assert.Equal(1, tx.Execute(_seen, new { id, revision = 7L }));
            Assert.Equal(0, tx.Execute(_forget, new { before = tx.Now - TimeSpan.FromDays(1) }));
            return tx.Query<NodeRow>(_list);
        });
        return [.. rows.Where(row => row.State == "live" && row.ExpiresAt is not null).Select(row => row.Id)];
    }
}
