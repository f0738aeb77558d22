namespace Rondo.Drivers;

/// <summary>Why a read, or one point of it, gave no value. The closed set every driver classifies into, once, at its border.</summary>
public enum ReadFault : byte
{
    /// <summary>No fault: the value is there.</summary>
    None = 0,

    /// <summary>The device was asked and did not answer in time.</summary>
    Timeout,

    /// <summary>The connection was refused, or could not be made in time.</summary>
    Refused,

    /// <summary>No route, no such host, or the network said no.</summary>
    Unreachable,

    /// <summary>The peer closed the connection in the middle of a request.</summary>
    Closed,

    /// <summary>The answer broke the protocol (bad frame, wrong length, wrong checksum).</summary>
    Protocol,

    /// <summary>Signing in failed.</summary>
    Auth,

    /// <summary>The device says that it does not know this function, address or quantity (Modbus exceptions 1, 2, 3, 7): permanent until configured otherwise.</summary>
    Rejected,

    /// <summary>The device is busy (Modbus exceptions 5 and 6).</summary>
    Busy,

    /// <summary>The device failed inside (Modbus exceptions 4 and 8).</summary>
    Device,

    /// <summary>The gateway could not reach the unit behind it (Modbus exceptions 10 and 11): that unit is down, the gateway is up.</summary>
    Gateway,

    /// <summary>The device answered, and its answer says "not available" (NaN, infinity, a marker value).</summary>
    NotAvailable,

    /// <summary>The deadline of the slot passed before this point was asked for.</summary>
    Deadline,

    /// <summary>The node was stopping.</summary>
    Cancelled,
}
