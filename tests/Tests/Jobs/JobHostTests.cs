using System.Collections.Concurrent;
using Rondo.Jobs;
using Rondo.Jobs.Logs;
using Rondo.Storage;
using Rondo.Storage.Schema;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>The queue as a program of somebody else's has it.</summary>
public sealed class JobHostTests
{
    private static readonly JobHostSettings Settings = new() { Jobs = JobRig.Fast };

    [Theory, BothDatabases]
    public async Task One_object_migrates_runs_and_leaves_nothing_behind_and_others_enqueue_beside_it(DatabaseKind kind)
    {
        await using var place = await Place.CreateAsync(kind);
        var ran = new ConcurrentQueue<string>();
        Migration[] own = [new("shop", 1, "shop", "create table shop (id {bigint} not null primary key)")];
        await using (var host = await JobHost.StartAsync(place.Address, _ => Handlers((work, _, _) => Ran(ran, work)), Settings with { Migrations = own }))
        {
            await host.Database.WriteAsync("test", tx =>
            {
                tx.Execute(new Sql("test", "insert into shop (id) values (1)"));
                host.Queue.Enqueue(tx, new Work("own"));
            });
            await using (var beside = await JobHost.StartAsync(place.Address, _ => new JobHandlers().AddForEnqueue<Work>("work"), Settings with { RunsJobs = false }))
            {
                Assert.Equal((null, null), (beside.Node, beside.State));
                await beside.Queue.EnqueueAsync(new Work("beside"));
                await Eventually.TrueAsync(() => ran.Count == 2, "both have run");
                await Eventually.TrueAsync(async () => (await beside.Operations.ListAsync(new JobFilter { State = JobState.Done }, 10)).Count == 2, "both are done");
            }

            Assert.Equal(["beside", "own"], ran.Order());
            await host.StopAsync();
            Assert.Equal((2L, 0L), (host.State!.Finished, host.State.Refused));
            Assert.Equal(0, await LiveAsync(host));

            // Once more is nothing.
            await host.StopAsync();
            await host.DisposeAsync();
        }
    }

    [Theory, BothDatabases]
    public async Task A_stop_gives_back_what_runs_and_the_next_start_runs_it(DatabaseKind kind)
    {
        await using var place = await Place.CreateAsync(kind);
        var running = new TaskCompletionSource();
        long id;
        var impatient = Settings with { Jobs = JobRig.Fast with { StopPatience = TimeSpan.FromMilliseconds(50) } };
        await using (var host = await JobHost.StartAsync(place.Address, _ => Handlers(async (_, _, stop) =>
        {
            running.SetResult();
            await new TaskCompletionSource().Task.WaitAsync(stop);
            return JobResult.Done;
        }), impatient))
        {
            id = (await host.Queue.EnqueueAsync(new Work("long"))).Id;
            await running.Task.WaitAsync(TimeSpan.FromSeconds(15));
        }

        await using var next = await JobHost.StartAsync(place.Address, _ => Handlers((_, _, _) => Task.FromResult(JobResult.Done)), Settings);
        var job = (await Eventually.GetAsync(() => next.Operations.ShowAsync(id), job => job?.Job.State == "done", "it is done"))!.Job;
        Assert.Equal((1, 2, 0), (job.Attempts, job.LeaseNo, job.Crashes));
    }

    [Theory, BothDatabases]
    public async Task Who_stops_it_a_second_time_waits_for_the_same_end(DatabaseKind kind)
    {
        await using var place = await Place.CreateAsync(kind);
        var (running, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        var host = await JobHost.StartAsync(place.Address, _ => Handlers(async (_, _, _) =>
        {
            running.SetResult();
            await go.Task;
            return JobResult.Done;
        }), Settings);
        await host.Queue.EnqueueAsync(new Work("long"));
        await running.Task.WaitAsync(Eventually.DefaultBound, TestContext.Current.CancellationToken);
        var first = host.StopAsync();
        var second = host.DisposeAsync().AsTask();
        Assert.False(second.IsCompleted);
        go.SetResult();
        await first;
        await second;
        Assert.Equal(1L, host.State!.Finished);
    }

    [Theory, BothDatabases]
    public async Task It_runs_the_programs_schedules_and_refuses_what_it_would_not_do(DatabaseKind kind)
    {
        await using var place = await Place.CreateAsync(kind);
        var ran = new ConcurrentQueue<string>();
        var schedules = new JobSchedules().AddEvery("pulse", TimeSpan.FromSeconds(1), new Work("tick"));
        await using (await JobHost.StartAsync(place.Address, _ => Handlers((work, _, _) => Ran(ran, work)), Settings with { Schedules = schedules }))
        {
            await Eventually.TrueAsync(() => !ran.IsEmpty, "a tick has run");
        }

        var withFiles = Settings with { Jobs = JobRig.Fast with { Log = new JobLogOptions { Folder = "/nowhere" } } };
        var refused = await Assert.ThrowsAsync<InvalidOperationException>(() => JobHost.StartAsync(place.Address, _ => new JobHandlers(), withFiles));
        Assert.Contains("Jobs.Log.Folder", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_node_that_was_declared_dead_is_refused_and_comes_back_as_another_one()
    {
        await using var place = await Place.CreateAsync(DatabaseKind.Postgres);
        var running = new TaskCompletionSource();
        await using var host = await JobHost.StartAsync(
            place.Address,
            database => Handlers(async (_, job, stop) =>
            {
                if (job.Fence.LeaseNo == 1)
                {
                    running.SetResult();
                    await Task.WhenAny(new TaskCompletionSource().Task.WaitAsync(stop));
                }

                await database.WriteAsync("test", job.FinishIn, CancellationToken.None);
                return JobResult.Done;
            }),
            Settings);
        var first = host.Node!;
        var id = (await host.Queue.EnqueueAsync(new Work("a"))).Id;
        await running.Task.WaitAsync(TimeSpan.FromSeconds(15));
        await host.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "update node set state = 'dead', ended_at = @now where id = @first"), new { first, now = tx.Now }); });
        var job = (await Eventually.GetAsync(() => host.Operations.ShowAsync(id), job => job?.Job.State == "done", "it is done", TimeSpan.FromSeconds(30)))!.Job;
        Assert.NotEqual(first, job.Node);
        Assert.Equal(host.Node, job.Node);
        Assert.Equal(2, job.LeaseNo);

