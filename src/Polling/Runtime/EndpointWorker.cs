using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;
using Rondo.Drivers;
using Rondo.Polling.Ledger;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>
/// The one conversation with an owned endpoint: its waiting slots, earliest deadline first but healthy units before failing ones, one request at a
/// time. A dead endpoint harms nobody else: it is its own task, and its own breaker decides when it is tried again.
/// </summary>
internal sealed class EndpointWorker
{
    private Session _session;
    private Session? _next;
    private readonly Recorder _recorder;
    private readonly DatabaseClock _clock;
    private readonly TimeProvider _time;
    private readonly PollingOptions _options;
    private readonly ILogger _log;
    private readonly Breaker _breaker;
    private const int MostQuestions = 10;
    private readonly List<ArmedGroup> _waiting = [];
    private readonly ConcurrentQueue<Func<Session, CancellationToken, Task>> _questions = new();
    private readonly WorkSignal _signal = new();
    private readonly CancellationTokenSource _stop = new();
    private CancellationTokenSource _attention = new();
    private readonly Task _running;
    private volatile bool _draining;
    private volatile bool _drained;
    private bool _isInterrupted;

    public EndpointWorker(long id, long leaseNo, string address, Session session, Recorder recorder, DatabaseClock clock, TimeProvider time, PollingOptions options, Random random, ILogger log)
    {
        Id = id;
        LeaseNo = leaseNo;
        Address = address;
        _session = session;
        _recorder = recorder;
        _clock = clock;
        _time = time;
        _options = options;
        _log = log;
        _breaker = new Breaker(options.FailureThreshold, options.ProbeFirst.Ticks / 10, options.ProbeCap.Ticks / 10, random, spread: 1);
        _running = RunAsync();
    }

    public long Id { get; }

    public long LeaseNo { get; }

    public string Address { get; }

    /// <summary>Devices armed on it, by id; changed by the fleet loop, walked by the worker.</summary>
    public ConcurrentDictionary<long, ArmedDevice> Devices { get; } = [];

    /// <summary>Puts a due slot up.</summary>
    public void Offer(ArmedGroup group, long slot, Plan plan)
    {
        if (group.Offer(slot, plan))
        {
            lock (_waiting)
            {
                _waiting.Add(group);
            }
        }

        _signal.Set();
    }

    /// <summary>Takes a waiting group over from the worker of its former address.</summary>
    private void Adopt(ArmedGroup group)
    {
        lock (_waiting)
        {
            _waiting.Add(group);
        }

        _signal.Set();
    }

    /// <summary>True once a group was armed on it; the fleet loop's own.</summary>
    public bool HadGroups { get; set; }

    /// <summary>The settings its session was made with; the fleet loop's own.</summary>
    public string Settings { get; set; } = "";

    /// <summary>Goes on with another session, from the next poll on: the endpoint's settings changed.</summary>
    public void Replace(Session session)
    {
        Interlocked.Exchange(ref _next, session);
        _signal.Set();
    }

    /// <summary>Has <paramref name="question"/> put to the endpoint between two polls, when nothing is due; false when too many wait already.</summary>
    public bool Ask(Func<Session, CancellationToken, Task> question)
    {
        if (_questions.Count >= MostQuestions || _draining)
        {
            return false;
        }

        _questions.Enqueue(question);
        _signal.Set();
        return true;
    }

    /// <summary>
    /// Breaks off the request that is on its way, and ends the connection: the node may not work any more, and another may ask the device in a moment. What a network
    /// that is cut has not delivered would arrive once it is healed, behind the polls of that one.
    /// </summary>
    public void Interrupt()
    {
        Volatile.Write(ref _isInterrupted, true);
        Volatile.Read(ref _attention).Cancel();
        _signal.Set();
    }

    /// <summary>What a poll is cancelled by. One for many polls; a new one after an interruption.</summary>
    private CancellationToken Attention()
    {
        if (_attention.IsCancellationRequested && !_stop.IsCancellationRequested)
        {
            Volatile.Write(ref _attention, new CancellationTokenSource());
        }

        return _attention.Token;
    }

