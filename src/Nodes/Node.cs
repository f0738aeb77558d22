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
    private readonly Func<TimeSpan> _quietFor;
    private long _renewedAt;
    private volatile bool _dead;

    private Node(Database database, TimeProvider time, NodeRow row, Func<TimeSpan>? quietFor)
    {
        _database = database;
        _time = time;
        _quietFor = quietFor ?? (() => TimeSpan.Zero);
        Roster = new Roster(time);
        Row = row;
    }

    /// <summary>The random identity of this one start.</summary>
    public string Id => Row.Id;

    /// <summary>The row as it was registered.</summary>
    public NodeRow Row { get; }

    /// <summary>The nodes as this one sees them; empty on SQLite, where there is only one.</summary>
    public Roster Roster { get; }

    /// <summary>True while this node may work: it was not declared dead, and its lease has not run out by its own clock.</summary>
    public bool MayWork => !_dead && (_database.Address.Kind == DatabaseKind.Sqlite
        || _time.GetElapsedTime(Interlocked.Read(ref _renewedAt)) < SelfFenceAfter);

    /// <summary>For how long it may go on without renewing its lease, zero when it may not; null on SQLite, where there is none.</summary>
    public TimeSpan? LeaseLeft => _database.Address.Kind == DatabaseKind.Sqlite ? null
        : _dead ? TimeSpan.Zero : Max(SelfFenceAfter - _time.GetElapsedTime(Interlocked.Read(ref _renewedAt)));

    /// <summary>True once the database said that this incarnation is dead: it never works again, the process comes back as another one.</summary>
    public bool IsDead => _dead;

    /// <summary>Registers a new incarnation. Nodes that are certainly gone (the holder of this SQLite file, a process of this machine that no longer exists) are buried first.</summary>
    /// <param name="database">The database.</param>
    /// <param name="time">Time.</param>
    /// <param name="roles">Comma-separated roles.</param>
    /// <param name="version">Version of the program.</param>
    /// <param name="stop">Gives up.</param>
    /// <param name="takesWork">False when it is to say later that it is ready to take work over (<see cref="TakeWork"/>).</param>
    /// <param name="quietFor">For how long its loops have given no sign of life; null for never.</param>
    public static async Task<Node> RegisterAsync(
        Database database, TimeProvider time, string roles, string version, CancellationToken stop, bool takesWork = true, Func<TimeSpan>? quietFor = null)
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
            Session = database.Session,
            TakesWork = takesWork,
        };
        var node = new Node(database, time, row, quietFor);
        Interlocked.Exchange(ref node._renewedAt, time.GetTimestamp());

        // A process that starts has not warmed up: on a slow machine this takes longer than a write of a running one may.
        await database.WriteLongAsync(
            "nodes.register",
            tx =>
            {
                var buried = new List<NodeBurial>();
                foreach (var other in NodeStore.List(tx))
                {
                    if (other.State == "live" && (database.Address.Kind == DatabaseKind.Sqlite || ProcessPlace.IsGone(other)) && NodeStore.Bury(tx, other.Id, tx.Now))
                    {
                        buried.Add(NodeBurial.Of(other));
                    }
                }

                NodeStore.Register(tx, row, node.Report(tx.Now));
                return buried;
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
            Die();
            throw new StorageFault(StorageFaultKind.Fenced, $"node {Id} was declared dead; its late write is refused");
        }
    }

    /// <summary>Renews the lease. False when the database says this incarnation is dead.</summary>
    public bool Renew()
    {
        // Measured from before the renewal was sent: the database may have stored it at any moment since.
        var sent = _time.GetTimestamp();
        var live = _database.Tell("nodes.renew", tx => NodeStore.Renew(tx, Id, Report(tx.Now)));
        if (live)
        {
            Interlocked.Exchange(ref _renewedAt, sent);
        }
        else
        {
            Die();
        }

        return live;
    }

    /// <summary>One look at all nodes, with a renewal when the last one is 3 s old. Returns those whose lease has lapsed.</summary>
    internal IReadOnlyList<NodeRow> Beat()
    {
        var sent = _time.GetTimestamp();
        var renews = _time.GetElapsedTime(Interlocked.Read(ref _renewedAt), sent) >= LeaseLoop.Every - TimeSpan.FromMilliseconds(200);
        var now = _database.Clock.Now;
        var rows = Roster.While(() => _database.Tell("nodes.beat", tx => NodeStore.Beat(tx, Id, renews, Report(now))));
        if (rows.Find(r => r.Id == Id) is not { State: "live" })
        {
            Die();
            return [];
        }

        if (renews)
        {
            Interlocked.Exchange(ref _renewedAt, sent);
        }

        return Roster.See(rows, Id, now, sent);
    }

    /// <summary>Says whether this node is ready to take work over from others.</summary>
    public void TakeWork(Transaction tx, bool takes) => NodeStore.TakesWork(tx, Id, takes);

    private static TimeSpan Max(TimeSpan left) => left < TimeSpan.Zero ? TimeSpan.Zero : left;

    internal void Die() => _dead = true;

    private NodeReport Report(Instant now) =>
        new(now + TimeToLive, Instant.From(_time.GetUtcNow()).Micros - now.Micros, now - _quietFor());

    /// <summary>Says good-bye: the row is dead at once, and nobody waits for the lease.</summary>
    public Task EndAsync() => _database.WriteAsync("nodes.end", tx => { NodeStore.BuryPatiently(tx, Id, tx.Now); });

    /// <summary>Records that this node works by configuration <paramref name="revision"/>.</summary>
    public void Seen(Transaction tx, long revision) => NodeStore.Seen(tx, Id, revision);
}
