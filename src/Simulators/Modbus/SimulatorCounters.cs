namespace Rondo.Simulators.Modbus;

/// <summary>What a gateway, or the whole simulator, has done so far.</summary>
public sealed record SimulatorCounters
{
    /// <summary>Connections accepted.</summary>
    public long Connections { get; init; }

    /// <summary>Connections open now.</summary>
    public long Open { get; init; }

    /// <summary>Complete requests received, to whatever unit.</summary>
    public long Requests { get; init; }

    /// <summary>Answers sent or queued for sending, exceptions included.</summary>
    public long Answers { get; init; }

    /// <summary>Answers that were exceptions.</summary>
    public long Exceptions { get; init; }

    /// <summary>Pieces of input that were no request: a wrong header (the connection is closed) or a wrong checksum (dropped, as on a serial line).</summary>
    public long BadFrames { get; init; }

    /// <summary>Times a fault was applied, all kinds together.</summary>
    public long Faults { get; init; }

    /// <summary>Times a connection could not be accepted because this process had no descriptor left; accepting is tried again a second later.</summary>
    public long OutOfDescriptors { get; init; }

    /// <summary>The sum of two.</summary>
    public static SimulatorCounters operator +(SimulatorCounters left, SimulatorCounters right) => new()
    {
        Connections = left.Connections + right.Connections,
        Open = left.Open + right.Open,
        Requests = left.Requests + right.Requests,
        Answers = left.Answers + right.Answers,
        Exceptions = left.Exceptions + right.Exceptions,
        BadFrames = left.BadFrames + right.BadFrames,
        Faults = left.Faults + right.Faults,
        OutOfDescriptors = left.OutOfDescriptors + right.OutOfDescriptors,
    };
}
