using System.Diagnostics;
using Rondo.Jobs;
using Rondo.JobWorker;
using Rondo.Storage;
using Rondo.SystemTests.Support;
using Rondo.Tests.Jobs.History;

namespace Rondo.SystemTests.Jobs;

/// <summary>A database of a test's own with a client that enqueues, and workers that are processes and may be killed.</summary>
internal sealed class JobSite : IAsyncDisposable
{
    private static readonly Sql Effects = new("test.effects", "select job_id, lease_no, node, attempt from effect");
    private static readonly Sql Runs = new("test.runs", "select key, job_id, lease_no, node, began_us, ended_us from run");
    private static readonly Sql Open = new("test.open", "select (select count(*) from job_ready) + (select count(*) from job_running) + (select count(*) from job_waiting)");
    private readonly string _folder = Directory.CreateTempSubdirectory("rondo-jobs-").FullName;
    private readonly Lock _gate = new();
    private readonly List<WorkerProcess> _workers = [];
    private bool _isOver;

    private JobSite()
    {
    }

    /// <summary>Null on SQLite.</summary>
    public PrivatePostgres? Postgres { get; private init; }

    /// <summary>As a worker takes it.</summary>
    public string Database { get; private set; } = "";

    /// <summary>Enqueues, and runs nothing.</summary>
    public JobHost Client { get; private set; } = null!;

    /// <summary>All there were.</summary>
    public IReadOnlyList<WorkerProcess> Workers
    {
        get
        {
            lock (_gate)
            {
                return [.. _workers];
            }
        }
    }

    public static async Task<JobSite> CreateAsync(DatabaseKind kind)
    {
        var postgres = kind == DatabaseKind.Postgres ? await PrivatePostgres.StartNewAsync() : null;
        var site = new JobSite { Postgres = postgres };
        site.Database = postgres is null ? "sqlite:" + Path.Combine(site._folder, "jobs.db") : await postgres.CreateDatabaseAsync("jobs");
        site.Client = await JobHost.StartAsync(
            site.Database, _ => new JobHandlers().AddForEnqueue<EffectArgs>(EffectArgs.Kind, EffectArgs.Options), new JobHostSettings { RunsJobs = false });
        await site.Client.Database.WriteAsync("test.tables", tx =>
        {
            tx.Execute(new Sql("test.effect", "create table effect (job_id {bigint} not null, lease_no {int} not null, node {text} not null, attempt {int} not null, n {int} not null)"));
            tx.Execute(new Sql("test.run", "create table run (key {text} not null, job_id {bigint} not null, lease_no {int} not null, node {text} not null, began_us {bigint} not null, ended_us {bigint})"));
            tx.Execute(new Sql("test.run.index", "create index run_job on run (job_id)"));
        });
        return site;
    }

    /// <param name="isApart">As on another machine; for root.</param>
    /// <param name="failPoints">As RONDO_FAIL_POINTS has them.</param>
    /// <param name="workers">How many jobs it runs at once.</param>
    /// <param name="patienceMs">How long its clean stop waits.</param>
    public WorkerProcess Start(bool isApart = false, string failPoints = "", int workers = 8, int patienceMs = 5_000)
    {
        lock (_gate)
        {
            // Whoever still starts workers after a test has failed must not leave one behind.
            ObjectDisposedException.ThrowIf(_isOver, this);
            _workers.Add(new WorkerProcess(Database, isApart, failPoints, $"{workers}", $"{patienceMs}"));
            return _workers[^1];
        }
    }

    public async Task<long> EnqueueAsync(EffectArgs args) => (await Client.Queue.EnqueueAsync(args)).Id;

    public async Task<T> ReadAsync<T>(string statement, object? args = null) =>
        (await Client.Database.ReadAsync("test", tx => tx.Query<T>(new Sql("test", statement), args))).Single();

    public async Task<JobRow> JobAsync(long id) => (await Client.Operations.ListAsync(new JobFilter { Id = id }, 1)).Single();

    /// <summary>Until the job is in <paramref name="state"/>; returns how long that took.</summary>
    public async Task<TimeSpan> UntilAsync(long id, string state, TimeSpan within) =>
        await UntilAsync(async () => (await JobAsync(id)).State == state, async () => $"job {id} is {(await JobAsync(id)).State}, not {state}", within);

    /// <summary>Until nothing waits or runs any more.</summary>
    public Task<TimeSpan> UntilOverAsync(TimeSpan within) => UntilAsync(
        async () => await OpenAsync() == 0,
        async () => string.Join('\n', (await Client.Operations.ListAsync(new JobFilter(), 1_000)).Where(j => j.State is not ("done" or "dead" or "cancelled")).Take(20).Select(j => $"job {j.Id} {j.Args} is {j.State}, lease {j.LeaseNo}, crashes {j.Crashes}, node {j.Node}")),
        within);

    /// <summary>How many have not ended.</summary>
    public Task<long> OpenAsync() => Client.Database.ReadAsync("test", tx => tx.First<long>(Open));

    /// <summary>What is known now.</summary>
    public Task<JobHistory> HistoryAsync(JobHistory known) => Client.Database.ReadAsync("test", tx => JobHistoryReader.Read(tx, known) with
    {
        EffectKinds = [EffectArgs.Kind],
        Effects = [.. tx.Query<EffectLine>(Effects).Select(e => new JobEffect(e.JobId, e.LeaseNo, e.Node, e.Attempt))],
        Runs = [.. tx.Query<RunLine>(Runs).Select(r => new JobRun(r.Key, r.JobId, r.LeaseNo, r.Node, new Instant(r.BeganUs), r.EndedUs is { } at ? new Instant(at) : null))],
    });

    /// <summary>Waits, with a bound, for a fact; a database that is away has not got it.</summary>
    public static async Task<TimeSpan> UntilAsync(Func<Task<bool>> fact, Func<Task<string>> what, TimeSpan within)
    {
        var from = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        for (var isLast = false; ; isLast = Stopwatch.GetElapsedTime(from) > within)
        {
            try
            {
                if (await fact())
                {
                    return Stopwatch.GetElapsedTime(from);
                }
            }
            catch (StorageFault fault) when (fault.IsTransient)
            {
                // Later.
            }

            if (isLast)
            {
                Assert.Fail($"Not within {within.TotalSeconds:0.#} s: {await what()}");
            }

            await again.WaitForNextTickAsync(TestContext.Current.CancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            _isOver = true;
        }

        foreach (var worker in Workers)
        {
            await worker.DisposeAsync();
        }

        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        if (Postgres is not null)
        {
            await Postgres.DisposeAsync();
        }

        Directory.Delete(_folder, recursive: true);
    }

    private sealed class EffectLine
    {
        public long JobId { get; init; }

        public int LeaseNo { get; init; }

        public string Node { get; init; } = "";

        public int Attempt { get; init; }
    }

    private sealed class RunLine
    {
        public string Key { get; init; } = "";

        public long JobId { get; init; }

        public int LeaseNo { get; init; }

        public string Node { get; init; } = "";

        public long BeganUs { get; init; }

        public long? EndedUs { get; init; }
    }
}
