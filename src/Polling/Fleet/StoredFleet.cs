using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>The configuration as it is stored, with ids.</summary>
internal sealed class StoredFleet
{
    private static readonly Sql _devices = new("fleet.devices", """
        select d.id, d.endpoint_id, d.name, d.address, d.settings, d.category, d.tags, d.parent, d.enabled, d.stopped, d.status, d.failures, d.breaker_until, d.revision,
          e.driver, e.settings as endpoint_settings
        from device d join endpoint e on e.id = d.endpoint_id
        where d.removed_at is null order by d.name
        """);

    private static readonly Sql _groups = new("fleet.groups", """
        select id, device_id, source_id, name, position, interval_us, phase_us, align, timeout_us, max_lateness_us, enabled, accounted_to
        from poll_group where removed_at is null order by device_id, position
        """);

    private static readonly Sql _points = new("fleet.points", """
        select p.id, p.group_id, p.series_id, p.ordinal, p.position, p.name, p.unit, p.kind, p.settings, s.modulus from point p join series s on s.id = p.series_id
        where p.removed_at is null order by p.group_id, p.position
        """);

    public required IReadOnlyDictionary<string, Stored> Devices { get; init; }

    public IReadOnlyList<DeviceSpec> Specs => [.. Devices.Values.Select(d => d.Spec)];

    public static StoredFleet Load(Transaction tx)
    {
        var points = tx.Query<PointRow>(_points).ToLookup(p => p.GroupId);
        var groups = tx.Query<GroupRow>(_groups).ToLookup(g => g.DeviceId);
        var devices = new Dictionary<string, Stored>(StringComparer.Ordinal);
        foreach (var row in tx.Query<DeviceRow>(_devices))
        {
            var own = groups[row.Id].Select(g => new StoredGroup(g, [.. points[g.Id]])).ToArray();
            devices.Add(row.Name, new Stored(row, own));
        }

        return new StoredFleet { Devices = devices };
    }

    internal sealed record Stored(DeviceRow Row, IReadOnlyList<StoredGroup> Groups)
    {
        public DeviceSpec Spec { get; } = new()
        {
            Name = Row.Name,
            Driver = Row.Driver,
            Address = Row.Address,
            Endpoint = SpecJson.ReadEndpoint(Row.EndpointSettings),
            Modbus = SpecJson.ReadModbus(Row.Settings),
            Category = Row.Category,
            Tags = StoredTags.Read(Row.Tags),
            Parent = Row.Parent,
            Enabled = Row.Enabled,
            Groups = [.. Groups.Select(g => g.Row.Spec(g.Points))],
        };
    }

    internal sealed record StoredGroup(GroupRow Row, IReadOnlyList<PointRow> Points);
}
