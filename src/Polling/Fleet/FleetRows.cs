using Rondo.Polling.Configuration;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

internal sealed class ChangeRow
{
    public long Revision { get; init; }

    public long LastId { get; init; }

    public bool Enabled { get; init; }
}

internal sealed class EndpointRow
{
    public long Id { get; init; }

    public string Driver { get; init; } = "";

    public string Address { get; init; } = "";

    public string Settings { get; init; } = "";

    public long LeaseNo { get; init; }
}

internal sealed class DeviceRow
{
    public long Id { get; init; }

    public long EndpointId { get; init; }

    public string Name { get; init; } = "";

    public string Address { get; init; } = "";

    public string Settings { get; init; } = "";

    public string Category { get; init; } = "";

    public string Tags { get; init; } = "";

    public string? Parent { get; init; }

    public bool Enabled { get; init; }

    public bool Stopped { get; init; }

    public string Status { get; init; } = "";

    public int Failures { get; init; }

    public Instant? BreakerUntil { get; init; }

    public long Revision { get; init; }

    public string Driver { get; init; } = "";

    public string EndpointSettings { get; init; } = "";

    /// <summary>The live node that owns its endpoint, or null.</summary>
    public string? LiveOwner { get; init; }
}

internal sealed class GroupRow
{
    public long Id { get; init; }

    public long DeviceId { get; init; }

    public long SourceId { get; init; }

    public string Name { get; init; } = "";

    public int Position { get; init; }

    public long IntervalUs { get; init; }

    public long PhaseUs { get; init; }

    public bool Align { get; init; }

    public long? TimeoutUs { get; init; }

    public long? MaxLatenessUs { get; init; }

    public bool Enabled { get; init; }

    public Instant AccountedTo { get; init; }

    public GroupSpec Spec(IEnumerable<PointRow> points) => new()
    {
        Name = Name,
        Interval = TimeSpan.FromMicroseconds(IntervalUs),
        Align = Align,
        Timeout = TimeoutUs is { } timeout ? TimeSpan.FromMicroseconds(timeout) : null,
        MaxLateness = MaxLatenessUs is { } late ? TimeSpan.FromMicroseconds(late) : null,
        Enabled = Enabled,
        Points = [.. points.OrderBy(p => p.Position).Select(p => p.Spec())],
    };
}

internal sealed class PointRow
{
    public long Id { get; init; }

    public long GroupId { get; init; }

    public long SeriesId { get; init; }

    public int Ordinal { get; init; }

    public int Position { get; init; }

    public string Name { get; init; } = "";

    public string Unit { get; init; } = "";

    public string Kind { get; init; } = "";

    public string Settings { get; init; } = "";

    public double? Modulus { get; init; }

    public PointSpec Spec() => new() { Name = Name, Unit = Unit, Kind = Kind, Modulus = (decimal?)Modulus, Modbus = SpecJson.ReadPoint(Settings) };
}

internal class PlanRow
{
    public long GroupId { get; init; }

    public int No { get; init; }

    public Instant FromAt { get; init; }

    public Instant? UntilAt { get; init; }

    public long IntervalUs { get; init; }

    public long PhaseUs { get; init; }

    public Plan Plan => new(No, FromAt.Micros, UntilAt?.Micros ?? Plan.Open, IntervalUs, PhaseUs);
}

/// <summary>Tags in one column. A tag may have spaces but no control characters, so a line break divides them.</summary>
internal static class StoredTags
{
    public static string Write(IReadOnlyList<string> tags) => string.Join('\n', tags);

    public static string[] Read(string text) => text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
