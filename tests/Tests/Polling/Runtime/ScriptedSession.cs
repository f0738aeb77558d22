using Rondo.Drivers;
using Rondo.Drivers.Modbus;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>A device's side of one endpoint, as a test tells it: it answers at once, late, in part, not at all.</summary>
internal sealed class ScriptedSession(TimeProvider time) : Session
{
    private readonly Lock _gate = new();
    private readonly List<(byte Unit, int Points, long At)> _reads = [];
    private TaskCompletionSource? _release;
    private long _heldUntil;
    private int _inside;
    private int _withdrawals;

    /// <summary>What a unit answers; <see cref="ReadFault.None"/> is every point.</summary>
    public Func<byte, ReadFault> Answer { get; set; } = _ => ReadFault.None;

    /// <summary>Index of the point that a unit refuses; -1 for none.</summary>
    public int RefusedPoint { get; set; } = -1;

    /// <summary>How long an answer takes; a fault of kind Timeout takes as long as it may.</summary>
    public Func<byte, TimeSpan> Takes { get; set; } = _ => TimeSpan.Zero;

    /// <summary>A driver that does not keep to its deadline.</summary>
    public bool IgnoresDeadline { get; set; }

    /// <summary>Thrown instead of an answer: a bug in a driver.</summary>
    public Exception? Bug { get; set; }

    /// <summary>Reads that began, and ends of the connection, while another read was running: always 0.</summary>
    public int Overlaps { get; private set; }

    public bool IsDisposed { get; private set; }

    /// <summary>How often the connection was ended because the node may not work any more.</summary>
    public int Withdrawals => Volatile.Read(ref _withdrawals);

    public string Settings { get; set; } = "";

    /// <summary>Reads so far: which unit, how many points, at which timestamp.</summary>
    public IReadOnlyList<(byte Unit, int Points, long At)> Reads
    {
        get
        {
            lock (_gate)
            {
                return [.. _reads];
            }
        }
    }

    /// <summary>True while a read waits for time to pass.</summary>
    public bool IsHeld => Interlocked.Read(ref _heldUntil) > time.GetTimestamp();

    public override bool IsConnected => true;

    public override async ValueTask ReadAsync(ReadPlan plan, ReadResult result, long deadline, CancellationToken stop)
    {
        var unit = ((ModbusReadPlan)plan).Device.Unit;
        result.Reset(plan.PointCount);
        result.FirstByteAt = time.GetTimestamp();
        result.Requests = 1;
        lock (_gate)
        {
            Overlaps += _inside++ > 0 ? 1 : 0;
            _reads.Add((unit, plan.PointCount, result.FirstByteAt));
        }

        try
        {
            if (Bug is { } bug)
            {
                throw bug;
            }

            var fault = Answer(unit);
            var takes = fault == ReadFault.Timeout ? TimeSpan.MaxValue : Takes(unit);
            var until = takes == TimeSpan.MaxValue ? deadline : Math.Min(IgnoresDeadline ? long.MaxValue : deadline, time.GetTimestamp() + takes.Ticks);
            if (until > time.GetTimestamp())
            {
                await HoldAsync(until, stop);
                fault = stop.IsCancellationRequested ? ReadFault.Cancelled : fault == ReadFault.None && until == deadline ? ReadFault.Deadline : fault;
            }

            for (var i = 0; i < plan.PointCount; i++)
            {
                result.Faults[i] = fault != ReadFault.None ? fault : i == RefusedPoint ? ReadFault.Rejected : ReadFault.None;
                result.Values[i] = 100 + i + (unit / 1000.0);
                result.Fault = result.Fault == ReadFault.None ? result.Faults[i] : result.Fault;
            }
        }
        finally
        {
            lock (_gate)
            {
                _inside--;
            }
        }
    }

    public override void EndCycle()
    {
    }

    public override void Withdraw()
    {
        lock (_gate)
        {
            Overlaps += _inside;
            _withdrawals++;
        }
    }

    public override ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return default;
    }

    private async Task HoldAsync(long until, CancellationToken stop)
    {
        var release = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _release = release;
        await using var timer = time.CreateTimer(_ => release.TrySetResult(), null, TimeSpan.FromTicks(until - time.GetTimestamp()), Timeout.InfiniteTimeSpan);
        await using var cancelled = stop.Register(() => release.TrySetResult());
        Interlocked.Exchange(ref _heldUntil, until);
        await release.Task;
        Interlocked.Exchange(ref _heldUntil, 0);
    }
}
