using System.Diagnostics;
using Npgsql;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// Several nodes over one PostgreSQL of their own: simulated gateways that remember who asked when, a proxy between each node and the database, a log of what was
/// done to whom, and the history of every endpoint's owners, written by the database itself.
/// </summary>
internal sealed class Cluster : IAsyncDisposable
{
    private const string Audit = """
        create schema test;
        create table test.ownership (endpoint_id bigint, address text, was text, owner text, lease_no bigint, at timestamptz);
        create function test.note() returns trigger language plpgsql as $$ begin
          insert into test.ownership values (new.id, new.address, old.owner, new.owner, new.lease_no, clock_timestamp());
          return null;
        end $$;
        create trigger note after update on endpoint for each row
          when (old.owner is distinct from new.owner or old.lease_no <> new.lease_no) execute function test.note();
        """;

    private readonly Pulse _pulse;
    private readonly List<ClusterNode> _nodes = [];

    private Cluster(Site site)
    {
        Site = site;
        _pulse = new Pulse(Faults);
    }

    public Site Site { get; }

    public FaultLog Faults { get; } = new();

    public IReadOnlyList<ClusterNode> Nodes => _nodes;

    private PrivatePostgres Postgres => Site.Postgres!;

    /// <param name="nodes">How many, none of them started. Every second one is apart (see <see cref="NodeProcess"/>), the first one is not.</param>
    /// <param name="gateways">How many, with one meter each.</param>
    /// <param name="interval">Of a meter, by the number of its gateway.</param>
    /// <param name="arrivals">How many polls each gateway remembers.</param>
    /// <param name="allApart">All nodes are apart.</param>
    public static async Task<Cluster> CreateAsync(int nodes, int gateways, Func<int, string> interval, int arrivals = 2_000, bool allApart = false)
    {
        var site = await Site.CreateAsync(DatabaseKind.Postgres, gateways, arrivals: arrivals);
        return await OfAsync(site, interval, Enumerable.Range(0, nodes).Select(i => Nearby(site) with { IsApart = NodeProcess.CanBeApart && (allApart || i % 2 == 1) }));
    }

    /// <inheritdoc cref="CreateAsync"/>
    /// <param name="site">What is to be polled, and where that is stored; ends with the cluster.</param>
    /// <param name="interval">Of a meter, by the number of its gateway.</param>
    /// <param name="places">Where the nodes run.</param>
    public static async Task<Cluster> OfAsync(Site site, Func<int, string> interval, IEnumerable<NodePlace> places)
    {
        var cluster = new Cluster(site);
        await site.PrepareAsync(site.DeviceFile(interval));
        await cluster.Postgres.ScalarAsync(Audit, "rondo");
        cluster._nodes.AddRange(places.Select((place, i) => new ClusterNode($"{(char)('a' + i)}", place, cluster.Faults)));
        return cluster;
    }

    /// <summary>On this machine, with a proxy of its own before the database, or before the PgBouncer that stands there.</summary>
    public static NodePlace Nearby(Site site)
    {
        var port = site.PgBouncer?.Port ?? site.Postgres!.Port;
        var proxy = new TcpProxy(port);
        return new NodePlace(site.Database.Replace($":{port}/", $":{proxy.Port}/", StringComparison.Ordinal), proxy);
    }

    /// <summary>Starts every node and waits until shares are even and every meter is polled.</summary>
    public async Task StartAllAsync()
    {
        foreach (var node in _nodes)
        {
            node.Start();
        }

        await Task.WhenAll(_nodes.Select(node => node.ReadyAsync()));
        await UntilEvenAsync();
    }

    /// <summary>The database goes away and comes back.</summary>
    public async Task RestartDatabaseAsync(TimeSpan down, bool isCrash = false)
    {
        var fault = Faults.Begin(FaultKind.Database);
        await (isCrash ? Postgres.StopImmediatelyAsync() : Postgres.StopAsync());
        if (down > TimeSpan.Zero)
        {
            await Passing.Of(down);
        }

        await Postgres.StartAsync();
        fault.End();
    }

    /// <summary>All nodes are cut off at once, which is the same as a database that nobody can reach.</summary>
    public async Task CutAllAsync(TimeSpan time)
    {
        var fault = Faults.Begin(FaultKind.Database);
        foreach (var node in _nodes)
        {
            node.Cut();
        }

        await Passing.Of(time);
        foreach (var node in _nodes)
        {
            node.Heal();
        }

        fault.End();
    }

    /// <summary>Sets or ends the operator's drain of a node.</summary>
    public Task DrainAsync(ClusterNode node, bool isDraining) =>
        ScalarAsync($"update node set is_draining = {isDraining} where id = '{node.Incarnation}' and state = 'live'");

