using Rondo.Loops;
using Rondo.Polling.Configuration;
using Rondo.Readings;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>Turns the stored configuration into the wanted one, in one transaction: all of it or nothing.</summary>
internal sealed class FleetApply
{
    /// <summary>When an edit takes effect: the old plan ends and the new one begins this much later, so that running nodes hear of it before.</summary>
    public static readonly TimeSpan Lead = TimeSpan.FromSeconds(1);

    private readonly Transaction _tx;
    private readonly ChangeRow _change;
    private readonly Dictionary<string, EndpointRow> _endpoints;
    private readonly List<object?[]> _newEndpoints = [];
    private readonly List<object?[]> _devices = [];
    private readonly List<object?[]> _groups = [];
    private readonly List<object?[]> _points = [];
    private readonly List<(long Id, string Name)> _sources = [];
    private readonly List<NewSeries> _series = [];
    private long _lastId;

    private FleetApply(Transaction tx)
    {
        _tx = tx;
        _change = FleetStore.BeginChange(tx);
        _lastId = _change.LastId;
        _endpoints = FleetStore.Endpoints(tx).ToDictionary(e => e.Driver + " " + e.Address, StringComparer.Ordinal);
    }

    /// <summary>Applies <paramref name="diff"/> to <paramref name="stored"/>, which the caller loaded in this transaction, after the gate.</summary>
    public static void Run(Transaction tx, StoredFleet stored, FleetDiff diff) => new FleetApply(tx).Write(stored, diff);

    private void Write(StoredFleet stored, FleetDiff diff)
    {
        RetireRemoved([.. diff.Removed.Select(d => stored.Devices[d.Name])]);

        // Endpoints first: a device that moves to a new one refers to it at once.
        foreach (var device in diff.Changed.Select(c => c.After).Concat(diff.Added))
        {
            Endpoint(device);
        }

        FleetStore.AddEndpoints(_tx, _newEndpoints);
        foreach (var change in diff.Changed)
        {
            Change(stored.Devices[change.Before.Name], change.After);
        }

        foreach (var device in diff.Added)
        {
            Add(device);
        }

        FleetStore.AddDevices(_tx, _devices);
        WriteReadings();
        FleetStore.AddGroups(_tx, _groups);
        FleetStore.AddPoints(_tx, _points);
        FleetStore.KeepIds(_tx, _lastId);
        // Taken anew: a large change may have taken longer than its lead.
        PlanStore.Follow(_tx, _tx.Now + Lead);
    }

    private void Add(DeviceSpec spec)
    {
        var id = ++_lastId;
        _devices.Add(
        [
            id, Endpoint(spec), spec.Name, spec.Address, SpecJson.Write(spec.Modbus), spec.Category, StoredTags.Write(spec.Tags), spec.Parent, spec.Enabled,
            "unknown", _tx.Now, _tx.Now, _change.Revision,
        ]);
        for (var i = 0; i < spec.Groups.Count; i++)
        {
            AddGroup(id, spec.Name, spec.Groups[i], i);
        }
    }

    private void Change(StoredFleet.Stored stored, DeviceSpec spec)
    {
        FleetStore.UpdateDevice(_tx, stored.Row.Id, Endpoint(spec), spec, _change.Revision);
        var groups = stored.Groups.ToDictionary(g => g.Row.Name, StringComparer.Ordinal);

        // Points that leave one group may join another under the same name: first everything old is retired.
        foreach (var group in groups.Values)
        {
            var wanted = spec.Groups.FirstOrDefault(g => g.Name == group.Row.Name);
            Retire(group.Points.Where(p => wanted is null || !wanted.Points.Any(w => w.Name == p.Name)));
        }

        FleetStore.RemoveGroups(_tx, groups.Values.Where(g => !spec.Groups.Any(w => w.Name == g.Row.Name)).Select(g => g.Row.Id), _tx.Now);
        for (var i = 0; i < spec.Groups.Count; i++)
        {
            var wanted = spec.Groups[i];
            if (!groups.TryGetValue(wanted.Name, out var group))
            {
                AddGroup(stored.Row.Id, spec.Name, wanted, i);
                continue;
            }

            FleetStore.UpdateGroup(_tx, group.Row.Id, i, wanted, Phase(spec.Name, wanted));
            var nextOrdinal = -1;
            for (var p = 0; p < wanted.Points.Count; p++)
            {
                var point = wanted.Points[p];
                if (group.Points.FirstOrDefault(o => o.Name == point.Name) is { } old)
                {
                    FleetStore.UpdatePoint(_tx, old.Id, p, point);
                    SeriesStore.Describe(_tx, old.SeriesId, point.Unit, point.Kind, (double?)point.Modulus, FleetStore.Micros(wanted.Interval));
                }
                else
                {
                    nextOrdinal = nextOrdinal < 0 ? SeriesStore.NextOrdinal(_tx, group.Row.SourceId) : nextOrdinal + 1;
                    AddPoint(group.Row.Id, group.Row.SourceId, spec.Name, wanted, point, nextOrdinal, p);
                }
            }
        }
    }

