using System.Security.Cryptography;
using Rondo.Host.Checks;
using Rondo.Host.Http;
using Rondo.Host.Imports;
using Rondo.Host.Jobs;
using Rondo.Host.Logs;
using Rondo.Host.Metrics;
using Rondo.Host.Settings;
using Rondo.Imports;
using Rondo.Imports.Folders;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Jobs.Told;
using Rondo.Live;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Polling.Fleet;
using Rondo.Polling.Ledger;
using Rondo.Polling.Proof;
using Rondo.Polling.Runtime;
using Rondo.Readings.Rollups;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Schema;

namespace Rondo.Host;

/// <summary>
/// One running server: database, node, loops, poller. Without HTTP and without a command line around it, so that <c>serve</c>, <c>demo</c>, tests and
/// benchmarks run the same thing.
/// </summary>
internal sealed class Server : IAsyncDisposable
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);
    private readonly ILogger _log;
    private readonly LoopSupervisor _supervisor;
    private readonly Lazy<Numbers> _numbers;
    private readonly Lazy<HealthBoard> _board;

    // Connections of all servers of this process; nothing leads anywhere else than the settings say.
    private static readonly Lazy<SocketsHttpHandler> _web = new(() => new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, ConnectTimeout = TimeSpan.FromSeconds(20), PooledConnectionLifetime = TimeSpan.FromMinutes(2) });
    private Otlp? _otlp;
    private FolderLoop? _watch;

    private Server(Database database, Node node, Poller? poller, JobQueue jobs, JobServer? worker, EventBus bus, Hints hints, LoopSupervisor supervisor, SelfCheck selfCheck, PollingOptions options, ILogger log)
    {
        Database = database;
        Node = node;
        Poller = poller;
        Jobs = jobs;
        Worker = worker;
        Bus = bus;
        Hints = hints;
        SelfCheck = selfCheck;
        Options = options;
        _supervisor = supervisor;
        _numbers = new Lazy<Numbers>(() => new Numbers(this));
        _board = new Lazy<HealthBoard>(() => new HealthBoard(this));
        _log = log;
    }

    public Database Database { get; }

    public Node Node { get; }

    /// <summary>The poll role, when this node has it.</summary>
    public Poller? Poller { get; }

    /// <summary>Accepts jobs, whether or not this node runs any.</summary>
    public JobQueue Jobs { get; }

    /// <summary>What operators ask and do about jobs.</summary>
    public required JobOperations JobOperations { get; init; }

    /// <summary>Lets in whoever asks by HTTP.</summary>
    public required AccessControl Access { get; init; }

    /// <summary>The way in while nobody is an admin; null when somebody is, or nobody was asked yet (<see cref="OfferSetupAsync"/>).</summary>
    public FirstAdmin? FirstAdmin { get; private set; }

    /// <summary>A link that lets whoever starts the program in, made before HTTP starts; null for none.</summary>
    public Welcome? Welcome { get; set; }

    /// <summary>Lets people in by name and password.</summary>
    public required SignIns SignIns { get; init; }

    /// <summary>Who changed what.</summary>
    public required AuditTrail Audit { get; init; }

    /// <summary>Encrypts and opens secrets.</summary>
    public required SecretBox Secrets { get; init; }

    /// <summary>Operations on jobs over another opening of the database.</summary>
    public required Func<Database, JobOperations> Operations { get; init; }

    /// <summary>Time of this server.</summary>
    public required TimeProvider Time { get; init; }

    /// <summary>Calls others for jobs.</summary>
    public required HttpCallHandler Calls { get; init; }

    /// <summary>The work role, when this node has it.</summary>
    public JobServer? Worker { get; }

    /// <summary>Settings of imports in force.</summary>
    public required ImportOptions ImportOptions { get; init; }

    /// <summary>Operations on imports over an opening of the database. What becomes of their jobs is no change of its own.</summary>
    public ImportOperations Imports(Database on) => new(on, Jobs, JobOperations, ImportOptions, Live.Events, Time);

    public EventBus Bus { get; }

    /// <summary>The log of events and the feed.</summary>
    public required LiveServer Live { get; init; }

    /// <summary>Tells every process of this database that something changed; after the commit.</summary>
    public Hints Hints { get; }

    /// <summary>The latest validation and audit of this process.</summary>
    public SelfCheck SelfCheck { get; }

    /// <summary>Settings of polling in force.</summary>
    public PollingOptions Options { get; }

    /// <summary>Settings of jobs in force.</summary>
    public required JobsOptions JobsOptions { get; init; }

    /// <summary>The numbers of this server.</summary>
    public Numbers Numbers => _numbers.Value;

    /// <summary>Since when what is wrong.</summary>
    public HealthBoard Board => _board.Value;

    /// <summary>The loops.</summary>
    public IReadOnlyList<Loop> LoopList => _supervisor.Loops;

    /// <summary>Health of the loops.</summary>
    public IReadOnlyList<LoopHealth> Loops => _supervisor.Health;

    /// <summary>True while no loop is stuck; feeds the lease and the watchdog.</summary>
    public bool IsMakingProgress => _supervisor.IsMakingProgress;

    /// <summary>Completes with a reason when the server cannot go on and the process should end.</summary>
    public Task<string> Broken => _supervisor.Broken;

    /// <summary>Opens, migrates, registers and starts. Every step that fails leaves nothing behind.</summary>
    /// <param name="address">The database.</param>
    /// <param name="roles">Roles: <c>poll</c>, <c>work</c>.</param>
    /// <param name="options">Settings of polling.</param>
    /// <param name="time">Time.</param>
    /// <param name="logs">Where log lines go.</param>
    /// <param name="stop">Gives up starting.</param>
    /// <param name="more">What else it is told; null for the defaults.</param>
    public static async Task<Server> StartAsync(
        DatabaseAddress address,
        IReadOnlyList<string> roles,
        PollingOptions options,
        TimeProvider time,
        ILoggerFactory logs,
        CancellationToken stop,
        ServerOptions? more = null)
    {
        more ??= new ServerOptions();
        var log = logs.CreateLogger("rondo");
        var database = Database.Open(address, DatabaseUse.Server, time);
        try
        {
            var migrator = Modules.Migrator(database, DatabaseUse.Server);
            await migrator.ApplyAsync().ConfigureAwait(false);
            await Upkeep.PrepareAsync(database, options, stop).ConfigureAwait(false);
            var chance = new Chance(RandomNumberGenerator.GetInt32(int.MaxValue));
            var supervisor = new LoopSupervisor(
                time,
                chance,
                (loop, fault) => HostLog.PassFailed(log, loop.Name, fault.Message),
                loop => HostLog.LoopStuck(log, loop.Name, loop.StuckAfter.TotalSeconds));
            var ring = KeyFolder.Of(address, more.Keys?.Folder, Environment.GetEnvironmentVariable);
            var trail = new AuditTrail(new AuditKeys(ring, address, more.Keys?.Master));
            if (more.TimeZone is { } timeZone)
            {
                await SiteZone.ChangeAsync(OfSystem("starting"), timeZone, stop).ConfigureAwait(false);
            }

            var isShared = address.Kind == DatabaseKind.Postgres;
            var node = await Node.RegisterAsync(
                OfSystem("starting"), time, string.Join(',', roles), Version, stop, takesWork: !isShared || !roles.Contains("poll"), () => supervisor.QuietFor).ConfigureAwait(false);
            (logs as ProgramLogs)?.Node = node.Id;
            await ConfirmAsync(migrator, node).ConfigureAwait(false);
            var bus = new EventBus();
            var hints = new Hints(database, time, more.IsHinting, more.Redis is not { } redis ? null : new RedisCarrier(redis, database, time, logs.CreateLogger("rondo.nodes")));
            var access = new AccessControl(database, time);
            var live = new LiveServer(database, more.Live, bus, hints.Send, time, more.FeedAccess ?? new TokenFeedAccess(access, database), new NewestReadings(), node.Id, new QueueCounts(), hints.SendElsewhere);
            var ours = OfSystem(node.Id, () => hints.Send(AuditTrail.Topic));
            var poller = roles.Contains("poll") ? new Poller(database, node, options, time, chance, bus, hints.Send, logs.CreateLogger("rondo.polling"), live.Events, ours) : null;
            var secrets = new SecretBox(new SecretKeys(ring, more.Keys?.Master, time));
            var selfCheck = new SelfCheck(ours, node, options, time, logs.CreateLogger("rondo.polling"));
            var jobsOptions = more.Jobs;
            var calls = new HttpCallHandler(jobsOptions.Http, time);
            JobServer? worker = null;
            JobQueue? jobs = null;
            JobOperations? operations = null;
            var imports = more.Imports ?? new ImportChoice().Options(address, more.Retention.Imported, Environment.GetEnvironmentVariable);
            var handlers = Handlers.All(
                time, calls, new ImportHandler(database, imports, logs.CreateLogger("rondo.imports"), live.Events, chance.For("imports"), () => jobs!), new UndoHandler(database, live.Events), database,
                new FetchHandler(database, imports, more.Sources, () => new ImportOperations(ours, jobs!, operations!, imports, live.Events, time), time, _web.Value), live.Events);
            var schedules = await ReadingUpkeep.SchedulesAsync(database, more, stop).ConfigureAwait(false);
            jobs = new JobQueue(database, handlers, _ =>
            {
                worker?.Wake();
                hints.Send(JobServer.Topic);
            }, hints, live.Events, jobsOptions.Priorities);
            worker = roles.Contains("work")
                ? new JobServer(database, node, handlers, jobsOptions, time, chance, hints.Send, logs.CreateLogger("rondo.jobs"), schedules, events: live.Events, written: ours)
                : null;
            operations = OperationsOn(database);
            if (isShared)
            {
                supervisor.Start(new LeaseLoop(ours, node, supervisor.CheckProgress, hints.Send, time, logs.CreateLogger("rondo.nodes")) { Hopeless = more.Hopeless });
            }

            if (poller is not null)
            {
                hints.On(HintTopics.Polling, poller.ConfigurationChanged);
            }

            if (worker is not null)
            {
                hints.On(JobServer.Topic, worker.Wake);
                hints.On(JobServer.IntentTopic, worker.WakeForIntent);
                worker.Start(supervisor, jobs);
                supervisor.Start(new ImportUpkeep(ours, imports, live.Events, jobs, time, logs.CreateLogger("rondo.imports")));
                if (more.JobLogs is { } jobLogs)
                {
                    supervisor.Start(jobLogs.Loop(logs.CreateLogger("rondo.jobs")));
                }
            }

            poller?.Start(supervisor);
            supervisor.Start(poller?.Clock ?? new DatabaseClockLoop(database, time));
            hints.On(SecurityModule.Topic, access.Wake);
            var sealer = new AuditLoop(database, trail, time);
            hints.On(AuditTrail.Topic, sealer.Wake);
            supervisor.Start(sealer);
            supervisor.Start(new SecretLoop(database, secrets, time));
            foreach (var (topic, heard) in live.Hints)
            {
                hints.On(topic, heard);
            }

            live.Start(supervisor);
            hints.Start(supervisor, chance);
            supervisor.Start(new Upkeep(database, options, time));
            ReadingUpkeep.Start(supervisor, database, more.Retention with { Polled = options.ReadingRetention }, time);
            selfCheck.Start(supervisor);
            HostLog.Started(log, node.Id, address.Shown, string.Join(',', roles));
            var server = new Server(database, node, poller, jobs, worker, bus, hints, supervisor, selfCheck, options, log) { JobOperations = operations, Calls = calls, JobsOptions = jobsOptions, Access = access, Time = time, SignIns = new SignIns(time), Audit = trail, Secrets = secrets, Operations = OperationsOn, Live = live, ImportOptions = imports };
            server.StartNumbers(more.Metrics, logs);
            if (more.Watch is { } watch && roles.Contains("work"))
            {
                supervisor.Start(server._watch = Watching.Of(server, watch, ours, logs.CreateLogger("rondo.imports")));
            }

            return server;

            // What the system does by itself is done without a key ring too.
            AuditedDatabase OfSystem(string name, Action? written = null) =>
                new(database, trail, new Actor("system", name, Environment.MachineName), AuditRules.All, written: written, isOptional: true);

            JobOperations OperationsOn(Database on) => new(on, handlers, jobsOptions, topic =>
            {
                hints.Send(topic);
                if (topic == JobServer.IntentTopic)
                {
                    worker?.WakeForIntent();
                }
                else
                {
                    worker?.Wake();
                }
            }, live.Events);
        }
        catch
        {
            await database.DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>How readings are rolled up, and who knows when they were planned.</summary>
    public static RollupOptions Rollups { get; } = new() { Schedules = [new PlanSchedule()] };

    /// <summary>Version of this program.</summary>
    public static string Version { get; } = typeof(Server).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    /// <summary>Looks after who is let in from now on; for who listens. A node without HTTP has nobody to let in.</summary>
    public void StartAccess()
    {
        Access.Start(_supervisor);
        _supervisor.Start(new HealthLoop(this));
        _supervisor.Start(new WindowLoop(this));
    }

    /// <summary>The database for changes of somebody: they are written down as theirs, in the transactions that make them.</summary>
    /// <param name="actor">Who.</param>
    /// <param name="label">What they do, where the work does not tell.</param>
    /// <param name="isOptional">True: it is done without a key ring too.</param>
    public AuditedDatabase Written(Actor actor, AuditLabel? label = null, bool isOptional = false) =>
        new(Database, Audit, actor, AuditRules.All, label, () => Hints.Send(AuditTrail.Topic), isOptional);

    /// <summary>Makes a code for the first admin when there is none yet; for a server that listens on loopback.</summary>
    public async Task<string?> OfferSetupAsync(CancellationToken stop)
    {
        FirstAdmin = await FirstAdmin.OfferAsync(Written(new Actor("setup", "first admin", "loopback")), Time, Hints.Send, stop).ConfigureAwait(false);
        return FirstAdmin?.Code;
    }

    /// <summary>Stops cleanly: no slot up to now is left without an outcome, everything owned is given back.</summary>
    public async Task StopAsync()
    {
        // While the lease is still renewed: what runs may need longer than it lasts.
        if (Worker is not null && !Node.IsDead)
        {
            await Worker.DrainAsync().ConfigureAwait(false);
        }

        await _supervisor.StopAsync(_patience).ConfigureAwait(false);
        if (Poller is not null)
        {
            await Poller.StopAsync(_patience).ConfigureAwait(false);

            // The loop that would tell of what was just given back has ended.
            await Hints.FlushAsync().ConfigureAwait(false);
        }

        try
        {
            await Node.EndAsync().ConfigureAwait(false);
        }
        catch (StorageFault fault)
        {
            HostLog.EndFailed(_log, fault.Message);
        }
    }

    /// <summary>Says what is slow from now on, and sends numbers to whoever collects them.</summary>
    private void StartNumbers(MetricsOptions options, ILoggerFactory logs)
    {
        var log = logs.CreateLogger("rondo.storage");
        Database.Statements.SlowAfter = options.SlowStatement;
        Database.Statements.Slow = new SlowLog(Time, log, Numbers.CountSlow).Tell;
        if (Database is PostgresDatabase postgres)
        {
            _supervisor.Start(new BlockerLoop(postgres, Time));
        }

        if (options.Otlp is { } collector)
        {
            _otlp = new Otlp(this, options);
            _supervisor.Start(_otlp);
            MetricsLog.Sending(log, collector);
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        _watch?.Dispose();
        _otlp?.Dispose();
        Calls.Dispose();
        SignIns.Dispose();
        await Jobs.DisposeAsync().ConfigureAwait(false);
        await Hints.DisposeAsync().ConfigureAwait(false);
        await Database.DisposeAsync().ConfigureAwait(false);
    }

    /// <summary>
    /// Looks at the schema again, now that <paramref name="node"/> is registered: somebody may have contracted it since the first look. Who contracts looks for
    /// nodes under the lock that this look waits for, so either they see this node or it sees what they did.
    /// </summary>
    private static async Task ConfirmAsync(Migrator migrator, Node node)
    {
        try
        {
            await migrator.ApplyAsync().ConfigureAwait(false);
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Schema)
        {
            await node.EndAsync().ConfigureAwait(false);
            throw;
        }
    }
}
