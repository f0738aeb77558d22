using System.Collections.Concurrent;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Jobs.Schedules;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Recurring;

/// <summary>Recurring jobs of whole servers, in real time.</summary>
[Collection(ScheduleCollection.Name)]
public sealed class ServerTests
{
    [Theory, BothDatabases]
    public async Task Two_servers_run_each_tick_of_what_the_program_defines_once(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var runs = new ConcurrentQueue<string>();
        var first = await Running.StartAsync(store.Database, kind, Defined(), (args, _) => runs.Enqueue(args.Name));
        var beside = kind == DatabaseKind.Postgres ? store.Beside() : null;
        var second = await Running.StartAsync(beside?.Database ?? store.Database, kind, Defined(), (args, _) => runs.Enqueue(args.Name), first.Node);
        var operations = new JobOperations(store.Database, new JobHandlers(), JobRig.Fast, _ => { });
        await Eventually.TrueAsync(() => runs.Count(r => r == "a") >= 4 && runs.Count(r => r == "b") >= 4, "four seconds are run");

        // What is paused here is obeyed there, at the latest with the next look.
        Assert.True(await operations.Schedules.PauseAsync("a", isPaused: true));
        await Eventually.TrueAsync(
            async () => (await operations.Schedules.ListAsync()).Schedules.First(s => s.Name == "a").LastTick!.Reason == "paused", "the pause is obeyed", TimeSpan.FromSeconds(10));
        await first.StopAsync();
        await second.StopAsync();
        foreach (var name in new[] { "a", "b" })
        {
            Assert.True((await operations.Schedules.ProveAsync(name))!.IsClean);
            var enqueued = await store.ScalarAsync<long>("select count(*) from job_tick t join job_schedule s on s.id = t.schedule_id where s.name = @name and t.outcome = 'enqueued'", new { name });
            var dues = (await store.QueryAsync<string>("select metadata from job where metadata is not null")).Select(m => ScheduleMark.Of(m)!.Value).Where(m => m.Name == name).Select(m => m.Due).ToArray();
            Assert.Equal(enqueued, dues.Length);
            Assert.Equal(dues.Length, dues.Distinct().Count());
        }

        await (beside?.Database.DisposeAsync() ?? default);

        static JobSchedules Defined() => new JobSchedules()
            .AddEvery("a", TimeSpan.FromSeconds(1), new Work("a"), new ScheduleOptions { Overlap = OverlapPolicy.Allow })
            .Add("b", "* * * * * *", "Europe/Berlin", new Work("b"), new ScheduleOptions { Overlap = OverlapPolicy.Queue });
    }

    [Theory, BothDatabases]
    public async Task A_running_job_that_the_next_tick_cancels_ends_through_its_token_and_the_next_one_runs(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var cancelled = 0;
        await using var rig = await Running.StartAsync(
            store.Database,
            kind,
            new JobSchedules().AddEvery("long", TimeSpan.FromSeconds(1), new Work("long"), new ScheduleOptions { Overlap = OverlapPolicy.Cancel }),
            (_, stop) =>
            {
                stop.WaitHandle.WaitOne(TimeSpan.FromSeconds(30));
                Interlocked.Increment(ref cancelled);
                stop.ThrowIfCancellationRequested();
            });
        await Eventually.TrueAsync(() => Volatile.Read(ref cancelled) >= 2, "two were cancelled by the next");
        await rig.StopAsync();
        var states = await store.QueryAsync<string>("select state from job order by id");
        Assert.Equal(["cancelled", "cancelled"], states.Take(2));
        Assert.Equal(0, states.Take(states.Count - 2).Count(s => s != "cancelled"));
    }

    [Fact]
    public async Task A_program_whose_schedules_are_wrong_does_not_start()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        var node = await Node.RegisterAsync(store.Database, TimeProvider.System, "work", "test", default);
        var refused = Assert.Throws<JobRefused>(() => new JobServer(
            store.Database, node, new JobHandlers(), JobRig.Fast, TimeProvider.System, new Chance(1), _ => { }, NullLogger.Instance, new JobSchedules().AddEvery("s", TimeSpan.FromMinutes(1), new Work("x"))));
        Assert.Contains("no handler takes arguments of type Work", refused.Message, StringComparison.Ordinal);
        Assert.Throws<ScheduleRefused>(() => new JobServer(
            store.Database,
            node,
            new JobHandlers().AddForEnqueue<Work>("work"),
            JobRig.Fast,
            TimeProvider.System,
            new Chance(1),
            _ => { },
            NullLogger.Instance,
            new JobSchedules().AddEvery("s", TimeSpan.FromMinutes(1), new Work("x"), new ScheduleOptions { Job = new EnqueueOptions { Queue = "a b" } })));
    }

    private sealed class Running : IAsyncDisposable
    {
        private readonly LoopSupervisor _supervisor = new(TimeProvider.System, new Chance(3), (_, _) => { }, _ => { });
        private bool _isStopped;

        private Running(Node node, JobServer server) => (Node, Server) = (node, server);

        public Node Node { get; }

        private JobServer Server { get; }

        public static async Task<Running> StartAsync(SteeredDatabase database, DatabaseKind kind, JobSchedules defined, Action<Work, CancellationToken> handle, Node? here = null)
        {
            // On SQLite a second registration would bury the first one.
            var node = kind == DatabaseKind.Sqlite && here is not null ? here : await Node.RegisterAsync(database, TimeProvider.System, "work", "test", default);
            var handlers = new JobHandlers().Add("work", new Handler(handle));
            var running = new Running(node, new JobServer(database, node, handlers, JobRig.Fast, TimeProvider.System, new Chance(7), _ => { }, NullLogger.Instance, defined));
            if (kind == DatabaseKind.Postgres)
            {
                running._supervisor.Start(new LeaseLoop(database, node, running._supervisor.CheckProgress, _ => { }, TimeProvider.System, NullLogger.Instance));
            }

            running.Server.Start(running._supervisor);
            return running;
        }

        public async Task StopAsync()
        {
            _isStopped = true;
            await Server.DrainAsync();
            await _supervisor.StopAsync(TimeSpan.FromSeconds(3));
        }

        public async ValueTask DisposeAsync()
        {
            if (!_isStopped)
            {
                await StopAsync();
            }

            await _supervisor.DisposeAsync();
        }

        private sealed class Handler(Action<Work, CancellationToken> handle) : IJobHandler<Work>
        {
            public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => Task.Run(
                () =>
                {
                    handle(args, stop);
                    return JobResult.Done;
                },
                CancellationToken.None);
        }
    }
}
