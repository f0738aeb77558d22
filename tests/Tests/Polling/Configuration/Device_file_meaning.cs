using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>What a good file means.</summary>
public class Device_file_meaning
{
    [Fact]
    public void What_is_nearer_wins()
    {
        var devices = Fleet.Good("""
            defaults: { interval: 20s, max_registers: 50, max_gap: 3, response_timeout: 4s, connect_timeout: 5s, category: c, tags: [x], port: 1502 }
            endpoints:
              h:1502: { connect_timeout: 7s, retries: 2 }
            devices:
              - name: a
                address: H
                profile: sdm630
                category: own
                groups:
                  - { name: fast, interval: 2500ms, points: [power_total] }
                  - { name: rest }
            """);
        var a = Assert.Single(devices);
        Assert.Equal("h:1502", a.Address);
        Assert.Equal("own", a.Category);
        Assert.Equal(["x"], a.Tags);
        Assert.Equal(new ModbusDeviceSettings { MaxRegisters = 80, MaxGap = 3, EvenAligned = true }, a.Modbus);
        Assert.Equal(new ModbusEndpointSettings { ResponseTimeout = TimeSpan.FromSeconds(4), ConnectTimeout = TimeSpan.FromSeconds(7), Retries = 2 }, a.Endpoint);
        Assert.Equal([2.5, 20], a.Groups.Select(group => group.Interval.TotalSeconds));
        Assert.Equal("power_total", Assert.Single(a.Groups[0].Points).Name);
        Assert.Equal(Profiles.Find("sdm630")!.Points.Count - 1, a.Groups[1].Points.Count);
    }

    [Theory]
    [InlineData("style: modicon, address: 40001, type: uint16", 3, 0)]
    [InlineData("style: modicon, address: 465536, type: uint16", 3, 65535)]
    [InlineData("style: modicon, address: 30011", 4, 10)]
    [InlineData("style: modicon, address: 10005", 2, 4)]
    [InlineData("style: modicon, address: 00001", 1, 0)]
    [InlineData("style: one_based, address: 3028, function: 3", 3, 3027)]
    [InlineData("address: 0x0034", 4, 0x34)]
    [InlineData("address: 40001", 4, 40001)]
    [InlineData("address: 7, function: coil", 1, 7)]
    public void An_address_is_read_in_the_style_that_is_said(string point, int function, int address)
    {
        var read = Fleet.Good("devices: [{ name: a, address: h, points: [{ name: p, " + point + " }] }]")[0].Groups[0].Points[0].Modbus;
        Assert.Equal((function, address), (read.Function, read.Address));
    }

    [Fact]
    public void A_coil_and_a_bit_need_no_type()
    {
        var points = Fleet.Good("devices: [{ name: a, address: h, point_defaults: { type: int32 }, points: [{ name: p, function: coil, address: 1 }, { name: q, address: 1, bit: 4 }] }]")[0].Groups[0].Points;
        Assert.All(points, point => Assert.Equal(ModbusType.Bit, point.Modbus.Type));
        Assert.Equal(4, points[1].Modbus.Bit);
    }

    [Fact]
    public void Mappings_alone_keep_the_rest_of_a_profile_and_names_select()
    {
        var devices = Fleet.Good("""
            devices:
              - { name: a, address: h, profile: sdm120, points: [{ name: power_l1, scale: 2 }, { name: own, address: 100 }] }
              - { name: b, address: h, unit: 2, profile: sdm120, points: ["energy_*", { name: energy_total, unit: MWh, scale: 0.001 }, frequency] }
            """);
        var all = Profiles.Find("sdm120")!.Points;
        Assert.Equal([.. all.Select(point => point.Point.Name), "own"], devices[0].Groups[0].Points.Select(point => point.Name));
        Assert.Equal(2, devices[0].Groups[0].Points.Single(point => point.Name == "power_l1").Modbus.Scale);
        Assert.Equal(["energy_import", "energy_export", "energy_total", "frequency"], devices[1].Groups[0].Points.Select(point => point.Name));
        Assert.Equal(("MWh", 0.001m, 0x156), devices[1].Groups[0].Points[2] is var total ? (total.Unit, total.Modbus.Scale, total.Modbus.Address) : default);
    }

    [Fact]
    public void Repetition_makes_a_fleet_and_shares_its_points()
    {
        var devices = Fleet.Good("""
            devices:
              - { name: "g{g}-m{n:000}", repeat: { g: 1..3, n: 7..206 }, hostname: "10.0.{g}.1", port: "{g+5000}", unit: {n-6}, profile: sdm120, tags: ['gw-{g}'] }
            """);
        Assert.Equal(600, devices.Count);
        Assert.Equal(("g1-m007", "10.0.1.1:5001", 1), (devices[0].Name, devices[0].Address, devices[0].Modbus.Unit));
        Assert.Equal(("g3-m206", "10.0.3.1:5003", 200), (devices[^1].Name, devices[^1].Address, devices[^1].Modbus.Unit));
        Assert.Equal(["gw-3"], devices[^1].Tags);
        Assert.Same(devices[0].Groups[0].Points, devices[^1].Groups[0].Points);
    }

    [Fact]
    public void Repetition_reaches_into_points_too()
    {
        var devices = Fleet.Good("""
            devices:
              - name: m{n}
                repeat: 1..2
                address: h
                unit: {n}
                points: [{ name: p, address: "{n+100}" }]
            """);
        Assert.Equal([101, 102], devices.Select(device => device.Groups[0].Points[0].Modbus.Address));
    }

    [Fact]
    public void Anchors_and_aliases_work()
    {
        var devices = Fleet.Good("""
            devices:
              - { name: a, address: h, points: &p [{ name: p, address: 1 }] }
              - { name: b, address: h, unit: 2, points: *p }
            """);
        Assert.Equal(devices[0].Groups[0].Points, devices[1].Groups[0].Points);
    }

    [Fact]
    public void A_byte_that_is_not_utf8_is_named_with_its_place()
    {
        byte[] bytes = [.. "# °\n# °"u8, 0xFF, .. "\ndevices: []"u8];
        Assert.Equal("f.yaml:2:4: the byte 0xFF is not UTF-8; expected the file to be saved as UTF-8", Assert.Single(DeviceFile.Parse(bytes, "f.yaml").Mistakes).ToString());
        Assert.True(DeviceFile.Parse("\uFEFFdevices: []"u8, "f.yaml").IsGood);
    }
}