        // The end in its own transaction; what the handler then says of it is a failure of an attempt that is lost.
        await Eventually.TrueAsync(() => host.State!.Refused > 0, "the late end is counted");
        Assert.False(host.Broken.IsCompleted);
        Assert.Equal(1, await LiveAsync(host));
    }

    [Theory, BothDatabases]
    public async Task A_program_is_told_when_its_process_has_done_its_share_and_goes_on_until_it_ends_it(DatabaseKind kind)
    {
        await using var place = await Place.CreateAsync(kind);
        await using var host = await JobHost.StartAsync(
            place.Address, _ => Handlers((_, _, _) => Task.FromResult(JobResult.Done)), Settings with { Jobs = Settings.Jobs with { RecycleAfterJobs = 3 } });
        await host.Queue.EnqueueManyAsync([new Work("a"), new Work("b")]);
        await Eventually.TrueAsync(() => host.State!.Finished == 2, "two have ended");
        Assert.False(host.Recycled.IsCompleted);
        await host.Queue.EnqueueAsync(new Work("c"));
        Assert.Equal("this process has ended 3 attempts; jobs.recycle.after_jobs is 3", await host.Recycled.WaitAsync(Eventually.DefaultBound, TestContext.Current.CancellationToken));

        var id = (await host.Queue.EnqueueAsync(new Work("d"))).Id;
        await Eventually.GetAsync(() => host.Operations.ShowAsync(id), job => job?.Job.State == "done", "it goes on");
        Assert.False(host.Broken.IsCompleted);
    }

    [Fact]
    public async Task What_cannot_start_says_why_and_holds_nothing()
    {
        await using var place = await Place.CreateAsync(DatabaseKind.Sqlite);
        await Assert.ThrowsAsync<ArgumentException>(() => JobHost.StartAsync("shop.db", _ => new JobHandlers()));
        await Assert.ThrowsAsync<InvalidOperationException>(() => JobHost.StartAsync(place.Address, _ => new JobHandlers(), new JobHostSettings { Jobs = new JobsOptions { DefaultWorkers = -1 } }));
        await Assert.ThrowsAsync<InvalidOperationException>(() => JobHost.StartAsync(place.Address, _ => throw new InvalidOperationException("the program's own trouble")));
        await using (await JobHost.StartAsync(place.Address, _ => new JobHandlers(), Settings))
        {
            var refused = await Assert.ThrowsAsync<StorageFault>(() => JobHost.StartAsync(place.Address, _ => new JobHandlers(), Settings));
            Assert.Contains($"{Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
        }

        await using var again = await JobHost.StartAsync(place.Address, _ => new JobHandlers(), Settings);
        Assert.NotNull(again.Node);
    }

    private static JobHandlers Handlers(Func<Work, JobContext, CancellationToken, Task<JobResult>> handle) => new JobHandlers().Add("work", new Handler(handle));

    private static Task<JobResult> Ran(ConcurrentQueue<string> ran, Work work)
    {
        ran.Enqueue(work.Name);
        return Task.FromResult(JobResult.Done);
    }

    private static Task<long> LiveAsync(JobHost host) => host.Database.ReadAsync("test", tx => tx.First<long>(new Sql("test", "select count(*) from node where state = 'live'")));

    private sealed class Handler(Func<Work, JobContext, CancellationToken, Task<JobResult>> handle) : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => handle(args, job, stop);
    }

    /// <summary>An empty database of either kind.</summary>
    private sealed class Place(string address, IDisposable? folder, TestPostgres? postgres) : IAsyncDisposable
    {
        public string Address => address;

        public static async Task<Place> CreateAsync(DatabaseKind kind)
        {
            if (kind == DatabaseKind.Postgres)
            {
                var postgres = await TestPostgres.CreateAsync();
                return new Place(postgres.Url, null, postgres);
            }

            var folder = new TempFolder();
            return new Place("sqlite:" + folder.At("jobs.db"), folder, null);
        }

        public async ValueTask DisposeAsync()
        {
            folder?.Dispose();
            if (postgres is not null)
            {
                await postgres.DisposeAsync();
            }
        }
    }
}