    /// <summary>Something may have become runnable.</summary>
    public void Nudge() => _signal.Set();

    /// <summary>Runs what is waiting, bounded by <paramref name="patience"/>, then ends; what could not run is missed: node_down. No slot is left without an outcome.</summary>
    public async Task StopAsync(TimeSpan patience)
    {
        _draining = true;
        _signal.Set();
        try
        {
            await _running.WaitAsync(patience, _time).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            await _stop.CancelAsync().ConfigureAwait(false);
            Interrupt();
            _signal.Set();
            await _running.ConfigureAwait(false);
        }

        await _session.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        await Task.Yield();
        while (true)
        {
            if (Interlocked.Exchange(ref _next, null) is { } next)
            {
                await _session.DisposeAsync().ConfigureAwait(false);
                _session = next;
            }

            if (Interlocked.Exchange(ref _isInterrupted, false))
            {
                _session.Withdraw();
            }

            // Before it is asked whether the node may work: whatever comes between the two breaks off the request as well.
            var attention = Attention();

            var group = Take();
            if (group is { } moved && moved.Worker != this)
            {
                // The device has another address by now.
                moved.Worker.Adopt(moved);
                continue;
            }

            if (group is null && !_draining && _recorder.MayWork && _questions.TryDequeue(out var question))
            {
                await AnswerAsync(question, attention).ConfigureAwait(false);
                continue;
            }

            if (group is null)
            {
                _session.EndCycle();
                if (_draining)
                {
                    _drained = true;
                    return;
                }

                await _signal.WaitAsync().ConfigureAwait(false);
                continue;
            }

            if (!group.TryStart(out var slot, out var plan))
            {
                continue;
            }

            var now = _clock.Now.Micros;
            if (_stop.IsCancellationRequested)
            {
                group.Finish(null, slot, plan, MissReason.NodeDown);
            }
            else if (!_recorder.MayWork)
            {
                // Another node may have it by now: a device must not be asked by both.
                group.Finish(null, slot, plan, MissReason.DatabaseDown);
            }
            else if (now - slot > group.MaxLatenessUs)
            {
                group.Finish(null, slot, plan, slot <= _clock.JumpedTo.Micros ? MissReason.ClockJump : group.LateReason(slot));
            }
            else if (_breaker.Blocks(now) || group.Device.Breaker.Blocks(now))
            {
                group.Finish(null, slot, plan, MissReason.BreakerOpen);
            }
            else if (_recorder.IsOverflowing)
            {
                group.Finish(null, slot, plan, MissReason.DatabaseDown);
            }
            else
            {
                await PollAsync(group, slot, plan, now, attention).ConfigureAwait(false);
            }
        }
    }

    private async Task AnswerAsync(Func<Session, CancellationToken, Task> question, CancellationToken attention)
    {
        try
        {
            await question(_session, attention).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is StorageFault or OperationCanceledException)
        {
            // Whoever asked gets no answer, and asks again.
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            PollingLog.DriverFailed(_log, Address, fault);
        }
    }

