using Rondo.Polling.Slots;

namespace Rondo.Polling.Runtime;

/// <summary>A device of an owned endpoint. Its state is touched only under the running poll of its endpoint: one request at a time.</summary>
internal sealed class ArmedDevice(long id, string name, Breaker breaker)
{
    public long Id { get; } = id;

    public string Name { get; } = name;

    /// <summary>Set by the recorder when a status was not written because its row was not: refused, fenced, or more than the spool can keep.</summary>
    public volatile bool IsStatusStale;

    /// <summary>Set with it when the status had changed: nobody was told.</summary>
    public volatile bool IsChangeUntold;

    /// <summary>The status before the first change that nobody was told of.</summary>
    public DeviceStatus UntoldFrom { get; set; }

    public string Category { get; set; } = "";

    public Breaker Breaker { get; } = breaker;

    public DeviceStatus Status { get; set; }

    /// <summary>Polls in a row without an answer, of all its groups.</summary>
    public int Failures { get; set; }
}
