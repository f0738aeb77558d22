using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>The SQL that writes the configuration, and only the SQL.</summary>
internal static class FleetStore
{
    // The first statement of every change: orders the writers, and counts what nodes watch.
    private static readonly Sql _change = new("fleet.change", "update polling_state set revision = revision + 1 returning revision, last_id, enabled");
    private static readonly Sql _ids = new("fleet.ids", "update polling_state set last_id = @last");
    private static readonly Sql _state = new("fleet.state", "select revision, last_id, enabled from polling_state");
    private static readonly Sql _enable = new("fleet.enable", "update polling_state set enabled = @on");
    private static readonly Sql _stop = new("fleet.stop", "update device set stopped = @stopped, revision = @revision where name = @name and removed_at is null");
    private static readonly Sql _touchAll = new("fleet.touch", "update device set revision = @revision where removed_at is null");
    private static readonly Sql _endpoints = new("fleet.endpoints", "select id, driver, address, settings, lease_no from endpoint");
    private static readonly Sql _endpointSettings = new("fleet.endpoint", "update endpoint set settings = @settings where id = @id");

    private static readonly Sql _touchEndpoint = new("fleet.endpoint.touch", "update device set revision = @revision where endpoint_id = @id and removed_at is null");

    private static readonly Sql _device = new("fleet.device", """
        update device set endpoint_id = @endpoint, address = @address, settings = @settings, category = @category, tags = @tags, parent = @parent,
          enabled = @enabled, revision = @revision
        where id = @id
        """);

    private static readonly Sql _place = new("fleet.device.place", """
        update poll_plan set endpoint_id = @endpoint where group_id in (select g.id from poll_group g where g.device_id = @id) and endpoint_id <> @endpoint
        """);

    private static readonly Sql _removeDevices = new("fleet.devices.remove", "update device set removed_at = @now, revision = @revision where id {in:@ids}");

    private static readonly Sql _group = new("fleet.group", """
        update poll_group set position = @position, interval_us = @interval, phase_us = @phase, align = @align, timeout_us = @timeout,
          max_lateness_us = @late, enabled = @enabled
        where id = @id
        """);

    private static readonly Sql _removeGroups = new("fleet.groups.remove", "update poll_group set removed_at = @now where id {in:@ids}");

    private static readonly Sql _point = new("fleet.point", "update point set position = @position, unit = @unit, kind = @kind, settings = @settings where id = @id");

    private static readonly Sql _removePoints = new("fleet.points.remove", "update point set removed_at = @now where id {in:@ids}");

    public static ChangeRow BeginChange(Transaction tx)
    {
        PlanGate.Change(tx);
        return tx.First<ChangeRow>(_change)!;
    }

    public static ChangeRow State(Transaction tx) => tx.First<ChangeRow>(_state)!;

    public static void KeepIds(Transaction tx, long last) => tx.Execute(_ids, new { last });

    public static void Enable(Transaction tx, bool on) => tx.Execute(_enable, new { on });

    public static bool SetStopped(Transaction tx, string name, bool stopped, long revision) => tx.Execute(_stop, new { name, stopped, revision }) == 1;

    public static void TouchAll(Transaction tx, long revision) => tx.Execute(_touchAll, new { revision });

    public static List<EndpointRow> Endpoints(Transaction tx) => tx.Query<EndpointRow>(_endpoints);

    public static void SetEndpoint(Transaction tx, long id, string settings, long revision)
    {
        tx.Execute(_endpointSettings, new { id, settings });
        tx.Execute(_touchEndpoint, new { id, revision });
    }

    public static void AddEndpoints(Transaction tx, IReadOnlyList<object?[]> rows) =>
        tx.InsertMany("endpoint", ["id", "driver", "address", "settings"], rows);

    public static void AddDevices(Transaction tx, IReadOnlyList<object?[]> rows) => tx.InsertMany(
        "device",
        ["id", "endpoint_id", "name", "address", "settings", "category", "tags", "parent", "enabled", "status", "status_at", "created_at", "revision"],
        rows);

    public static void AddGroups(Transaction tx, IReadOnlyList<object?[]> rows) => tx.InsertMany(
        "poll_group",
        ["id", "device_id", "source_id", "name", "position", "interval_us", "phase_us", "align", "timeout_us", "max_lateness_us", "enabled", "accounted_to"],
        rows);

    public static void AddPoints(Transaction tx, IReadOnlyList<object?[]> rows) => tx.InsertMany(
        "point", ["id", "group_id", "series_id", "ordinal", "position", "name", "unit", "kind", "settings"], rows);

    public static void UpdateDevice(Transaction tx, long id, long endpoint, DeviceSpec spec, long revision)
    {
        tx.Execute(_device, new
        {
            id,
            endpoint,
            address = spec.Address,
            settings = SpecJson.Write(spec.Modbus),
            category = spec.Category,
            tags = StoredTags.Write(spec.Tags),
            parent = spec.Parent,
            enabled = spec.Enabled,
            revision,
        });

        // What is planned follows the device.
        tx.Execute(_place, new { id, endpoint });
    }

    public static void RemoveDevices(Transaction tx, IEnumerable<long> ids, Instant now, long revision)
    {
        tx.Execute(_removeDevices, new { ids = new IdList([.. ids]), now, revision });
    }

    public static void UpdateGroup(Transaction tx, long id, int position, GroupSpec spec, long phase) => tx.Execute(_group, new
    {
        id,
        position,
        interval = Micros(spec.Interval),
        phase,
        align = spec.Align,
        timeout = Micros(spec.Timeout),
        late = Micros(spec.MaxLateness),
        enabled = spec.Enabled,
    });

    public static void RemoveGroups(Transaction tx, IEnumerable<long> ids, Instant now)
    {
        tx.Execute(_removeGroups, new { ids = new IdList([.. ids]), now });
    }

    public static void UpdatePoint(Transaction tx, long id, int position, PointSpec spec) => tx.Execute(_point, new
    {
        id,
        position,
        unit = spec.Unit,
        kind = spec.Kind,
        settings = SpecJson.Write(spec.Modbus),
    });

    public static void RemovePoints(Transaction tx, IEnumerable<long> ids, Instant now)
    {
        tx.Execute(_removePoints, new { ids = new IdList([.. ids]), now });
    }

    public static long Micros(TimeSpan span) => span.Ticks / 10;

    public static long? Micros(TimeSpan? span) => span?.Ticks / 10;
}
