using Rondo.Polling.Fleet;

namespace Rondo.Polling.Runtime;

/// <summary>Shapes of groups while a load is taken in: a fleet has many devices of few kinds, and each kind is worked out once.</summary>
internal sealed class Shapes
{
    private readonly Dictionary<(string Device, string Points), ShapeKind> _kinds = [];

    /// <summary>The shape of one group of a load.</summary>
    public GroupShape Of(DeviceLoad load, DeviceRow device, GroupRow group)
    {
        var points = load.Points.GetValueOrDefault(group.Id, "");
        if (!_kinds.TryGetValue((device.Settings, points), out var kind))
        {
            kind = PointsText.Read(device.Settings, points);
            _kinds.Add((device.Settings, points), kind);
        }

        return kind.For(group.SourceId);
    }

    /// <summary>Works out a load without arming anything, so that the code is compiled before it is needed in a hurry.</summary>
    public static void Warm(DeviceLoad load)
    {
        var shapes = new Shapes();
        foreach (var row in load.Devices)
        {
            foreach (var group in load.Groups.GetValueOrDefault(row.Id) ?? [])
            {
                shapes.Of(load, row, group);
            }
        }
    }

    /// <summary>The load is taken in.</summary>
    public void Forget() => _kinds.Clear();
}
