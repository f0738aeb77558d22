using Rondo.Storage;

namespace Rondo.Nodes;

/// <summary>
/// This process as the database knows it: one incarnation, its lease, and the fence that every write about owned work passes first.
/// On SQLite there is no lease to renew: the operating system's lock on the file is the liveness, and whoever holds it is the only one.
/// </summary>
public sealed class Node
{
    /// <summary>Length of a lease.</summary>
    public static readonly TimeSpan TimeToLive = TimeSpan.FromSeconds(12);

    /// <summary>A node that could not renew for this long (by its own monotonic clock, from before the renewal was sent) stops working by itself.</summary>
    public static readonly TimeSpan SelfFenceAfter = TimeToLive - TimeSpan.FromSeconds(2);

    private readonly Database _database;
    private readonly TimeProvider _time;
    private long _renewedAt;
    private volatile bool _dead;

    private Node(Database database, TimeProvider time, NodeRow row)
    {
        _database = database;
        _time = time;
        Row = row;
    }

    /// <summary>The random identity of this one start.</summary>
    public string Id => Row.Id;

    /// <summary>The row as it was registered.</summary>
    public NodeRow Row { get; }

    /// <summary>True while this node may work: it was not declared dead, and its lease has not run out by its own clock.</summary>
    public bool MayWork => !_dead && (_database.Address.Kind == DatabaseKind.Sqlite
        || _time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) < SelfFenceAfter);

    /// <summary>True once the database said that this incarnation is dead: it never works again, the process comes back as another one.</summary>
    public bool IsDead => _dead;

    /// <summary>Registers a new incarnation. Nodes that are certainly gone (the holder of this SQLite file, a process of this machine that no longer exists) are buried first.</summary>
    public static async Task<Node> RegisterAsync(Database database, TimeProvider time, string roles, string version, CancellationToken stop)
    {
        await database.MeasureClockAsync(stop).ConfigureAwait(false);
        var row = new NodeRow
        {
            Id = Ids.New(),
            Host = Environment.MachineName,
            Place = ProcessPlace.Here,
            Pid = Environment.ProcessId,
            PidStarted = ProcessPlace.StartedAt(Environment.ProcessId),
            Roles = roles,
            Version = version,
            StartedAt = database.Clock.Now,
        };
        var node = new Node(database, time, row);
        Interlocked.Exchange(ref node._renewedAt, time.GetTimestamp());
        await database.WriteAsync(
            "nodes.register",
            tx =>
            {
                foreach (var other in NodeStore.List(tx))
                {
                    if (other.State == "live" && (database.Address.Kind == DatabaseKind.Sqlite || ProcessPlace.IsGone(other)))
                    {
                        NodeStore.Bury(tx, other.Id, tx.Now);
                    }
                }

                NodeStore.Register(tx, row, tx.Now + TimeToLive);
            },
            stop).ConfigureAwait(false);
        return node;
    }

    /// <summary>
    /// The first statement of every fenced write. Throws <see cref="StorageFault"/> of kind Fenced when this incarnation is dead; while the
    /// transaction lasts nobody can declare it dead.
    /// </summary>
    public void Fence(Transaction tx)
    {
        if (_dead || !NodeStore.IsLive(tx, Id))
        {
            _dead = true;
            throw new StorageFault(StorageFaultKind.Fenced, $"node {Id} was declared dead; its late write is refused");
        }
    }

    /// <summary>Renews the lease. False when the database says this incarnation is dead.</summary>
    public bool Renew()
    {
        // Measured from before the renewal was sent: the database may have stored it at any moment since.
        var sent = _time.GetTimestamp();
        var live = _database.Write("nodes.renew", tx => NodeStore.Renew(tx, Id, tx.Now + TimeToLive));
        if (live)
        {
            Interlocked.Exchange(ref _renewedAt, sent);
        }
        else
        {
            _dead = true;
        }

        return live;
    }

    /// <summary>Says good-bye: the row is dead at once, and nobody waits for the lease.</summary>
    public Task EndAsync() => _database.WriteAsync("nodes.end", tx => NodeStore.Bury(tx, Id, tx.Now));

    /// <summary>Records that this node works by configuration <paramref name="revision"/>.</summary>
    public void Seen(Transaction tx, long revision) => NodeStore.Seen(tx, Id, revision);
}
