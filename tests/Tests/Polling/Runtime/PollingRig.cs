using System.Collections.Concurrent;
using System.Diagnostics;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Live;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Ledger;
using Rondo.Polling.Proof;
using Rondo.Polling.Runtime;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>
/// All parts of one poller over a real database, with time and devices in the test's hands. Loops are not started: the rig runs their passes one
/// after the other, so that the same test always takes the same way.
/// </summary>
internal sealed class PollingRig : IAsyncDisposable
{
    private readonly TestStore _store;
    private readonly bool _ownsStore;
    private readonly SlotLoop _slots;
    private readonly FleetLoop _fleet;
    private readonly ClockLoop _clock;
    private readonly Dictionary<ArmedGroup, string> _restedAt = [];
    private TimeSpan _ran;
    private TimeSpan _looksAgain;
    private long _renewedAt;

    private PollingRig(TestStore store, bool ownsStore, FakeTime time, Node node, PollingOptions options)
    {
        _store = store;
        _ownsStore = ownsStore;
        Time = time;
        Node = node;
        var log = NullLogger.Instance;
        var chance = new Chance(42);
        Recorder = new Recorder(store.Database, node, options, time, committed => Publisher.Publish(Bus, committed), log, Events);
        _slots = new SlotLoop(Agenda, store.Database.Clock, node, () => Armory!.Workers.Values.ToList().ForEach(w => w.Interrupt()), time);
        Armory = new Armory(Agenda, Recorder, store.Database.Clock, time, options, chance, node.Row, log, Open);
        _fleet = new FleetLoop(store.Database, node, Armory, Recorder, Agenda, _slots.Wake, _ => { }, time, log);
        _clock = new ClockLoop(store.Database, options, _slots.Wake, time, log);
    }

    public FakeTime Time { get; }

    /// <summary>For a test that has it run by a supervisor.</summary>
    public FleetLoop Fleet => _fleet;

    public SteeredDatabase Database => _store.Database;

    public TestStore Store => _store;

    public Node Node { get; }

    public EventBus Bus { get; } = new();

    public Rondo.Live.Log.EventLog Events { get; } = new();

    public Agenda Agenda { get; } = new();

    public Recorder Recorder { get; }

    public Armory Armory { get; }

    /// <summary>The devices' side, by address; there before and after it was connected to.</summary>
    public ConcurrentDictionary<string, ScriptedSession> Field { get; private init; } = new();

    /// <summary>Sessions that were opened, in order.</summary>
    public List<ScriptedSession> Opened { get; } = [];

    /// <summary>False while the fleet loop is kept from looking: what is configured is heard of late.</summary>
    public bool LooksAtFleet { get; set; } = true;

    /// <summary>False while the database does not take the node's renewals.</summary>
    public bool RenewsLease { get; set; } = true;

    /// <summary>Passes of the recorder that failed.</summary>
    public List<StorageFault> Faults { get; } = [];

    public Instant Now => Database.Clock.Now;

    public static async Task<PollingRig> StartAsync(DatabaseKind kind, PollingOptions? options = null)
    {
        var time = new FakeTime();
        return await StartAsync(await TestStore.CreateAsync(kind, time), time, options, ownsStore: true);
    }

    /// <summary>The next start of the server on the same database: whatever the old one had in memory is gone.</summary>
    public async Task<PollingRig> RestartAsync(PollingOptions? options = null)
    {
        // On PostgreSQL a dead process is known by its lease or its pid; this one lives, being us.
        await Database.WriteAsync("bury", tx => { NodeRegister.Bury(tx, Node.Id); });
        return await StartAsync(_store, Time, options, _ownsStore, Field);
    }

    /// <summary>Another node on the same database, with the same devices in reach. <see cref="RunTogetherAsync"/> lets both live.</summary>
    public Task<PollingRig> JoinAsync(PollingOptions? options = null) => StartAsync(_store.Beside(), Time, options, ownsStore: true, Field);

    private static async Task<PollingRig> StartAsync(TestStore store, FakeTime time, PollingOptions? options, bool ownsStore, ConcurrentDictionary<string, ScriptedSession>? field = null)
    {
        options ??= new PollingOptions();
        options.Gather = TimeSpan.Zero;
        var node = await Node.RegisterAsync(store.Database, time, "poll", "test", default);
        return new PollingRig(store, ownsStore, time, node, options) { Field = field ?? new() };
    }

    public ScriptedSession Device(string address) => Field.GetOrAdd(address, _ => new ScriptedSession(Time));

    public async Task ApplyAsync(params DeviceSpec[] devices)
    {
        await Devices.ApplyAsync(Database, devices, prune: true, dryRun: false);
        await FleetPassAsync();
    }

    public Task<Validation> ValidateAsync(Instant? from = null, Instant? to = null) =>
        Database.ReadAsync("validate", tx => Validator.Run(tx, from, to));

    /// <summary>Lets time pass in steps, with everything a running server does in them.</summary>
    public async Task RunAsync(TimeSpan by, TimeSpan? step = null)
    {
        var each = step ?? TimeSpan.FromMilliseconds(100);
        for (var left = by; left > TimeSpan.Zero; left -= each)
        {
            Time.Advance(each < left ? each : left);
            await LiveAsync(each);
        }
    }

