namespace Rondo.Drivers;

/// <summary>The requests that read all points of one poll group, worked out once, when the group is armed.</summary>
public abstract class ReadPlan
{
    /// <summary>How many points the plan yields; values are stored in this order.</summary>
    public abstract int PointCount { get; }

    /// <summary>How many requests one poll sends when nothing has to be split.</summary>
    public abstract int RequestCount { get; }

    /// <summary>What one poll is expected to occupy the endpoint's bus for. Used for the 70 % warning, never for scheduling.</summary>
    public abstract TimeSpan EstimatedBusTime { get; }
}
