using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>Short ways to describe meters.</summary>
internal static class Meters
{
    public static DeviceSpec Meter(string name, string address = "10.0.0.1:502", byte unit = 1, double seconds = 1, int points = 3) =>
        new() { Name = name, Address = address, Modbus = new ModbusDeviceSettings { Unit = unit }, Groups = [Group(seconds: seconds, points: points)] };

    public static GroupSpec Group(string name = "main", double seconds = 1, int points = 3, string prefix = "p") => new()
    {
        Name = name,
        Interval = TimeSpan.FromSeconds(seconds),
        Points = [.. Enumerable.Range(0, points).Select(p => Point(prefix + p, p))],
    };

    public static PointSpec Point(string name, int address = 0) => new() { Name = name, Unit = "V", Modbus = new ModbusPoint { Address = address } };
}