    private void RetireRemoved(IReadOnlyList<StoredFleet.Stored> removed)
    {
        FleetStore.RemoveDevices(_tx, removed.Select(d => d.Row.Id), _tx.Now, _change.Revision);
        foreach (var device in removed)
        {
            SecretBox.RemoveOf(_tx, SecretOwner.Device(device.Row.Name));
        }

        FleetStore.RemoveGroups(_tx, removed.SelectMany(d => d.Groups).Select(g => g.Row.Id), _tx.Now);
        Retire(removed.SelectMany(d => d.Groups).SelectMany(g => g.Points));
    }

    private void Retire(IEnumerable<PointRow> points)
    {
        var gone = points.ToArray();
        FleetStore.RemovePoints(_tx, gone.Select(p => p.Id), _tx.Now);
        SeriesStore.Retire(_tx, gone.Select(p => p.SeriesId), _tx.Now);
    }

    private void AddGroup(long device, string deviceName, GroupSpec spec, int position)
    {
        var id = ++_lastId;
        _sources.Add((-_sources.Count - 1, deviceName + "/" + spec.Name));
        var source = _sources[^1].Id;
        _groups.Add(
        [
            id, device, source, spec.Name, position, FleetStore.Micros(spec.Interval), Phase(deviceName, spec), spec.Align,
            FleetStore.Micros(spec.Timeout), FleetStore.Micros(spec.MaxLateness), spec.Enabled, _tx.Now,
        ]);
        for (var p = 0; p < spec.Points.Count; p++)
        {
            AddPoint(id, source, deviceName, spec, spec.Points[p], p, p);
        }
    }

    private void AddPoint(long group, long source, string device, GroupSpec of, PointSpec spec, int ordinal, int position)
    {
        var series = -_series.Count - 1;
        _series.Add(new NewSeries(series, source, ordinal, device + "/" + spec.Name, spec.Unit, spec.Kind, (double?)spec.Modulus, FleetStore.Micros(of.Interval)));
        _points.Add([++_lastId, group, (long)series, ordinal, position, spec.Name, spec.Unit, spec.Kind, SpecJson.Write(spec.Modbus)]);
    }

    /// <summary>Sources and series were numbered −1, −2, … while they were gathered; here they get their ids in two blocks.</summary>
    private void WriteReadings()
    {
        if (_sources.Count + _series.Count == 0)
        {
            return;
        }

        var first = SeriesStore.TakeIds(_tx, _sources.Count + _series.Count);
        var firstSeries = first + _sources.Count;
        long Source(long id) => id < 0 ? first - id - 1 : id;
        SeriesStore.AddSources(_tx, [.. _sources.Select(s => (Source(s.Id), s.Name))], _tx.Now);
        SeriesStore.AddSeries(_tx, [.. _series.Select(s => s with { Id = firstSeries - s.Id - 1, SourceId = Source(s.SourceId) })]);
        foreach (var group in _groups)
        {
            group[2] = Source((long)group[2]!);
        }

        foreach (var point in _points)
        {
            point[2] = firstSeries - (long)point[2]! - 1;
        }
    }

    private long Endpoint(DeviceSpec spec)
    {
        var address = NormalAddress(spec);
        var key = spec.Driver + " " + address;
        var settings = SpecJson.Write(spec.Endpoint);
        if (_endpoints.TryGetValue(key, out var known))
        {
            if (known.Settings != settings)
            {
                FleetStore.SetEndpoint(_tx, known.Id, settings, _change.Revision);
                _endpoints[key] = new EndpointRow { Id = known.Id, Driver = known.Driver, Address = known.Address, Settings = settings };
            }

            return known.Id;
        }

        var row = new EndpointRow { Id = ++_lastId, Driver = spec.Driver, Address = address, Settings = settings };
        _endpoints.Add(key, row);
        _newEndpoints.Add([row.Id, row.Driver, row.Address, row.Settings]);
        return row.Id;
    }

    private static string NormalAddress(DeviceSpec spec) => EndpointAddress.TryParse(spec.Address, out _)?.ToString() ?? spec.Address;

    private static long Phase(string device, GroupSpec group) =>
        group.Align ? 0 : (long)(StableHash.Of(device + "/" + group.Name) % (ulong)FleetStore.Micros(group.Interval));
}
