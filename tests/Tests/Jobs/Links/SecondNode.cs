using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Jobs.Links;

/// <summary>Another node on the PostgreSQL database of a rig, with connections of its own.</summary>
internal sealed class SecondNode : IAsyncDisposable
{
    private readonly TestStore _store;
    private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(2), (_, _) => { }, _ => { });

    private readonly KeptLease _lease;

    private SecondNode(TestStore store, Node node, JobServer server) => (_store, Server, _lease) = (store, server, new KeptLease(store.Database, node));

    public JobServer Server { get; }

    public static async Task<SecondNode> StartAsync(JobRig rig, Func<Work, JobContext, CancellationToken, Task<JobResult>> handle)
    {
        var store = rig.Store.Beside();
        var node = await Node.RegisterAsync(store.Database, TimeProvider.System, "work", "test", default);
        var handlers = new JobHandlers().Add("work", new Handler(handle));
        var second = new SecondNode(store, node, new JobServer(store.Database, node, handlers, rig.Options, TimeProvider.System, new Chance(8), _ => { }, NullLogger.Instance));
        second.Server.Start(second._supervisor);
        return second;
    }

    public async ValueTask DisposeAsync()
    {
        await _supervisor.StopAsync(TimeSpan.FromSeconds(3));
        await _supervisor.DisposeAsync();
        _lease.Dispose();
        await _store.DisposeAsync();
    }

    private sealed class Handler(Func<Work, JobContext, CancellationToken, Task<JobResult>> handle) : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => handle(args, job, stop);
    }
}
