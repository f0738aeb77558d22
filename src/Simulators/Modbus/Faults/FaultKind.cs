namespace Rondo.Simulators.Modbus;

/// <summary>Ways in which a simulated gateway or unit misbehaves.</summary>
public enum FaultKind
{
    /// <summary>The answer takes time.</summary>
    Delay,

    /// <summary>Connections are refused, and those that are open are closed.</summary>
    Refuse,

    /// <summary>Connections are accepted and requests are read, but nothing is ever answered.</summary>
    Silent,

    /// <summary>The connection is closed in the middle of an answer.</summary>
    Drop,

    /// <summary>The answer carries another transaction id (TCP framing only).</summary>
    WrongTransaction,

    /// <summary>The answer carries another unit id.</summary>
    WrongUnit,

    /// <summary>The answer carries a wrong checksum (serial framing only).</summary>
    BadCrc,

    /// <summary>The answer is an exception.</summary>
    Exception,

    /// <summary>The answer comes after the client has given up, right before the answer to its next request.</summary>
    Late,

    /// <summary>The gateway allows one connection.</summary>
    Single,

    /// <summary>The unit behind the gateway is off.</summary>
    Dead,

    /// <summary>The answer comes byte by byte.</summary>
    Dribble,

    /// <summary>Random bytes instead of an answer.</summary>
    Garbage,
}