    private async ValueTask PollAsync(ArmedGroup group, long slot, Plan plan, long now, CancellationToken attention)
    {
        var shape = group.Shape;
        var outcome = _recorder.Rent();
        var deadline = Math.Min(slot + plan.Interval - ArmedGroup.Margin(plan.Interval), now + group.TimeoutUs);
        var started = _time.GetTimestamp();
        try
        {
            await _session.ReadAsync(shape.Plan, outcome.Result, _clock.Timestamp(new Instant(deadline)), attention).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            // A bug in a driver must not end the worker: an endpoint that is owned and not polled is what must never be.
            PollingLog.DriverFailed(_log, Address, fault);
            outcome.Result.Reset(shape.Plan.PointCount);
            outcome.Result.Fault = ReadFault.Protocol;
        }

        var result = outcome.Result;
        if (result.Fault == ReadFault.Cancelled && result.Good == 0)
        {
            // Given up by us, not failed by the device.
            _recorder.Return(outcome);
            group.Finish(null, slot, plan, _recorder.MayWork ? MissReason.NodeDown : MissReason.DatabaseDown);
            return;
        }

        var good = result.Good;
        outcome.Group = group;
        outcome.Shape = shape;
        outcome.EndpointId = Id;
        outcome.LeaseNo = LeaseNo;
        outcome.Plan = plan;
        outcome.Slot = slot;
        outcome.Slots = 1;
        outcome.Miss = MissReason.None;
        outcome.Outcome = good == result.Count ? Outcome.Ok : good > 0 ? Outcome.Partial : Outcome.Failed;
        outcome.LatenessUs = (result.FirstByteAt != 0 ? _clock.At(result.FirstByteAt).Micros : now) - slot;
        outcome.DurationUs = _time.GetElapsedTime(started).Ticks / 10;
        Judge(outcome);
        group.Finish(outcome, slot, plan);
    }

    /// <summary>What the poll says about its device and its endpoint.</summary>
    private void Judge(PollOutcome outcome)
    {
        var device = outcome.Group.Device;
        var now = _clock.Now.Micros;
        var fault = outcome.Result.Fault;
        var noConnection = outcome.Outcome == Outcome.Failed && fault is ReadFault.Refused or ReadFault.Unreachable;
        var answered = outcome.Outcome != Outcome.Failed || fault is ReadFault.Rejected or ReadFault.NotAvailable or ReadFault.Busy or ReadFault.Device;

        if (noConnection)
        {
            _breaker.Failed(now);
        }
        else if (outcome.Result.Requests > 0)
        {
            if (_breaker.IsOpen)
            {
                // The way is free again: whoever was waiting for it may try at once.
                foreach (var other in Devices.Values)
                {
                    other.Breaker.AllowProbe();
                }
            }

            _breaker.Succeeded();
        }

        if (answered)
        {
            device.Breaker.Succeeded();
        }
        else if (!noConnection)
        {
            device.Breaker.Failed(now);
        }

        device.Failures = outcome.Outcome == Outcome.Failed ? device.Failures + 1 : 0;
        var status = device.Status == DeviceStatus.Paused ? DeviceStatus.Paused : DeviceStatusWords.After(device.Failures, _options.FailureThreshold);
        var isUntold = Interlocked.Exchange(ref device.IsChangeUntold, false);
        var isStale = Interlocked.Exchange(ref device.IsStatusStale, false);
        outcome.NewStatus = status != device.Status || isUntold ? status : null;
        outcome.OldStatus = isUntold ? device.UntoldFrom : device.Status;
        outcome.Status = status;
        outcome.WritesStatus = status != device.Status || outcome.Outcome == Outcome.Failed || isStale;
        outcome.Failures = device.Failures;
        outcome.BreakerUntil = Math.Max(device.Breaker.OpenUntil, _breaker.OpenUntil);
        device.Status = status;
    }

    private ArmedGroup? Take()
    {
        lock (_waiting)
        {
            ArmedGroup? best = null;
            var bestKey = (Failing: true, Urgency: long.MaxValue);
            for (var i = _waiting.Count - 1; i >= 0; i--)
            {
                var group = _waiting[i];
                if (!group.IsWaiting)
                {
                    if (!group.HasPending)
                    {
                        // Its slot was missed meanwhile; the next offer puts it up again.
                        _waiting.RemoveAt(i);
                    }

                    continue;
                }

                var key = (group.Device.Failures > 0, group.Urgency);
                if (best is null || key.CompareTo(bestKey) < 0)
                {
                    best = group;
                    bestKey = key;
                }
            }

            if (best is not null)
            {
                _waiting.Remove(best);
            }

            return best;
        }
    }

    /// <summary>True once everything that was waiting has its outcome and the worker has ended.</summary>
    public bool IsDrained => _drained;
}
