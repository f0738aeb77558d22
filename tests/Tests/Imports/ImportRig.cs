using System.Text;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Imports;
using Rondo.Imports.Profiles;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Jobs;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>A node that runs imports over a database of the test's own.</summary>
internal sealed class ImportRig : IAsyncDisposable
{
    private static readonly JobsOptions _fast = new()
    {
        PollInterval = TimeSpan.FromMilliseconds(100), Grace = TimeSpan.FromMilliseconds(500), StopPatience = TimeSpan.FromSeconds(2), OnlyNamedQueues = true,
    };

    // For something that happens at once, on a machine that does much else.
    private static readonly TimeSpan _bound = TimeSpan.FromMinutes(2);

    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(1), (_, _) => { }, _ => { });
    private readonly TempFolder _folder;
    private readonly JobServer _server;
    private readonly JobQueue _queue;

    private readonly Node _node;
    private KeptLease? _lease;

    private ImportRig(TestStore store, TempFolder folder, Node node, JobServer server, JobQueue queue, JobOperations jobs, ImportOptions options) =>
        (Store, _node, _folder, _server, _queue, Jobs, Options, Imports) = (store, node, folder, server, queue, jobs, options, new ImportOperations(store.Database, queue, jobs, options, new EventLog(), TimeProvider.System));

    public TestStore Store { get; }

    public SteeredDatabase Database => Store.Database;

    public ImportOperations Imports { get; }

    public JobOperations Jobs { get; }

    /// <summary>Operations of another process over the same database and folder.</summary>
    public ImportOperations Beside(Database database) => new(database, _queue, Jobs, Options, new EventLog(), TimeProvider.System);

    /// <summary>True while no run of an import is under way in this process, not even one that was given up on.</summary>
    public bool IsIdle => _server.State is var state && state.WrittenOff + state.Queues.Sum(q => q.Busy) == 0;

    /// <summary>Where the file of an import is kept.</summary>
    public string FileOf(ImportRow row) => new Rondo.Imports.Files.FileVault(Options.Folder, 1).PathOf(row.Hash);

    /// <summary>Makes it so that an import ended so many days ago, and its file is as old.</summary>
    public async Task AgeAsync(ImportRow row, int days)
    {
        await Store.ExecuteAsync("update import set finished_at = @at where id = @id", new { id = row.Id, at = Database.Clock.Now - TimeSpan.FromDays(days) });
        File.SetLastWriteTimeUtc(FileOf(row), DateTime.UtcNow.AddDays(-days));
    }

    public ImportOptions Options { get; }

    /// <param name="kind">Which database.</param>
    /// <param name="chunk">Values in one transaction.</param>
    /// <param name="isRunning">False to run it later.</param>
    /// <param name="fetch">Makes what fetches files of sources.</param>
    /// <param name="oldest">How old an interval may be; null for any age.</param>
    /// <param name="workers">Imports at once.</param>
    /// <param name="isOld">A node of before there were imports whose meter is said.</param>
    public static async Task<ImportRig> StartAsync(
        DatabaseKind kind, int chunk = 5_000, bool isRunning = true, Func<Database, ImportOptions, Func<ImportOperations>, FetchHandler>? fetch = null, TimeSpan? oldest = null, int workers = 2, bool isOld = false)
    {
        var jobs = _fast with { Queues = new Dictionary<string, int> { [ImportHandler.Queue] = workers } };
        var store = await TestStore.CreateAsync(kind);
        var folder = new TempFolder();
        var options = new ImportOptions { Folder = folder.At("imports"), ChunkSize = chunk, Oldest = oldest };
        var node = await Node.RegisterAsync(store.Database, TimeProvider.System, "work", "test", default);
        var log = new EventLog();
        JobQueue? queue = null;
        ImportRig? rig = null;
        var handlers = new JobHandlers()
            .Add(ImportHandler.Kind, new ImportHandler(store.Database, options, NullLogger.Instance, log, new Random(1), () => queue!), ImportHandler.Options)
            .Add("http", () => throw new InvalidOperationException("nobody is called here"), HttpCallHandler.Options)
            .Add(UndoHandler.Kind, new UndoHandler(store.Database, log), UndoHandler.Options);
        if (isOld)
        {
            handlers.AddForEnqueue(ImportHandler.MeterKind, ImportHandler.MeterOptions);
        }
        else
        {
            handlers.Add(ImportHandler.MeterKind, new ImportHandler(store.Database, options, NullLogger.Instance, log, new Random(1), () => queue!), ImportHandler.MeterOptions);
        }

        if (fetch is not null)
        {
            handlers.Add(FetchHandler.Kind, fetch(store.Database, options, () => rig!.Imports), FetchHandler.Options);
        }

        JobServer? server = null;
        queue = new JobQueue(store.Database, handlers, _ => server!.Wake());
        server = new JobServer(store.Database, node, handlers, jobs, TimeProvider.System, new Chance(7), _ => { }, NullLogger.Instance);
        var operations = new JobOperations(store.Database, handlers, jobs, _ => server.Wake());
        rig = new ImportRig(store, folder, node, server, queue, operations, options);
        if (isRunning)
        {
            rig.Run();
        }

        return rig;
    }

    public void Run()
    {
        _lease = new KeptLease(Database, _node);
        _server.Start(_supervisor, _queue);
    }

    /// <summary>Hands a text in.</summary>
    public async Task<ImportAdded> AddAsync(string text, string profile = "long-csv", Func<ImportRequest, ImportRequest>? change = null, Profile? own = null)
    {
        var request = new ImportRequest { File = "test.csv", Profile = own ?? Files.Shipped(profile) };
        return await Imports.AddAsync(change?.Invoke(request) ?? request, new MemoryStream(Encoding.UTF8.GetBytes(text)), default);
    }

    /// <summary>Hands a text in and waits until it is imported.</summary>
    public async Task<ImportRow> ImportAsync(string text, string profile = "long-csv", Func<ImportRequest, ImportRequest>? change = null, Profile? own = null, string until = "done") =>
        await UntilAsync((await AddAsync(text, profile, change, own)).Id, until);

    public Task<ImportRow> UntilAsync(long id, string state) => Eventually.GetAsync(
        async () => (await Imports.ShowAsync(id))!.Row, row => row.StateNow == state, $"import {id} is {state}", _bound);

    /// <summary>Takes an import back and waits until it is.</summary>
    public async Task<ImportRow> UndoAsync(long id)
    {
        Assert.Null((await Imports.UndoAsync(id)).Refusal);
        return await Eventually.GetAsync(async () => (await Imports.ShowAsync(id))!.Row, row => row.UndoneAt is not null, $"import {id} is taken back", _bound);
    }

    /// <summary>Looks at a source and waits for what comes of it: state of the job, and its error.</summary>
    public async Task<(string State, string? Error)> FetchAsync(string source)
    {
        var id = (await _queue.EnqueueAsync(new FetchArgs(source), new EnqueueOptions { Attempts = 1 })).Id;
        var row = await Eventually.GetAsync(
            async () => (await Store.QueryAsync<JobRow>("select state, error from job where id = @id", new { id })).Single(), r => r.State is "done" or "dead" or "cancelled", $"job {id} has ended", _bound);
        return (row.State, row.Error);
    }

    /// <summary>Every value there is, by series and time: <c>M1/import 2026-01-01T00:00:00Z 0.1 good</c>.</summary>
    public async Task<List<string>> ValuesAsync()
    {
        var rows = await Store.QueryAsync<ValueRow>("select series, at, value, quality from reading order by series, at");
        return [.. rows.Select(r => $"{r.Series} {r.At} {r.Value.ToString(System.Globalization.CultureInfo.InvariantCulture)} {r.Quality}")];
    }

    public Task<long> CountAsync(string table) => Store.ScalarAsync<long>($"select count(*) from {table}");

    public async ValueTask DisposeAsync()
    {
        Database.Before = Database.After = null;
        await _supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await _supervisor.DisposeAsync();
        _lease?.Dispose();
        await _queue.DisposeAsync();
        await Store.DisposeAsync();
        _folder.Dispose();
    }

    private sealed class JobRow
    {
        public string State { get; init; } = "";

        public string? Error { get; init; }
    }

    private sealed class ValueRow
    {
        public string Series { get; init; } = "";

        public Instant At { get; init; }

        public double Value { get; init; }

        public string Quality { get; init; } = "";
    }
}
