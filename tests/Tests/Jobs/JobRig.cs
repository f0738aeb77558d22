using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>Arguments of the tests' jobs.</summary>
public sealed record Work(string Name, string? Key = null, int Number = 0, double[]? Numbers = null);

/// <summary>One node that runs jobs over a database of the test's own, in real time; handlers are the test's functions.</summary>
internal sealed class JobRig : IAsyncDisposable
{
    public static readonly JobsOptions Fast = new()
    {
        PollInterval = TimeSpan.FromMilliseconds(100), Grace = TimeSpan.FromMilliseconds(200), StopPatience = TimeSpan.FromSeconds(2), Queues = new Dictionary<string, int> { ["default"] = 4 },
    };

    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(1), (_, _) => { }, _ => { });
    private KeptLease? _lease;
    private bool _isStopped;

    private JobRig(TestStore store, Node node, JobQueue queue, JobServer server, JobsOptions options)
    {
        (Store, Node, Queue, Server, Options) = (store, node, queue, server, options);
    }

    public TestStore Store { get; }

    public SteeredDatabase Database => Store.Database;

    public Node Node { get; }

    public JobQueue Queue { get; }

    public JobServer Server { get; }

    public JobsOptions Options { get; }

    /// <summary>A node; its jobs run when <paramref name="isRunning"/>.</summary>
    public static async Task<JobRig> StartAsync(
        DatabaseKind kind, Func<Work, JobContext, CancellationToken, Task<JobResult>> handle, HandlerOptions<Work>? options = null, JobsOptions? jobs = null, bool isRunning = true,
        string roles = "work")
    {
        var store = await TestStore.CreateAsync(kind);
        var node = await Node.RegisterAsync(store.Database, TimeProvider.System, roles, "test", default);
        var handlers = new JobHandlers().Add("work", new Handler(handle), options);
        JobServer? server = null;
        var queue = new JobQueue(store.Database, handlers, _ => server!.Wake());
        server = new JobServer(store.Database, node, handlers, jobs ?? Fast, TimeProvider.System, new Chance(7), _ => { }, NullLogger.Instance);
        var rig = new JobRig(store, node, queue, server, jobs ?? Fast);
        if (isRunning)
        {
            rig.Run();
        }
        else
        {
            Rondo.Jobs.Upkeep.HistoryStore.Prepare(store.Database, jobs ?? Fast);
        }

        return rig;
    }

    public void Run()
    {
        _lease = new KeptLease(Database, Node);
        Server.Start(_supervisor, Queue);
    }

    public async Task<long> EnqueueAsync(string name, string? key = null, EnqueueOptions? options = null) => (await Queue.EnqueueAsync(new Work(name, key), options)).Id;

    public Task<JobRow?> FindAsync(long id) => Database.ReadAsync("test", tx => Rondo.Jobs.Operations.OperationStore.Find(tx, id));

    public Task<List<JobFailure>> FailuresAsync(long id) => Database.ReadAsync("test", tx => Rondo.Jobs.Operations.OperationStore.Failures(tx, id));

    /// <summary>Waits until the job is in <paramref name="state"/>.</summary>
    public async Task<JobRow> UntilAsync(long id, string state) => (await Eventually.GetAsync(() => FindAsync(id), job => job?.State == state, $"job {id} is {state}"))!;

    public Task<long> CountAsync(string table) => Store.ScalarAsync<long>($"select count(*) from {table}");

    /// <summary>The store of another node of this database, by hand: what it claims it holds until it is buried.</summary>
    public async Task<PumpStore> OtherAsync()
    {
        // On SQLite a registration buries every other node, as a new server does; here the row is all that is wanted.
        OtherId = Ids.New();
        await Store.ExecuteAsync(
            "insert into node (id, host, place, pid, pid_started, roles, version, state, started_at) values (@id, 'h', 'elsewhere', 1, 1, 'work', 'test', 'live', @now)",
            new { id = OtherId, now = Database.Clock.Now });
        return PumpStore.For(Database.Address.Kind, Options, OtherId);
    }

    /// <summary>Id of the last <see cref="OtherAsync"/>.</summary>
    public string OtherId { get; private set; } = "";

    public Task BuryOtherAsync() => Store.ExecuteAsync("update node set state = 'dead', ended_at = @now where id = @id", new { id = OtherId, now = Database.Clock.Now });

    public List<ClaimedJob> Claim(PumpStore store, int count = 100) => Database.Write("test", tx => store.Claim(tx, [new Want("default", count, long.MinValue)]));

    public HashSet<long> Write(PumpStore store, params Finish[] finishes) => Database.Write("test", tx => store.Write(tx, finishes));

    public Finish Ended(ClaimedJob job, Outcome outcome, string? error = null) =>
        new() { Job = job, Outcome = outcome, StartedAt = Database.Clock.Now, EndedAt = Database.Clock.Now, Due = Database.Clock.Now, Error = error };

    public async Task StopAsync()
    {
        _isStopped = true;
        await Server.DrainAsync();
        await _supervisor.StopAsync(TimeSpan.FromSeconds(3));
    }

    public async ValueTask DisposeAsync()
    {
        Database.Before = Database.After = null;
        Database.Within = null;
        if (!_isStopped)
        {
            await _supervisor.StopAsync(TimeSpan.FromSeconds(3));
        }

        await _supervisor.DisposeAsync();
        _lease?.Dispose();
        await Queue.DisposeAsync();
        await Store.DisposeAsync();
    }

    private sealed class Handler(Func<Work, JobContext, CancellationToken, Task<JobResult>> handle) : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => handle(args, job, stop);
    }
}
