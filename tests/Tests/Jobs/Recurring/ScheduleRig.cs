using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Recurring;
using Rondo.Jobs.Schedules;
using Rondo.Jobs.Upkeep;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Recurring;

/// <summary>Whoever fires ticks comes by the fail points of schedules, which are those of the process: one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class ScheduleCollection
{
    public const string Name = "schedules";
}

/// <summary>
/// Schedules over a database of the test's own, in the test's own time, which begins on Monday, 2 March 2026, 00:00 UTC. The loops are real and pass when the test
/// says so; jobs run when the test ends them.
/// </summary>
internal sealed class ScheduleRig : IAsyncDisposable
{
    private readonly HandlerOptions<Work>? _handler;
    private readonly JobsOptions _options = new() { PollInterval = TimeSpan.FromSeconds(1) };
    private readonly List<TestStore> _beside = [];
    private PumpStore _pump = null!;

    private ScheduleRig(TestStore store, FakeTime time, HandlerOptions<Work>? handler)
    {
        (Store, Time, _handler) = (store, time, handler);
        Schedules = new JobOperations(store.Database, Handlers, _options, Topics.Add).Schedules;
    }

    public TestStore Store { get; }

    public FakeTime Time { get; }

    public Node Node { get; private set; } = null!;

    public ScheduleLoop Loop { get; private set; } = null!;

    public ScheduleOperations Schedules { get; }

    public List<string> Topics { get; } = [];

    /// <summary>Jobs the loop cancelled, or asked for.</summary>
    public int Cancels { get; private set; }

    public Instant Now => Store.Database.Clock.Now;

    private JobHandlers Handlers => new JobHandlers().AddForEnqueue("work", _handler);

    public static async Task<ScheduleRig> StartAsync(DatabaseKind kind, JobSchedules? defined = null, HandlerOptions<Work>? handler = null)
    {
        var time = new FakeTime();
        var rig = new ScheduleRig(await TestStore.CreateAsync(kind, time), time, handler);
        rig.Node = await Node.RegisterAsync(rig.Store.Database, time, "work", "test", default);
        rig._pump = PumpStore.For(kind, rig._options, rig.Node.Id);
        HistoryStore.Prepare(rig.Store.Database, rig._options);
        rig.Restart(defined);
        return rig;
    }

    /// <summary>The loop as the next start of the program has it: nothing of the last one is left.</summary>
    public void Restart(JobSchedules? defined = null) => Loop = NewLoop(Store.Database, Node, defined);

    /// <summary>A loop of another node.</summary>
    public async Task<(ScheduleLoop Loop, Node Node)> BesideAsync()
    {
        if (Store.Address.Kind == DatabaseKind.Sqlite)
        {
            // There is one server over a file; two loops of one are the nearest thing.
            return (NewLoop(Store.Database, Node, null), Node);
        }

        var store = Store.Beside();
        _beside.Add(store);
        var node = await Node.RegisterAsync(store.Database, Time, "work", "test", default);
        return (NewLoop(store.Database, node, null), node);
    }

    /// <summary>Adds one as an operator does.</summary>
    public Task<ScheduleDetails> AddAsync(
        string name, string? cron = null, string? every = null, string? zone = null, MissedPolicy? missed = null, OverlapPolicy overlap = OverlapPolicy.Skip, bool mayReplace = false) => Schedules.AddAsync(
        new ScheduleDefinition
        {
            Name = name,
            Kind = "work",
            Args = $$"""{"name":"{{name}}"}""",
            When = new ScheduleText(cron, zone, every),
            Options = new ScheduleOptions { Missed = missed ?? MissedPolicy.Once, Overlap = overlap },
        },
        mayReplace);

    /// <summary>Lets time pass, with nobody looking.</summary>
    public void Advance(TimeSpan by) => Time.Advance(by);

    /// <summary>Passes of the loop until it has nothing to do at once.</summary>
    public Task PassAsync() => PassAsync(Loop, Node);

    public async Task PassAsync(ScheduleLoop loop, Node node)
    {
        Renew(node);
        for (var pass = 0; await loop.PassAsync() <= TimeSpan.Zero; pass++)
        {
            Assert.True(pass < 500, "a loop without end");
        }
    }

