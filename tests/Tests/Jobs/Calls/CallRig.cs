using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Jobs.Operations;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>A request as it came over the wire.</summary>
internal sealed record Received(string Method, string Path, IReadOnlyDictionary<string, string> Headers, byte[] Body);

/// <summary>A real web server on loopback, which answers as the test says.</summary>
internal sealed class Receiver : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly CancellationTokenSource _gone = new();

    private Receiver(WebApplication app) => _app = app;

    public ConcurrentQueue<Received> Requests { get; } = new();

    public int Port { get; private set; }

    public string Url(string path, string host = "127.0.0.1") => $"http://{host}:{Port}{path}";

    public static async Task<Receiver> StartAsync(Func<HttpContext, int, Task> answer, string address = "127.0.0.1", int port = 0, X509Certificate2? certificate = null)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Parse(address), port, place =>
        {
            if (certificate is not null)
            {
                place.UseHttps(certificate);
            }
        }));
        var app = builder.Build();
        var receiver = new Receiver(app);
        app.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            var headers = context.Request.Headers.ToDictionary(h => h.Key, h => h.Value.ToString(), StringComparer.OrdinalIgnoreCase);
            receiver.Requests.Enqueue(new Received(context.Request.Method, $"{context.Request.Path}{context.Request.QueryString}", headers, body.ToArray()));
            await answer(context, receiver.Requests.Count);
        });
        await app.StartAsync();
        receiver.Port = new Uri(app.Urls.First()).Port;
        return receiver;
    }

    public async ValueTask DisposeAsync()
    {
        await _gone.CancelAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await _app.StopAsync(patience.Token);
        await _app.DisposeAsync();
        _gone.Dispose();
    }
}

/// <summary>A node that runs jobs of kind <c>http</c> over a database of the test's own.</summary>
internal sealed class CallRig : IAsyncDisposable
{
    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(1), (_, _) => { }, _ => { });
    private readonly TestStore _store;
    private readonly JobQueue _queue;
    private readonly HttpCallHandler _handler;

    private readonly KeptLease _lease;

    private CallRig(TestStore store, Node node, JobQueue queue, JobServer server, HttpCallHandler handler)
    {
        (_store, _queue, Server, _handler, _lease) = (store, queue, server, handler, new KeptLease(store.Database, node));
    }

    public JobServer Server { get; }

    public Database Database => _store.Database;

    public static async Task<CallRig> StartAsync(
        HttpCallOptions options, DatabaseKind kind = DatabaseKind.Sqlite, Func<string, CancellationToken, Task<IPAddress[]>>? resolve = null, int attempts = 3)
    {
        var store = await TestStore.CreateAsync(kind);
        var node = await Node.RegisterAsync(store.Database, TimeProvider.System, "work", "test", default);
        var handler = new HttpCallHandler(options, TimeProvider.System, resolve);
        var handlers = new JobHandlers().Add("http", handler, HttpCallHandler.Options with { Attempts = attempts, Backoff = RetryPolicy.List(TimeSpan.FromMilliseconds(20)) });
        JobServer? server = null;
        var queue = new JobQueue(store.Database, handlers, _ => server!.Wake());
        server = new JobServer(store.Database, node, handlers, JobRig.Fast, TimeProvider.System, new Chance(7), _ => { }, NullLogger.Instance);
        var rig = new CallRig(store, node, queue, server, handler);
        server.Start(rig._supervisor);
        return rig;
    }

    /// <summary>What may call this machine.</summary>
    public static HttpCallOptions Local(params string[] more) => new()
    {
        Allow = [.. new[] { "127.0.0.1" }.Concat(more).Select(text => CallTarget.TryParse(text, out var target) ? target : throw new ArgumentException(text, nameof(more)))],
    };

    public async Task<long> EnqueueAsync(HttpCall call) => (await _queue.EnqueueAsync(call)).Id;

    public async Task<long> EnqueueAsync(string args) => (await _queue.EnqueueAsync("http", args)).Id;

    public Task<JobRow?> FindAsync(long id) => Database.ReadAsync("test", tx => OperationStore.Find(tx, id));

    public async Task<string[]> FailuresAsync(long id) => [.. (await Database.ReadAsync("test", tx => OperationStore.Failures(tx, id))).Select(f => $"{f.Attempt} {f.Outcome} {f.Error}")];

    public async Task<string[]> LinesAsync() => [.. await _store.QueryAsync<string>("select text from job_log order by job_id, lease_no, line")];

    public async Task<JobRow> UntilAsync(long id, params string[] states) => (await Eventually.GetAsync(() => FindAsync(id), job => states.Contains(job?.State), $"job {id} is {string.Join(" or ", states)}"))!;

    /// <summary>Runs a call to its end.</summary>
    public async Task<JobRow> CallAsync(HttpCall call) => await UntilAsync(await EnqueueAsync(call), "done", "dead");

    public async ValueTask DisposeAsync()
    {
        await Server.DrainAsync();
        await _supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await _supervisor.DisposeAsync();
        _lease.Dispose();
        await _queue.DisposeAsync();
        _handler.Dispose();
        await _store.DisposeAsync();
    }

    public static JsonElement Json(string text) => JsonSerializer.Deserialize<JsonElement>(text);
}
