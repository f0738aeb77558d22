using Rondo.Simulators.Modbus;
using Xunit;

namespace Rondo.Tests.Simulators;

public class Sdm630Tests
{
    private static float Value(int address, double seconds, int unit = 1, int gateway = 1, int seed = 1)
    {
        Assert.True(new Sdm630(seed, gateway, unit, seconds).TryValue(address, out var value));
        return value;
    }

    [Theory]
    [InlineData(0)]
    [InlineData(17.25)]
    [InlineData(86_400)]
    public void Power_is_voltage_times_current_times_power_factor(double seconds)
    {
        for (var phase = 0; phase < 3; phase++)
        {
            var power = Value(0x000C + (2 * phase), seconds);
            var product = (double)Value(2 * phase, seconds) * Value(0x0006 + (2 * phase), seconds) * Value(0x001E + (2 * phase), seconds);
            Assert.Equal(power, product, power * 1e-5);
        }

        Assert.Equal(Value(0x0034, seconds), Value(0x000C, seconds) + Value(0x000E, seconds) + Value(0x0010, seconds), 0.01);
    }

    [Fact]
    public void Energy_is_the_integral_of_power()
    {
        double wattSeconds = 0;
        const double Step = 0.25;
        for (var t = Step / 2; t < 3_600; t += Step)
        {
            wattSeconds += Value(0x0034, t) * Step;
        }

        var import = Value(0x0048, 3_600) - Value(0x0048, 0);
        var export = Value(0x004A, 3_600) - Value(0x004A, 0);
        Assert.Equal(wattSeconds / 3_600_000, import - export, 0.001);
    }

    [Theory]
    [InlineData(0x0048)]
    [InlineData(0x004A)]
    [InlineData(0x004C)]
    [InlineData(0x004E)]
    [InlineData(0x0156)]
    [InlineData(0x0158)]
    [InlineData(0x015A)]
    [InlineData(0x0164)]
    public void Every_counter_rises_and_never_falls(int address)
    {
        for (var unit = 1; unit <= 20; unit++)
        {
            var last = Value(address, 0, unit);
            var first = last;
            for (var t = 1; t < 600; t++)
            {
                var now = Value(address, t, unit);
                Assert.True(now >= last, $"unit {unit} fell from {last} to {now} at {t} s");
                last = now;
            }

            Assert.True(last > first);
        }
    }

    [Fact]
    public void Total_import_rises_every_second_so_that_people_see_it()
    {
        for (var unit = 1; unit <= 50; unit++)
        {
            for (var t = 0; t < 100; t++)
            {
                Assert.True(Value(0x0048, t + 1, unit) > Value(0x0048, t, unit));
            }
        }
    }

    [Fact]
    public void Voltage_stays_near_230_and_moves()
    {
        var seen = new HashSet<float>();
        for (var t = 0; t < 300; t++)
        {
            var volt = Value(0x0000, t);
            Assert.InRange(volt, 226, 234);
            seen.Add(volt);
            Assert.InRange(Value(0x0046, t), 49.9, 50.1);
        }

        Assert.True(seen.Count > 250);
    }

    [Fact]
    public void A_meter_is_the_same_again_and_unlike_its_neighbours()
    {
        var mine = Value(0x0034, 5);
        Assert.Equal(mine, Value(0x0034, 5));
        Assert.NotEqual(mine, Value(0x0034, 5, unit: 2));
        Assert.NotEqual(mine, Value(0x0034, 5, gateway: 2));
        Assert.NotEqual(mine, Value(0x0034, 5, seed: 2));
    }

    [Fact]
    public void A_read_that_starts_or_ends_in_the_middle_of_a_value_gets_that_half()
    {
        var meter = new Sdm630(1, 1, 1, 3);
        var whole = new byte[12];
        var shifted = new byte[8];
        meter.Fill(0x0000, 6, whole);
        meter.Fill(0x0001, 4, shifted);
        Assert.Equal(whole[2..10], shifted);
    }

    [Fact]
    public void A_gap_reads_as_zero_and_is_reported()
    {
        var meter = new Sdm630(1, 1, 1, 3);
        var bytes = new byte[8];
        Assert.False(meter.Fill(0x0022, 4, bytes));
        Assert.Equal([0, 0, 0, 0], bytes[4..]);
        Assert.NotEqual([0, 0, 0, 0], bytes[..4]);
    }
}
