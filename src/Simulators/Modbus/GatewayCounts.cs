namespace Rondo.Simulators.Modbus;

/// <summary>What one gateway counts. Written by its connections, read by anybody, without a lock: each number is right by itself.</summary>
internal sealed class GatewayCounts(ModbusSimulatorOptions options, TimeProvider time)
{
    private readonly long[] _requests = new long[options.Units + 1];
    private readonly ArrivalLog? _arrivals = options.ArrivalLog > 0 ? new ArrivalLog(options.ArrivalLog) : null;
    private long _connections;
    private long _answers;
    private long _exceptions;
    private long _badFrames;
    private long _faults;

    public void Connection() => Interlocked.Increment(ref _connections);

    public void Request(byte unit, ReadOnlySpan<byte> pdu)
    {
        Interlocked.Increment(ref _requests[unit < _requests.Length ? unit : 0]);
        if (_arrivals is { } log)
        {
            var hasAddress = pdu.Length >= 5;
            log.Add(new Arrival(
                time.GetUtcNow(),
                unit,
                pdu[0],
                hasAddress ? (ushort)((pdu[1] << 8) | pdu[2]) : (ushort)0,
                hasAddress ? (ushort)((pdu[3] << 8) | pdu[4]) : (ushort)0));
        }
    }

    public void Answer(bool isException)
    {
        Interlocked.Increment(ref _answers);
        if (isException)
        {
            Interlocked.Increment(ref _exceptions);
        }
    }

    public void BadFrame() => Interlocked.Increment(ref _badFrames);

    public void Faults(int count)
    {
        if (count > 0)
        {
            Interlocked.Add(ref _faults, count);
        }
    }

    public long Requests(int unit) => Interlocked.Read(ref _requests[unit]);

    public IReadOnlyList<Arrival> Arrivals(int? unit) => _arrivals?.Read(unit) ?? [];

    public SimulatorCounters Read(int open, long outOfDescriptors)
    {
        var requests = 0L;
        for (var unit = 0; unit < _requests.Length; unit++)
        {
            requests += Requests(unit);
        }

        return new SimulatorCounters
        {
            Connections = Interlocked.Read(ref _connections),
            Open = open,
            Requests = requests,
            Answers = Interlocked.Read(ref _answers),
            Exceptions = Interlocked.Read(ref _exceptions),
            BadFrames = Interlocked.Read(ref _badFrames),
            Faults = Interlocked.Read(ref _faults),
            OutOfDescriptors = outOfDescriptors,
        };
    }
}
