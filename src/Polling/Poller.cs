using Microsoft.Extensions.Logging;
using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Ledger;
using Rondo.Polling.Runtime;
using Rondo.Storage;

namespace Rondo.Polling;

/// <summary>The poll role of one node: owns endpoints, fires slots, polls, records. One incarnation long.</summary>
public sealed class Poller
{
    private static readonly TimeSpan _moment = TimeSpan.FromMilliseconds(300);
    private readonly Database _database;
    private readonly Node _node;
    private readonly TimeProvider _time;
    private readonly Action<string> _hint;
    private readonly Agenda _agenda = new();
    private readonly Recorder _recorder;
    private readonly Armory _armory;
    private readonly SlotLoop _slots;
    private readonly FleetLoop _fleet;
    private readonly ClockLoop _clock;

    /// <summary>Puts the parts together; nothing runs before <see cref="Start"/>.</summary>
    /// <param name="database">The database.</param>
    /// <param name="node">This process.</param>
    /// <param name="options">Settings.</param>
    /// <param name="time">Time.</param>
    /// <param name="chance">Chance.</param>
    /// <param name="bus">Told of what was committed.</param>
    /// <param name="hint">Tells every process that something changed.</param>
    /// <param name="log">Log.</param>
    /// <param name="events">The log of events; null for none.</param>
    /// <param name="written">The same database for take-overs and for what is refused of this node once it is dead, so that whoever opens it can write them down; null for <paramref name="database"/>.</param>
    public Poller(
        Database database, Node node, PollingOptions options, TimeProvider time, Chance chance, EventBus bus, Action<string> hint, ILogger log, EventLog? events = null, Database? written = null)
    {
        _database = database;
        _node = node;
        _time = time;
        _hint = hint;
        _recorder = new Recorder(database, node, options, time, committed => Publisher.Publish(bus, committed), log, events, written);
        _slots = new SlotLoop(_agenda, database.Clock, node, Interrupt, time);
        _armory = new Armory(_agenda, _recorder, database.Clock, time, options, chance, node.Row, log);
        _fleet = new FleetLoop(database, node, _armory, _recorder, _agenda, _slots.Wake, hint, time, log, written);
        _clock = new ClockLoop(database, options, _slots.Wake, time, log);
    }

    /// <summary>Measures the database clock; to be started by whoever opened the database, who needs it with and without polling.</summary>
    public DatabaseClockLoop Clock => _clock;

    /// <summary>Starts the loops under <paramref name="supervisor"/>.</summary>
    public void Start(LoopSupervisor supervisor)
    {
        supervisor.Start(_recorder);
        supervisor.Start(_slots);
        supervisor.Start(_fleet);
    }

    private void Interrupt()
    {
        foreach (var worker in _armory.Workers.Values)
        {
            worker.Interrupt();
        }
    }

    /// <summary>The configuration changed in this process: look at once.</summary>
    public void ConfigurationChanged() => _fleet.Wake();

    /// <summary>What this poller did and holds now.</summary>
    public PollerState State
    {
        get
        {
            var totals = _recorder.Totals;
            var (p50, p99, commit) = totals.Percentiles();
            return new PollerState
            {
                Node = _node.Id,
                MayWork = _node.MayWork,
                SeenRevision = _fleet.SeenRevision,
                Endpoints = _armory.WorkerCount,
                Groups = _agenda.Count,
                Ok = totals.Ok,
                Partial = totals.Partial,
                Failed = totals.Failed,
                Missed = totals.Missed,
                Points = totals.Points,
                Duplicates = totals.Duplicates,
                OffPlan = totals.OffPlan,
                Fenced = totals.Fenced,
                Lost = totals.Lost,
                Batches = totals.Batches,
                Waiting = _recorder.Waiting,
                LatenessP50Ms = p50,
                LatenessP99Ms = p99,
                LatenessMaxMs = totals.MaxLatenessUs / 1000.0,
                CommitP99Ms = commit,
                ClockSteps = _clock.Steps,
                LastClockStep = _clock.LastStep?.Step,
                LastClockStepAt = _clock.LastStep?.At,
            };
        }
    }

    /// <summary>What it has counted since its start.</summary>
    public PollerNumbers Numbers => _recorder.Totals.Numbers;

    /// <summary>After a clean stop: every slot up to and including this instant has its outcome. Null before.</summary>
    public Instant? StoppedAt { get; private set; }

    /// <summary>Starts the distributions of <see cref="State"/> over, after a warm-up.</summary>
    public void ResetDistributions() => _recorder.Totals.ResetDistributions();

    /// <summary>
    /// A clean stop, after the loops were stopped: nothing fires any more, what is running ends (bounded), every slot up to now gets its outcome, and
    /// all endpoints are given back behind their last outcome.
    /// </summary>
    public async Task StopAsync(TimeSpan patience)
    {
        // The slot loop may have ended a moment before a slot was due: one last look makes the promise exact.
        var until = _database.Clock.Now;
        _agenda.Fire(until.Micros, _database.Clock.JumpedTo.Micros, _node.MayWork);
        _agenda.Clear();
        StoppedAt = until;
        var stopping = _armory.Workers.Values.Select(w => (w.Id, Task: w.StopAsync(patience))).ToArray();
        var all = Task.WhenAll(stopping.Select(w => w.Task));
        if (_database.Address.Kind == DatabaseKind.Postgres)
        {
            // What has come to rest goes to other nodes now: a device that answers slowly must not cost the others a slot.
            await Task.WhenAny(all, Task.Delay(_moment, _time, CancellationToken.None)).ConfigureAwait(false);
            await ReleaseAsync([.. stopping.Where(w => w.Task.IsCompleted).Select(w => w.Id)], patience).ConfigureAwait(false);
        }

        await all.ConfigureAwait(false);
        await ReleaseAsync(null, patience).ConfigureAwait(false);
        _recorder.RefuseRest();
    }

    /// <summary>Writes what waits and gives endpoints back behind it; all of them for null.</summary>
    private async Task ReleaseAsync(long[]? endpoints, TimeSpan patience)
    {
        var started = _time.GetTimestamp();
        while (!_node.IsDead)
        {
            try
            {
                await _recorder.FlushAsync(CancellationToken.None).ConfigureAwait(false);
                await _database.WriteBrieflyAsync(
                    "polling.release",
                    tx =>
                    {
                        _node.Fence(tx);
                        // First of all: what is given back is not to wait for this node's share to be full again.
                        _node.TakeWork(tx, takes: false);
                        if (endpoints is null)
                        {
                            OwnershipStore.ReleaseAll(tx, _node.Id);
                        }
                        else
                        {
                            OwnershipStore.Release(tx, _node.Id, endpoints);
                        }

                        return true;
                    }).ConfigureAwait(false);
                _hint("polling");
                return;
            }
            catch (StorageFault fault) when (fault.IsTransient && _time.GetElapsedTime(started) < patience)
            {
                // A moment's trouble should not cost what was read.
                await Task.Delay(TimeSpan.FromMilliseconds(100), _time, CancellationToken.None).ConfigureAwait(false);
            }
            catch (StorageFault fault) when (fault.IsTransient || fault.Kind == StorageFaultKind.Fenced)
            {
                // The database is away or no longer ours: the next owner finds where the ledger ends and accounts for the rest.
                return;
            }
        }
    }
}