    /// <summary>Endpoints by the name of the live node that owns them; those that none owns under the empty name.</summary>
    public async Task<Dictionary<string, int>> SharesAsync()
    {
        var rows = await Site.ReadAsync(tx => tx.Query<(string? Owner, long Count)>(new Sql("test.shares", """
            select n.id as owner, count(*) as count from endpoint left join node n on n.id = endpoint.owner and n.state = 'live' group by n.id
            """)));
        return rows.GroupBy(row => NameOf(row.Owner)).ToDictionary(some => some.Key, some => (int)some.Sum(row => row.Count));
    }

    /// <summary>The name of the node that has or had an identity; empty for none.</summary>
    public string NameOf(string? incarnation) => _nodes.FirstOrDefault(node => node.Incarnations.Contains(incarnation))?.Name ?? "";

    public async Task<long> NumberAsync(string statement) => Convert.ToInt64(await ScalarAsync(statement), null);

    public Task<object?> ScalarAsync(string statement) => Postgres.ScalarAsync(statement, "rondo");

    /// <summary>
    /// Waits until the running nodes (or those that are named) own everything, in shares that differ by one at most, and have armed what they own. Returns when that was.
    /// </summary>
    public async Task<Instant> UntilEvenAsync(TimeSpan? within = null, params ClusterNode[] among)
    {
        var nodes = among.Length > 0 ? among : [.. _nodes.Where(node => node.IsRunning && !node.IsPaused)];
        var shares = new Dictionary<string, int>();
        await UntilAsync(
            async () =>
            {
                shares = await SharesAsync();
                var counts = nodes.Select(node => shares.GetValueOrDefault(node.Name)).ToArray();
                return counts.Sum() == Site.Simulator.Gateways.Count && counts.Max() - counts.Min() <= 1 && nodes.All(node => node.Armed == shares[node.Name]);
            },
            () => $"even shares; they are {string.Join(", ", shares)}, armed {string.Join(", ", nodes.Select(node => (node.Name, node.Armed)))}",
            within ?? TimeSpan.FromSeconds(60));
        return Site.Now;
    }

    /// <summary>Waits until every meter whose interval is at most <paramref name="longest"/> has a good poll of a slot after <paramref name="after"/> in the ledger.</summary>
    public Task UntilRecordedAsync(Instant after, TimeSpan longest, TimeSpan? within = null)
    {
        var behind = 0L;
        return UntilAsync(
            async () => (behind = await NumberAsync($"""
                select count(*) from poll_group g where interval_us <= {longest.Ticks / 10}
                and not exists (select 1 from poll p where p.slot > '{after}' and p.group_id = g.id and p.outcome = 'ok')
                """)) == 0,
            () => $"a recorded poll of every meter after {after}; {behind} have none",
            within ?? (longest * 2) + TimeSpan.FromSeconds(60));
    }

    /// <summary>Waits for a fact; a database that is away at the moment tells none.</summary>
    public async Task UntilAsync(Func<Task<bool>> fact, Func<string> what, TimeSpan within)
    {
        var started = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        while (true)
        {
            var isLate = Stopwatch.GetElapsedTime(started) >= within;
            try
            {
                if (await fact())
                {
                    return;
                }
            }
            catch (Exception away) when (away is NpgsqlException or StorageFault && !isLate)
            {
                // Asked again.
            }

            Assert.False(isLate, $"Not within {within.TotalSeconds:0.#} s: {what()}\n{Logs(12)}");
            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Stops every node in order; every slot up to the returned instant must have its outcome.</summary>
    public async Task<Instant> StopAllAsync()
    {
        var asked = Site.Now;
        await Task.WhenAll(_nodes.Where(node => node.IsRunning).Select(node => node.StopAsync()));
        return asked;
    }

    /// <summary>Stops all, and reads what is to be judged; <paramref name="told"/> hears of it before that.</summary>
    public async Task<ClusterProof> ProveAsync(Action<ClusterResult>? told = null) => await ClusterProof.ReadAsync(this, await StopAllAsync(), told);

    /// <summary>The last lines of every node, for a failure.</summary>
    public string Logs(int lines) => string.Join('\n', _nodes.SelectMany(node => node.Lines.TakeLast(lines).Select(line => $"  {node.Name}: {line}")));

    public async ValueTask DisposeAsync()
    {
        if (Environment.GetEnvironmentVariable("RONDO_CLUSTER_LOGS") is { Length: > 0 } folder)
        {
            Directory.CreateDirectory(folder);
            foreach (var node in _nodes)
            {
                await File.WriteAllLinesAsync(Path.Combine(folder, $"{node.Name}.log"), node.Lines);
            }

            await File.WriteAllLinesAsync(Path.Combine(folder, "faults.log"), Faults.All.Select(fault => fault.ToString()));
        }

        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }

        _pulse.Dispose();
        await Site.DisposeAsync();
    }
}