    public static void Renew(Node node) => Assert.True(node.Renew());

    /// <summary>Lets time pass and passes, step by step.</summary>
    public async Task WalkAsync(TimeSpan step, int steps)
    {
        for (var n = 0; n < steps; n++)
        {
            Advance(step);
            await PassAsync();
        }
    }

    /// <summary>Has all ready jobs of the schedules run to their end; returns their ids.</summary>
    public long[] EndJobs() => End(Claim());

    public List<ClaimedJob> Claim() => Store.Database.Write("test", tx => _pump.Claim(tx, [new Want("default", 1_000, long.MinValue)]));

    public long[] End(List<ClaimedJob> jobs, Outcome outcome = Outcome.Done)
    {
        HistoryStore.Prepare(Store.Database, _options);
        Finish[] ends = [.. jobs.Select(job => new Finish { Job = job, Outcome = outcome, StartedAt = Now, EndedAt = Now, Due = Now, Error = outcome == Outcome.Done ? null : "test" })];
        Assert.Equal(jobs.Count, Store.Database.Write("test", tx => _pump.Write(tx, ends)).Count);
        return [.. jobs.Select(j => j.Id)];
    }

    /// <summary>The ledger of a schedule, a line each: <c>00:10 enqueued</c>, <c>00:20-00:50 4 missed</c>. Days other than the first are told.</summary>
    public async Task<string[]> LedgerAsync(string name) => [.. (await TicksAsync(name)).Select(t =>
        $"{Show(t.Due)}{(t.Ticks > 1 ? $"-{Show(t.UntilDue)} {t.Ticks}" : "")} {t.Reason ?? t.Outcome}")];

    public async Task<List<TickRow>> TicksAsync(string name)
    {
        var ticks = (await Store.QueryAsync<TickRow>(
            "select t.* from job_tick t join job_schedule s on s.id = t.schedule_id where s.name = @name order by t.due", new { name })).ToList();
        Assert.All(ticks, t => Assert.True(t.Outcome != "enqueued" || t.JobId is not null));
        return ticks;
    }

    /// <summary>Jobs of a schedule, in the order of their ticks.</summary>
    public async Task<List<JobRow>> JobsAsync(string name) =>
        [.. (await Store.QueryAsync<JobRow>("select * from job where metadata is not null order by id")).Where(j => ScheduleMark.Of(j.Metadata)?.Name == name)];

    /// <summary>Each due instant has one outcome, each enqueued tick one job that says so, and no job comes from nowhere.</summary>
    public async Task<LedgerProof> ProveAsync(string name)
    {
        var proof = await Schedules.ProveAsync(name);
        Assert.NotNull(proof);
        Assert.True(proof.IsClean, string.Join('\n', proof.Problems));
        Assert.Equal(proof.Expected, proof.Recorded);
        var enqueued = (await TicksAsync(name)).Where(t => t.Outcome == "enqueued").Select(t => (t.JobId!.Value, t.Due.ToString())).Order().ToArray();
        var jobs = (await JobsAsync(name)).Select(j => (j.Id, ScheduleMark.Of(j.Metadata)!.Value.Due)).Where(j => j.Due is not null).Select(j => (j.Id, j.Due!)).Order().ToArray();
        Assert.Equal(enqueued, jobs);
        return proof;
    }

    public async ValueTask DisposeAsync()
    {
        Store.Database.Before = Store.Database.After = null;
        foreach (var store in _beside)
        {
            await store.Database.DisposeAsync();
        }

        await Store.DisposeAsync();
    }

    private ScheduleLoop NewLoop(SteeredDatabase database, Node node, JobSchedules? defined)
    {
        var handlers = Handlers;
        return new ScheduleLoop(database, node, new JobQueue(database, handlers), handlers, defined, _options, () => Cancels++, Time, NullLogger.Instance);
    }

    private static string Show(Instant at)
    {
        var time = at.ToDateTime();
        var day = time.Date == FakeTime.Start.UtcDateTime.Date ? "" : time.ToString("MM-dd ", System.Globalization.CultureInfo.InvariantCulture);
        return day + time.ToString(time.Second == 0 ? "HH:mm" : "HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
    }
}
