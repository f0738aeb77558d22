using System.Diagnostics;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Jobs.Links;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What an operator wants is done by every node within two seconds, however rarely nodes look for jobs, with hints and without.</summary>
public sealed class WishTests
{
    private const string Queue = JobsOptions.DefaultQueue;

    // Another test may have the machine just then; once is enough to show that nobody waits for the poll interval.
    private const int Tries = 10;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan Obeyed = TimeSpan.FromSeconds(2);
    private static readonly JobsOptions Rare = JobRig.Fast with { PollInterval = TimeSpan.FromSeconds(60) };

    [Fact]
    public async Task Without_hints_two_nodes_obey_within_2_s()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, stop) => UntilStoppedAsync(stop), jobs: Rare);
        await using var second = await SecondNode.StartAsync(rig, (_, _, stop) => UntilStoppedAsync(stop));
        var operations = new JobOperations(rig.Database, new JobHandlers().AddForEnqueue<Work>("work"), Rare, _ => { });
        await AllAsync(operations, () => rig.EnqueueAsync("a"), () => rig.Server.State, () => second.Server.State);
    }

    [Fact]
    public async Task With_hints_two_nodes_obey_within_2_s()
    {
        await using var postgres = await TestPostgres.CreateAsync();

        // Nothing but a hint makes a node look in time.
        var settings = new JobHostSettings { Jobs = Rare with { LookEvery = Rare.PollInterval } };
        await using var one = await JobHost.StartAsync(postgres.Url, _ => new JobHandlers().Add("work", new Stubborn()), settings);
        await using var other = await JobHost.StartAsync(postgres.Url, _ => new JobHandlers().Add("work", new Stubborn()), settings);
        await Eventually.TrueAsync(() => one.Hints.IsListening && other.Hints.IsListening, "both nodes listen", Patience);
        var heard = other.Hints.Received;
        await AllAsync(one.Operations, async () => (await one.Queue.EnqueueAsync(new Work("a"))).Id, () => one.State!, () => other.State!);
        Assert.True(other.Hints.Received > heard, "no hint was heard");
    }

    private static async Task AllAsync(JobOperations operations, Func<Task<long>> enqueue, params Func<JobServerState>[] nodes)
    {
        await Eventually.TrueAsync(() => nodes.All(n => n().HasLooked), "both nodes have begun", Patience);
        await ObeyAsync("a pause", () => operations.Queues.PauseAsync(Queue, isPaused: true), () => operations.Queues.PauseAsync(Queue, isPaused: false), state => state.IsPaused);
        await ObeyAsync("a scale", () => operations.Queues.ScaleAsync(Queue, 3), () => operations.Queues.ScaleAsync(Queue, null), state => state.Workers == 3);
        await ObeyAsync("a stop", () => operations.Queues.ScaleAsync(Queue, 0), () => operations.Queues.ScaleAsync(Queue, null), state => state.Workers == 0);

        // Two jobs: as many as nodes, which may both be at one.
        await TryAsync("a cancel", async () =>
        {
            var ids = new[] { await enqueue(), await enqueue() };
            await Eventually.TrueAsync(() => AreAsync(ids, "running"), "both run", Patience);
            var from = Stopwatch.GetTimestamp();
            foreach (var id in ids)
            {
                Assert.Null((await operations.ActAsync(JobVerb.Cancel, id)).Refusal);
            }

            await Eventually.TrueAsync(() => AreAsync(ids, "cancelled"), "both are cancelled", Patience);
            return Stopwatch.GetElapsedTime(from);
        });

        async Task<bool> AreAsync(long[] ids, string state)
        {
            var jobs = await Task.WhenAll(ids.Select(id => operations.ShowAsync(id)));
            return jobs.All(job => job!.Job.State == state);
        }

        // What was wanted, and its contrary.
        Task ObeyAsync(string what, Func<Task> wish, Func<Task> undo, Func<QueueState, bool> isObeyed) => TryAsync(what, async () =>
        {
            var wanted = await TimeAsync(wish, isObeyed);
            var undone = await TimeAsync(undo, state => !isObeyed(state));
            return wanted > undone ? wanted : undone;
        });

        async Task<TimeSpan> TimeAsync(Func<Task> wish, Func<QueueState, bool> isObeyed)
        {
            var from = Stopwatch.GetTimestamp();
            await wish();
            await Eventually.TrueAsync(() => nodes.All(n => isObeyed(n().Queues.Single(q => q.Name == Queue))), "both nodes obey", Patience);
            return Stopwatch.GetElapsedTime(from);
        }
    }

    private static async Task TryAsync(string what, Func<Task<TimeSpan>> measure)
    {
        var took = TimeSpan.MaxValue;
        for (var n = 0; n < Tries && took > Obeyed; n++)
        {
            took = await measure();
        }

        Assert.True(took <= Obeyed, $"{what} was obeyed after {took.TotalSeconds:0.0} s");
    }

    private static async Task<JobResult> UntilStoppedAsync(CancellationToken stop)
    {
        await new TaskCompletionSource().Task.WaitAsync(stop);
        return JobResult.Done;
    }

    private sealed class Stubborn : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => UntilStoppedAsync(stop);
    }
}