    /// <summary>The same for several nodes.</summary>
    public static async Task RunTogetherAsync(TimeSpan by, params PollingRig[] rigs)
    {
        var each = TimeSpan.FromMilliseconds(100);
        for (var left = by; left > TimeSpan.Zero; left -= each)
        {
            rigs[0].Time.Advance(each);
            foreach (var rig in rigs)
            {
                await rig.LiveAsync(each);
            }
        }
    }

    /// <summary>What a running server does in a step of time.</summary>
    private async Task LiveAsync(TimeSpan each)
    {
        RenewLeaseWhenDue();
        await TurnAsync();
        _ran += each;
        if (_ran.Ticks % TimeSpan.TicksPerSecond < each.Ticks)
        {
            await MeasureAsync();
        }

        if (Database.Address.Kind == DatabaseKind.Sqlite || _ran >= _looksAgain)
        {
            await FleetPassAsync();
        }
    }

    /// <summary>Fires what is due, lets every worker finish or wait for its device, and records.</summary>
    public async Task TurnAsync()
    {
        await _slots.PassAsync();
        await QuietAsync();
        await RecordAsync();
    }

    public async Task FleetPassAsync()
    {
        if (!LooksAtFleet)
        {
            return;
        }

        try
        {
            var pass = _fleet.PassAsync().AsTask();
            var faults = Faults.Count;
            var started = Stopwatch.GetTimestamp();
            await UntilAsync(
                async () =>
                {
                    if (Recorder.IsAnythingLeaving)
                    {
                        // It leaves behind its last outcome.
                        await RecordAsync();
                    }

                    // Time passes only for what waits for it: the poll of an endpoint that is given back, or a release that the database did not take. Whatever else is
                    // under way is the machine's business, and must not cost the nodes their leases.
                    var waits = Field.Values.Any(session => session.IsHeld) || (Recorder.IsAnythingLeaving && Faults.Count > faults);
                    if (!pass.IsCompleted && waits && Stopwatch.GetElapsedTime(started) > TimeSpan.FromMilliseconds(300))
                    {
                        Time.Advance(TimeSpan.FromMilliseconds(500));
                        RenewLeaseWhenDue();
                        started = Stopwatch.GetTimestamp();
                    }

                    return pass.IsCompleted;
                },
                "the pass of the fleet loop ends");

            _looksAgain = _ran + await pass;
        }
        catch (StorageFault fault)
        {
            _looksAgain = _ran + TimeSpan.FromSeconds(1);
            Faults.Add(fault);
        }

        await QuietAsync();
    }

    private async Task MeasureAsync()
    {
        try
        {
            await _clock.PassAsync();
        }
        catch (StorageFault fault)
        {
            Faults.Add(fault);
        }
    }

    private void RenewLeaseWhenDue()
    {
        if (!RenewsLease || Time.GetElapsedTime(_renewedAt) < LeaseLoop.Every)
        {
            return;
        }

        _renewedAt = Time.GetTimestamp();
        try
        {
            Node.Renew();
        }
        catch (StorageFault fault)
        {
            Faults.Add(fault);
        }
    }

    public async Task ClockPassAsync() => await _clock.PassAsync();

    /// <summary>One pass of the slot loop; how long it would sleep.</summary>
    public async Task<TimeSpan> FireAsync() => await _slots.PassAsync();

    public async Task RecordAsync()
    {
        try
        {
            while (await Recorder.PassAsync() <= TimeSpan.Zero)
            {
                // Until nothing waits.
            }
        }
        catch (StorageFault fault)
        {
            Faults.Add(fault);
        }
    }

    /// <summary>Runs on until every slot so far must have its outcome, and proves it.</summary>
    public async Task<Validation> ProveAsync(TimeSpan longestInterval)
    {
        await RunAsync(longestInterval + Validator.Grace + TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(200));
        var validation = await ValidateAsync();
        Assert.True(validation.IsClean, $"{validation}\nholes: {string.Join("; ", validation.HoleList)}\noverlaps: {string.Join("; ", validation.OverlapList)}");
        Assert.Equal(0, Recorder.Totals.Duplicates);
        Assert.Equal(0, Recorder.Totals.Lost);
        Assert.All(Field.Values, session => Assert.Equal(0, session.Overlaps));
        return validation;
    }

    /// <summary>No worker can go on without time passing.</summary>
    public Task QuietAsync() => UntilAsync(() => Task.FromResult(!Armory.Groups.Values.Any(IsBusy)), "the workers come to rest");

    /// <summary>Waits for what others do meanwhile: at first it only lets them run, which is all they need as a rule; on a busy machine it does not take the processor from them.</summary>
    private static async Task UntilAsync(Func<Task<bool>> fact, string what)
    {
        for (var n = 0; n < 1_000; n++)
        {
            if (await fact())
            {
                return;
            }

            await Task.Yield();
        }

        var started = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(1));
        while (!await fact())
        {
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromMinutes(1), what);
            await again.WaitForNextTickAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_ownsStore)
        {
            await _store.DisposeAsync();
        }
    }

    private bool IsBusy(ArmedGroup group)
    {
        var address = group.Worker.Address;
        if (group.IsAtRest)
        {
            _restedAt[group] = address;
            return false;
        }

        // One that has moved meanwhile may still be held up where it was.
        return !Device(address).IsHeld && !(_restedAt.TryGetValue(group, out var former) && Device(former).IsHeld);
    }

    private ScriptedSession Open(EndpointRow row)
    {
        var session = Device(row.Address);
        session.Settings = row.Settings;
        Opened.Add(session);
        return session;
    }
}
