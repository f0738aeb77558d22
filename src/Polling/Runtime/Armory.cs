using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Ledger;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>
/// What this node has armed: workers, devices and groups, made from rows and changed when the rows change. Used by the fleet loop's thread alone.
/// </summary>
internal sealed class Armory(
    Agenda agenda, Recorder recorder, DatabaseClock clock, TimeProvider time, PollingOptions options, Chance chance, NodeRow node, ILogger log,
    Func<EndpointRow, Session>? open = null)
{
    // Its values may be walked by any thread; changed by the fleet loop's alone.
    private readonly ConcurrentDictionary<long, EndpointWorker> _workers = [];
    private readonly Dictionary<long, ArmedGroup> _groups = [];
    private readonly Shapes _shapes = new();
    private readonly Random _random = chance.For("breakers");

    private readonly HashSet<long> _unusable = [];
    private int _workerCount;
    private bool _mayBeIdle;

    public IReadOnlyDictionary<long, EndpointWorker> Workers => _workers;

    /// <summary>How many endpoints are owned; may be asked by any thread.</summary>
    public int WorkerCount => Volatile.Read(ref _workerCount);

    public IReadOnlyDictionary<long, ArmedGroup> Groups => _groups;

    /// <summary>Owned endpoints whose address cannot be used.</summary>
    public int Unusable => _unusable.Count;

    /// <summary>Starts the conversation with an owned endpoint; false when it is open already or cannot be used.</summary>
    public bool Open(EndpointRow row)
    {
        if (_workers.ContainsKey(row.Id) || _unusable.Contains(row.Id))
        {
            return false;
        }

        if (Session(row) is not { } session)
        {
            _unusable.Add(row.Id);
            return false;
        }

        var worker = new EndpointWorker(row.Id, row.LeaseNo, row.Address, session, recorder, clock, time, options, new Random(_random.Next()), log)
        {
            Settings = row.Settings,
        };
        _workers[row.Id] = worker;
        Volatile.Write(ref _workerCount, _workers.Count);
        return true;
    }

    /// <summary>Arms new groups, takes in changed ones; returns how many gaps were found.</summary>
    /// <param name="load">What was read of them.</param>
    /// <param name="fromDead">Endpoints that were taken from a dead owner.</param>
    public int Take(DeviceLoad load, IReadOnlySet<long>? fromDead = null)
    {
        var gaps = 0;
        var armed = _groups.Values.ToLookup(g => g.Device.Id);
        foreach (var row in load.Devices)
        {
            var groups = load.Groups.GetValueOrDefault(row.Id) ?? [];
            Obey(load, groups, armed[row.Id]);
            if (!_workers.TryGetValue(row.EndpointId, out var worker))
            {
                if (row.LiveOwner is { } other && other != node.Id)
                {
                    LetGo(armed[row.Id]);
                }

                continue;
            }

            if (groups.Count == 0 && !worker.Devices.ContainsKey(row.Id))
            {
                continue; // Nothing of it is polled: it is no reason to keep the endpoint.
            }

            if (worker.Settings != row.EndpointSettings)
            {
                worker.Settings = row.EndpointSettings;
                worker.Replace(Session(new EndpointRow { Id = worker.Id, Address = worker.Address, Settings = row.EndpointSettings })!);
            }

            var device = Device(worker, row);
            foreach (var group in groups)
            {
                try
                {
                    gaps += Take(load, worker, device, row, group, fromDead?.Contains(worker.Id) == true);
                }
                catch (Exception fault) when (fault is FormatException or ArgumentException or OverflowException or System.Text.Json.JsonException)
                {
                    PollingLog.CannotArm(log, row.Name, fault.Message);
                }
            }
        }

        _shapes.Forget();
        return gaps;
    }

    /// <summary>
    /// What is armed follows its plans first, wherever its device is now: one that was stopped and moved to an address that nobody owns any more, since
    /// nothing is due there, must not go on being polled at the old one. A group without a plan that is due has nothing left to account for.
    /// </summary>
    private void Obey(DeviceLoad load, List<GroupRow> due, IEnumerable<ArmedGroup> armed)
    {
        foreach (var group in armed)
        {
            if (due.Exists(row => row.Id == group.Id))
            {
                agenda.Arm(group, load.PlansOf(group.Id), -1);
            }
            else
            {
                agenda.Arm(group, [], -1);
                Forget(group);
            }
        }
    }

    /// <summary>Groups whose last plan has ended and whose last slot has fired: they only wait for their account to be closed.</summary>
    public List<(ArmedGroup Group, long Until)> Ended(long now)
    {
        var ended = new List<(ArmedGroup, long)>();
        foreach (var group in _groups.Values)
        {
            if (group.NextSlot == long.MaxValue && group.Plans.Count > 0 && group.Plans.TrueForAll(p => p.Until <= now))
            {
                ended.Add((group, group.Plans.Max(p => p.Until)));
            }
        }

        return ended;
    }

    /// <summary>Forgets a group whose account is closed.</summary>
    public void Forget(ArmedGroup group)
    {
        _groups.Remove(group.Id);
        if (!_groups.Values.Any(g => g.Device == group.Device))
        {
            group.Worker.Devices.TryRemove(group.Device.Id, out _);
            _mayBeIdle = true;
        }
    }

    /// <summary>Takes out the workers that had groups and have none any more.</summary>
    public List<EndpointWorker> TakeIdle()
    {
        // Asked every second, and a walk over thousands costs more than all else that an idle node does.
        var idle = _mayBeIdle ? _workers.Values.Where(w => w.HadGroups && w.Devices.IsEmpty).ToList() : [];
        _mayBeIdle = false;
        idle.ForEach(worker => _workers.TryRemove(worker.Id, out _));
        Volatile.Write(ref _workerCount, _workers.Count);
        return idle;
    }

    /// <summary>Forgets an endpoint that is no longer owned: nothing of it fires any more, and what its worker still brings will be refused.</summary>
    public EndpointWorker Drop(EndpointWorker worker)
    {
        foreach (var group in _groups.Values.Where(g => g.Worker == worker).ToArray())
        {
            agenda.Arm(group, [], -1);
            _groups.Remove(group.Id);
        }

        _workers.TryRemove(worker.Id, out _);
        Volatile.Write(ref _workerCount, _workers.Count);
        return worker;
    }

    /// <summary>Groups whose device is another node's by now: what is still on its way of them will be refused, and that node accounts for it.</summary>
    public void LetGo(IEnumerable<ArmedGroup> groups)
    {
        foreach (var group in groups.ToArray())
        {
            agenda.Arm(group, [], -1);
            Forget(group);
        }
    }

    /// <summary>
    /// The endpoints that can change hands most easily now: nothing of them is running or waiting, and the next slot is farthest away; at least
    /// <paramref name="quietUs"/>, negative for any.
    /// </summary>
    public List<EndpointWorker> Quietest(long now, long quietUs, int count)
    {
        var next = _workers.Values.ToDictionary(w => w, _ => long.MaxValue);
        foreach (var group in _groups.Values)
        {
            var due = group.IsAtRest ? group.NextSlot : now - 1;
            next[group.Worker] = Math.Min(next.GetValueOrDefault(group.Worker, long.MaxValue), due);
        }

        return [.. next.Where(w => w.Value - now >= quietUs).OrderByDescending(w => w.Value).Take(count).Select(w => w.Key)];
    }

    /// <summary>Takes an endpoint out: nothing of it fires any more. Its groups with their plans, for their accounts and for <see cref="TakeBack"/>.</summary>
    public IReadOnlyList<(ArmedGroup Group, Plan[] Plans)> TakeOut(EndpointWorker worker)
    {
        var groups = _groups.Values.Where(g => g.Worker == worker).Select(g => (g, g.Plans.ToArray())).ToArray();
        Drop(worker);
        return groups;
    }

    /// <summary>An endpoint that was taken out stays: its groups go on where they were, since what they have in memory may not be in the ledger yet.</summary>
    public void TakeBack(EndpointWorker former, IReadOnlyList<(ArmedGroup Group, Plan[] Plans)> groups)
    {
        if (!Open(new EndpointRow { Id = former.Id, LeaseNo = former.LeaseNo, Address = former.Address, Settings = former.Settings }))
        {
            return;
        }

        var worker = _workers[former.Id];
        worker.HadGroups = true;
        _mayBeIdle = true;
        foreach (var (group, plans) in groups)
        {
            worker.Devices[group.Device.Id] = group.Device;
            group.Worker = worker;
            _groups.Add(group.Id, group);
            agenda.Arm(group, plans, -1);
        }
    }

    /// <summary>Owned endpoints that could not be used, which are to be given back.</summary>
    public long[] TakeUnusable()
    {
        var ids = _unusable.ToArray();
        _unusable.Clear();
        return ids;
    }

    private Session? Session(EndpointRow row)
    {
        if (open is not null)
        {
            return open(row);
        }

        try
        {
            if (EndpointAddress.TryParse(row.Address, out var problem) is { } address)
            {
                return new ModbusSession(address.Host, address.Port, SpecJson.ReadEndpoint(row.Settings), time);
            }

            PollingLog.CannotArm(log, row.Address, problem!);
        }
        catch (FormatException fault)
        {
            PollingLog.CannotArm(log, row.Address, fault.Message);
        }

        return null;
    }

    private ArmedDevice Device(EndpointWorker worker, DeviceRow row)
    {
        if (!worker.Devices.TryGetValue(row.Id, out var device))
        {
            var breaker = new Breaker(options.FailureThreshold, options.ProbeFirst.Ticks / 10, options.ProbeCap.Ticks / 10, new Random(_random.Next()));
            device = new ArmedDevice(row.Id, row.Name, breaker) { Status = DeviceStatusWords.Parse(row.Status), Failures = row.Failures };
            if (row.BreakerUntil is { } until)
            {
                breaker.Restore(row.Failures, until.Micros);
            }

            worker.Devices[row.Id] = device;
        }

        device.Category = row.Category;
        if (row.Status is "paused" or "unknown" && device.Status.Text() != row.Status)
        {
            // Paused or resumed by somebody: it starts from there.
            device.Status = DeviceStatusWords.Parse(row.Status);
            device.Failures = 0;
            device.Breaker.Succeeded();
        }

        return device;
    }

    private int Take(DeviceLoad load, EndpointWorker worker, ArmedDevice device, DeviceRow deviceRow, GroupRow row, bool isFromDead)
    {
        var plans = load.PlansOf(row.Id);
        var isNew = !_groups.TryGetValue(row.Id, out var group);
        group ??= new ArmedGroup(row.Id, device, recorder);
        Move(group, worker, device);
        group.Name = row.Name;
        group.TimeoutUs = row.TimeoutUs ?? row.IntervalUs;
        group.MaxLatenessUs = row.MaxLatenessUs ?? Math.Min(row.IntervalUs / 4, 30_000_000);
        group.Shape = _shapes.Of(load, deviceRow, row);
        if (!isNew)
        {
            return 0;
        }

        _groups.Add(row.Id, group);
        Restore(load, group, row, plans);
        recorder.Track(group);
        var gaps = AccountGap(group, plans, group.Account.Complete, isFromDead, out var accountedUpTo);
        agenda.Arm(group, plans, accountedUpTo);
        return gaps;
    }

    /// <summary>A device that moved to another address starts there with a clean slate: what failed at the old one says nothing.</summary>
    private void Move(ArmedGroup group, EndpointWorker worker, ArmedDevice device)
    {
        var former = group.Worker;
        group.Worker = worker;
        group.Device = device;
        worker.HadGroups = true;
        if (former is not null && former != worker && !_groups.Values.Any(g => g.Worker == former && g.Device.Id == device.Id))
        {
            former.Devices.TryRemove(device.Id, out _);
            _mayBeIdle = true;
            former.Nudge();
        }
    }

    /// <summary>The account as its former owner left it: what is durable, and the ledger rows after it.</summary>
    private static void Restore(DeviceLoad load, ArmedGroup group, GroupRow row, Plan[] plans)
    {
        var account = group.Account;
        account.Durable = row.AccountedTo.Micros;
        account.Complete = row.AccountedTo.Micros;
        foreach (var hour in load.Hours.GetValueOrDefault(row.Id) ?? [])
        {
            account.Restore(hour.Counts());
        }

        foreach (var tail in load.Tail.GetValueOrDefault(row.Id) ?? [])
        {
            if (tail.Slot >= row.AccountedTo)
            {
                var interval = plans.FirstOrDefault(p => p.No == tail.PlanNo).Interval;
                account.Fold(tail.Slot.Micros, tail.Slots, Math.Max(1, interval), OutcomeWords.Parse(tail.Outcome), tail.LatenessUs, tail.DurationUs);
            }
        }
    }

    /// <summary>Slots between where the ledger ends and now had no node; the newest one still runs when it is not too late for it.</summary>
    private int AccountGap(ArmedGroup group, Plan[] plans, long from, bool isFromDead, out long accountedUpTo)
    {
        var now = clock.Now.Micros;
        var gaps = 0;
        if (isFromDead)
        {
            group.DownUntil = now;
        }

        if (options.LedgerRetention is { } retention)
        {
            // Older rows would be dropped at once, and may have no partition any more.
            from = Math.Max(from, now - (retention.Ticks / 10) + 3_600_000_000);
        }

        accountedUpTo = from - 1;
        foreach (var plan in plans.OrderBy(p => p.No))
        {
            if (plan.FirstFrom(from) is not { } first || plan.LastUpTo(now) is not { } last || first > last)
            {
                continue;
            }

            if (now - last <= group.MaxLatenessUs)
            {
                last -= plan.Interval;
            }

            if (last >= first)
            {
                // What was due while this node was running, and was no dead node's, was heard of too late; anything else had no node.
                var reason = !isFromDead && first >= node.StartedAt.Micros ? MissReason.Late : MissReason.NodeDown;
                group.Miss(plan, first, (int)Math.Min(int.MaxValue, ((last - first) / plan.Interval) + 1), reason);
                gaps++;
                accountedUpTo = Math.Max(accountedUpTo, last);
            }
        }

        return gaps;
    }
}
