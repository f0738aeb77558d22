using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>The built-in register maps, against the makers' lists.</summary>
public class Built_in_profiles
{
    [Fact]
    public void There_are_three() => Assert.Equal(["schneider-pm5xxx", "sdm120", "sdm630"], Profiles.All.Select(profile => profile.Name));

    [Fact]
    public void Sdm630_has_the_addresses_of_its_manual()
    {
        var profile = Profiles.Find("sdm630")!;
        Expect(profile, 4, ModbusType.Float32, ("voltage_l", 0x0000), ("current_l", 0x0006), ("power_l", 0x000C), ("apparent_power_l", 0x0012), ("reactive_power_l", 0x0018),
            ("power_factor_l", 0x001E), ("energy_import_l", 0x015A), ("energy_export_l", 0x0160));
        Expect(profile, ("power_total", 0x34), ("apparent_power_total", 0x38), ("reactive_power_total", 0x3C), ("power_factor_total", 0x3E), ("frequency", 0x46), ("energy_import", 0x48),
            ("energy_export", 0x4A), ("reactive_energy_import", 0x4C), ("reactive_energy_export", 0x4E), ("energy_total", 0x156), ("reactive_energy_total", 0x158));
        Assert.Equal(8 * 3 + 11, profile.Points.Count);
        Assert.Equal((80, true, false), (profile.Modbus.MaxRegisters, profile.Modbus.EvenAligned, profile.CheckWithManual));
    }

    [Fact]
    public void Sdm120_has_the_addresses_of_its_manual()
    {
        var profile = Profiles.Find("sdm120")!;
        Expect(profile, ("voltage_l1", 0), ("current_l1", 6), ("power_l1", 0x0C), ("apparent_power_l1", 0x12), ("reactive_power_l1", 0x18), ("power_factor_l1", 0x1E), ("frequency", 0x46),
            ("energy_import", 0x48), ("energy_export", 0x4A), ("reactive_energy_import", 0x4C), ("reactive_energy_export", 0x4E), ("energy_total", 0x156), ("reactive_energy_total", 0x158));
        Assert.Equal(13, profile.Points.Count);
        Assert.All(profile.Points, point => Assert.Equal((4, ModbusType.Float32, 1m), (point.Point.Modbus.Function, point.Point.Modbus.Type, point.Point.Modbus.Scale)));
        Assert.True(profile.Modbus.EvenAligned);
    }

    [Fact]
    public void Schneider_has_the_addresses_of_its_list_less_one_and_asks_to_be_checked()
    {
        var profile = Profiles.Find("schneider-pm5xxx")!;
        Expect(profile, ("current_l1", 2999), ("current_l2", 3001), ("current_l3", 3003), ("current_average", 3009), ("voltage_l1_l2", 3019), ("voltage_l2_l3", 3021), ("voltage_l3_l1", 3023),
            ("voltage_l1", 3027), ("voltage_l2", 3029), ("voltage_l3", 3031), ("voltage_average", 3035), ("power_l1", 3053), ("power_l2", 3055), ("power_l3", 3057), ("power_total", 3059),
            ("reactive_power_total", 3067), ("apparent_power_total", 3075), ("frequency", 3109), ("energy_import", 3203), ("energy_export", 3207), ("reactive_energy_import", 3219),
            ("reactive_energy_export", 3223));
        Assert.Equal(22, profile.Points.Count);
        Assert.True(profile.CheckWithManual);
        Assert.All(profile.Points, point => Assert.Equal(3, point.Point.Modbus.Function));
        Assert.All(profile.Points, point => Assert.Equal(point.Point.Kind == "counter" ? (ModbusType.Int64, 0.001m) : (ModbusType.Float32, point.Point.Name.Contains("power", StringComparison.Ordinal) ? 1000m : 1m),
            (point.Point.Modbus.Type, point.Point.Modbus.Scale)));
    }

    [Fact]
    public void A_name_means_one_unit_and_one_kind_in_every_profile()
    {
        Assert.All(Profiles.All.SelectMany(profile => profile.Points).GroupBy(point => point.Point.Name), same =>
            Assert.Single(same.Select(point => (point.Point.Unit, point.Point.Kind)).Distinct()));
        Assert.All(Profiles.All.SelectMany(profile => profile.Points), point =>
        {
            Assert.Matches("^[a-z][a-z0-9_]*$", point.Point.Name);
            Assert.NotEmpty(point.Description);
            Assert.Equal(point.Point.Name.Contains("energy", StringComparison.Ordinal) ? "counter" : "gauge", point.Point.Kind);
            Assert.Equal(point.Point.Name.Contains("factor", StringComparison.Ordinal), point.Point.Unit.Length == 0);
        });
    }

    private static void Expect(Profile profile, byte function, ModbusType type, params (string Prefix, int First)[] phases)
    {
        Assert.All(profile.Points, point => Assert.Equal((function, type, ModbusOrder.ABCD), (point.Point.Modbus.Function, point.Point.Modbus.Type, point.Point.Modbus.Order)));
        Expect(profile, phases.SelectMany(each => Enumerable.Range(0, 3).Select(phase => ($"{each.Prefix}{phase + 1}", each.First + (2 * phase)))).ToArray());
    }

    private static void Expect(Profile profile, params (string Name, int Address)[] points) =>
        Assert.All(points, expected => Assert.Equal(expected.Address, Assert.Single(profile.Points, point => point.Point.Name == expected.Name).Point.Modbus.Address));
}
