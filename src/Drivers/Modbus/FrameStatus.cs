namespace Rondo.Drivers.Modbus;

/// <summary>What a look at received bytes says about the frame at their start.</summary>
public enum FrameStatus
{
    /// <summary>More bytes are needed.</summary>
    Incomplete,

    /// <summary>A whole frame is there.</summary>
    Complete,

    /// <summary>These bytes can never become a frame; the stream cannot be trusted any more.</summary>
    Malformed,

    /// <summary>A whole serial frame is there, but its checksum is wrong.</summary>
    BadChecksum,
}
