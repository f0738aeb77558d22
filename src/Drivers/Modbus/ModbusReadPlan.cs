namespace Rondo.Drivers.Modbus;

/// <summary>
/// The requests that read all points of one poll group of one device. Neighbours are joined; what a device refuses is learned: a refused
/// block is cut until only the points it really lacks are left out, and the cut is kept for an hour, so that a changed device heals.
/// Belongs to one session at a time.
/// </summary>
public sealed class ModbusReadPlan : ReadPlan
{
    /// <summary>How long a plan keeps what it learned from refusals.</summary>
    public static readonly TimeSpan Memory = TimeSpan.FromHours(1);

    // Devices of one kind share these two; what a plan learns is its own.
    private readonly PointRange[] _ranges;
    private readonly ReadBlock[] _joined;
    private List<ReadBlock>? _learned;
    private long _learnedAt;
    private int _nextHole;

    private ModbusReadPlan(ModbusDeviceSettings device, PointRange[] ranges, ReadBlock[] joined, TimeSpan busTime)
    {
        Device = device;
        _ranges = ranges;
        _joined = joined;
        EstimatedBusTime = busTime;
    }

    /// <summary>Settings of the device the plan reads.</summary>
    public ModbusDeviceSettings Device { get; }

    /// <inheritdoc/>
    public override int PointCount => _ranges.Length;

    /// <inheritdoc/>
    public override int RequestCount => _joined.Length;

    /// <inheritdoc/>
    /// <remarks>
    /// Every request counts as on a serial line of 9600 baud, 8N1, which is what most gateways have behind them: request and reply bytes
    /// with their checksums, 3.5 characters of silence after each, and 20 ms for the device to turn around.
    /// </remarks>
    public override TimeSpan EstimatedBusTime { get; }

    /// <summary>
    /// The same on an endpoint that is told to pause: <see cref="ModbusEndpointSettings.InterRequestDelay"/> after each request, and the
    /// <see cref="ModbusEndpointSettings.SettleDelay"/> once when every poll may open its own connection. Nothing else goes over the line meanwhile.
    /// </summary>
    public TimeSpan EstimatedBusTimeOn(ModbusEndpointSettings endpoint) =>
        EstimatedBusTime + (endpoint.InterRequestDelay * RequestCount) + (endpoint.CloseAfterCycle ? endpoint.SettleDelay : TimeSpan.Zero);

    /// <summary>The requests of one poll as the plan knows them now, holes included.</summary>
    internal IReadOnlyList<ReadBlock> Blocks => (IReadOnlyList<ReadBlock>?)_learned ?? _joined;

    internal ReadOnlySpan<PointRange> Ranges => _ranges;

    /// <summary>Works out the requests.</summary>
    /// <param name="device">Limits of the device.</param>
    /// <param name="points">Points in the order of the result.</param>
    /// <exception cref="ArgumentException">The settings break <see cref="ModbusRules"/>, which callers check first.</exception>
    public static ModbusReadPlan Build(ModbusDeviceSettings device, IReadOnlyList<ModbusPoint> points)
    {
        Demand(ModbusRules.Problem(device), nameof(device));
        var ranges = new PointRange[points.Count];
        for (var i = 0; i < ranges.Length; i++)
        {
            Demand(ModbusRules.Problem(device, points[i]), nameof(points));
            ranges[i] = PointRange.Of(i, points[i]);
        }

        Array.Sort(ranges, Compare);
        var joined = Join(device, ranges);
        return new ModbusReadPlan(device, ranges, joined, BusTime.Of(joined));
    }

    /// <summary>A plan that reads the same from another device of the same kind, and has learned nothing yet. A fleet has few kinds: their requests are worked out once.</summary>
    public ModbusReadPlan ForAnotherDevice() => new(Device, _ranges, _joined, EstimatedBusTime);

    /// <summary>Called at the start of a poll: forgets what was learned too long ago.</summary>
    internal void Refresh(long now, TimeProvider time)
    {
        if (_learned is not null && time.GetElapsedTime(_learnedAt, now) >= Memory)
        {
            Forget();
        }
    }

    /// <summary>Back to the joined blocks.</summary>
    internal void Forget() => _learned = null;

    /// <summary>
    /// Cuts a refused block of several points in two: at its widest gap, since unused registers are the likeliest thing a device lacks,
    /// or in the middle. Cut again while refused, n points with one hole cost about 2 log n requests, once.
    /// </summary>
    internal void Split(int index, long now)
    {
        var blocks = Learn(now);
        var block = blocks[index];
        var cut = (block.From + block.To) / 2;
        var widest = 0;
        var end = _ranges[block.From].End;
        for (var i = block.From + 1; i < block.To; i++)
        {
            var gap = _ranges[i].Start - end;
            if (gap > widest)
            {
                (cut, widest) = (i, gap);
            }

            end = Math.Max(end, _ranges[i].End);
        }

        blocks[index] = ReadBlock.Over(_ranges, block.From, cut, Device.EvenAligned);
        blocks.Insert(index + 1, ReadBlock.Over(_ranges, cut, block.To, Device.EvenAligned));
    }

    /// <summary>Remembers that the device does not have the single point of a block.</summary>
    internal void MarkHole(int index, byte code, long now)
    {
        var blocks = Learn(now);
        blocks[index] = blocks[index].AsHole(code);
    }

    /// <summary>
    /// The block to ask for although it is a hole, or -1. A plan that has nothing but holes would never talk to its device again before
    /// the hour is over, so each poll asks for one of them, in turn.
    /// </summary>
    internal int HoleToAsk()
    {
        var blocks = Blocks;
        foreach (var block in blocks)
        {
            if (block.HoleCode == 0)
            {
                return -1;
            }
        }

        return blocks.Count == 0 ? -1 : _nextHole++ % blocks.Count;
    }

    private static void Demand(string? problem, string argument)
    {
        if (problem is not null)
        {
            throw new ArgumentException(problem, argument);
        }
    }

    private static int Compare(PointRange left, PointRange right)
    {
        var order = left.Point.Function.CompareTo(right.Point.Function);
        order = order != 0 ? order : left.Start.CompareTo(right.Start);
        order = order != 0 ? order : left.End.CompareTo(right.End);
        return order != 0 ? order : left.Ordinal.CompareTo(right.Ordinal);
    }

    private static ReadBlock[] Join(ModbusDeviceSettings device, PointRange[] ranges)
    {
        var blocks = new List<ReadBlock>();
        for (var from = 0; from < ranges.Length;)
        {
            var function = ranges[from].Point.Function;
            var limit = function <= 2 ? Math.Min(ReadRequest.MaxBits, device.MaxRegisters * 16) : device.MaxRegisters;
            var end = ranges[from].End;
            var to = from + 1;
            for (; to < ranges.Length; to++)
            {
                var next = ranges[to];
                var joinedEnd = Math.Max(end, next.End);
                if (next.Point.Function != function || next.Start - end > device.MaxGap
                    || ReadBlock.Align(ranges[from].Start, joinedEnd, function, device.EvenAligned).Count > limit)
                {
                    break;
                }

                end = joinedEnd;
            }

            blocks.Add(ReadBlock.Over(ranges, from, to, device.EvenAligned));
            from = to;
        }

        return [.. blocks];
    }

    private List<ReadBlock> Learn(long now)
    {
        if (_learned is null)
        {
            (_learned, _learnedAt) = ([.. _joined], now);
        }

        return _learned;
    }
}
