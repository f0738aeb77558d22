using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>Builds devices for these tests.</summary>
internal static class Fleet
{
    public static DeviceSpec Device(string name, string address = "10.0.0.1:502", params GroupSpec[] groups) =>
        new() { Name = name, Address = address, Groups = groups.Length > 0 ? groups : [Group()] };

    public static GroupSpec Group(string name = "main", int seconds = 10, params PointSpec[] points) =>
        new() { Name = name, Interval = TimeSpan.FromSeconds(seconds), Points = points.Length > 0 ? points : [Point()] };

    public static PointSpec Point(string name = "power", int address = 0) => new() { Name = name, Modbus = new ModbusPoint { Address = address } };

    public static IReadOnlyList<DeviceSpec> Good(string text)
    {
        var reading = DeviceFile.Parse(text, "f.yaml");
        Assert.Equal([], reading.Mistakes.Select(mistake => mistake.ToString()));
        return reading.Devices;
    }

    public static string[] Mistakes(string text)
    {
        var reading = DeviceFile.Parse(text, "f.yaml");
        Assert.Empty(reading.Devices);
        return reading.Mistakes.Select(mistake => mistake.ToString()).ToArray();
    }
}
