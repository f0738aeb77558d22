using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Loops;
using Rondo.Tests.Jobs;

namespace Rondo.Tests.Live;

/// <summary>A worker with the tests' handler in place of the server's own.</summary>
internal sealed class FeedWorker(JobQueue queue, JobServer server, LoopSupervisor supervisor) : IAsyncDisposable
{
    private const string Name = "mail";
    private static readonly JobsOptions _options = JobRig.Fast with { Queues = new Dictionary<string, int> { [Name] = 4 } };

    public JobQueue Queue { get; } = queue;

    public static Task<FeedWorker> StartAsync(FeedRig rig, bool isRunning = true)
    {
        var handlers = new JobHandlers().Add("work", new Handler(), new HandlerOptions<Work> { Queue = Name });
        var (database, events) = (rig.Server.Database, rig.Server.Live.Events);
        JobServer? server = null;
        var queue = new JobQueue(database, handlers, _ => server!.Wake(), log: events);
        server = new JobServer(database, rig.Server.Node, handlers, _options, TimeProvider.System, new Chance(7), _ => { }, NullLogger.Instance, events: events);
        var worker = new FeedWorker(queue, server, new LoopSupervisor(TimeProvider.System, new Chance(1), (_, _) => { }, _ => { }));
        if (isRunning)
        {
            worker.Run();
        }

        return Task.FromResult(worker);
    }

    public void Run() => server.Start(supervisor, Queue);

    public async ValueTask DisposeAsync()
    {
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await supervisor.DisposeAsync();
        await Queue.DisposeAsync();
    }

    private sealed class Handler : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => Task.FromResult(args.Name switch
        {
            "discard" => JobResult.Discard("nobody wants it"),
            "fail" => JobResult.Retry("it fails"),
            _ => JobResult.Done,
        });
    }
}
