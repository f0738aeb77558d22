using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;

namespace Rondo.Tests.Drivers;

public sealed class PlanTests
{
    private static readonly ModbusType[] Types = Enum.GetValues<ModbusType>();

    [Theory]
    [InlineData(0, 8, 1)]
    [InlineData(0, 10, 1)]
    [InlineData(0, 11, 2)]
    public void Neighbours_are_joined_up_to_the_widest_gap(int first, int second, int requests) =>
        Assert.Equal(requests, Build(new ModbusDeviceSettings { MaxGap = 8 }, Float(first), Float(second)).RequestCount);

    [Fact]
    public void Functions_are_never_joined() =>
        Assert.Equal(2, Build(new ModbusDeviceSettings(), Float(0), Float(2) with { Function = 3 }).RequestCount);

    [Fact]
    public void A_block_ends_before_the_value_that_does_not_fit()
    {
        var plan = Build(new ModbusDeviceSettings { MaxRegisters = 5 }, Float(0), Float(2), Float(4));
        Assert.Equal([(0, 4), (4, 2)], plan.Blocks.Select(b => ((int)b.Address, (int)b.Count)));
    }

    [Fact]
    public void Even_alignment_moves_the_start_back_and_the_end_on()
    {
        var plan = Build(new ModbusDeviceSettings { EvenAligned = true, MaxGap = 0 }, Float(3), Float(10));
        Assert.Equal([(2, 4), (10, 2)], plan.Blocks.Select(b => ((int)b.Address, (int)b.Count)));
    }

    [Fact]
    public void A_scale_register_is_read_with_its_value()
    {
        var sunspec = Enumerable.Range(72, 4).Select(a => new ModbusPoint { Function = 3, Address = a, Type = ModbusType.UInt16, ScaleAddress = 76 });
        var plan = Build(new ModbusDeviceSettings(), [.. sunspec]);
        Assert.Equal([(72, 5)], plan.Blocks.Select(b => ((int)b.Address, (int)b.Count)));
    }

    [Fact]
    public void The_estimate_is_that_of_a_serial_line_at_9600_baud()
    {
        // 8 bytes there, 5 + 20 back, twice 3.5 characters of silence: 40 characters of 10 bits, and 20 ms.
        var plan = Build(new ModbusDeviceSettings(), [.. Enumerable.Range(0, 5).Select(i => Float(i * 2))]);
        Assert.Equal((40 * 10 / 9.6) + 20, plan.EstimatedBusTime.TotalMilliseconds, 3);
        Assert.Equal(TimeSpan.Zero, Build(new ModbusDeviceSettings()).EstimatedBusTime);
    }

    [Fact]
    public void Every_point_is_in_exactly_one_request_that_keeps_all_limits()
    {
        var cases = Gen.Choose(0, int.MaxValue).ToArbitrary();
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(500), Prop.ForAll(cases, seed =>
        {
            var random = new Random(seed);
            var device = new ModbusDeviceSettings
            {
                MaxRegisters = random.Next(1, 126), MaxGap = random.Next(0, 125), EvenAligned = random.Next(2) == 0,
            };
            var points = Enumerable.Range(0, random.Next(0, 60)).Select(_ => Any(random)).Where(p => Fits(device, p)).ToArray();
            if (ModbusRules.Problem(device) is not null)
            {
                return;
            }

            var plan = ModbusReadPlan.Build(device, points);
            var seen = new int[points.Length];
            foreach (var block in plan.Blocks)
            {
                Assert.True(new ReadRequest(1, block.Function, block.Address, block.Count).IsValid);
                Assert.True(block.Count <= (block.Function <= 2 ? Math.Min(2000, device.MaxRegisters * 16) : device.MaxRegisters));
                Assert.True(!device.EvenAligned || block.Function <= 2 || (block.Address % 2 == 0 && block.Count % 2 == 0));
                var end = plan.Ranges[block.From].End;
                foreach (var range in plan.Ranges[block.From..block.To])
                {
                    seen[range.Ordinal]++;
                    Assert.Equal(block.Function, range.Point.Function);
                    Assert.True(range.Start >= block.Address && range.End <= block.Address + block.Count);
                    Assert.True(range.Start - end <= device.MaxGap);
                    end = Math.Max(end, range.End);
                }
            }

            Assert.All(seen, count => Assert.Equal(1, count));
        }));
    }

    [Theory]
    [InlineData("function 5")]
    [InlineData("65536")]
    [InlineData("bit")]
    [InlineData("scale 0")]
    [InlineData("marker")]
    [InlineData("together")]
    public void A_point_that_cannot_be_read_is_explained_before_anything_is_planned(string word)
    {
        var point = word switch
        {
            "function 5" => Float(0) with { Function = 5 },
            "65536" => Float(65536),
            "bit" => Float(0) with { Function = 1 },
            "scale 0" => Float(0) with { Scale = 0 },
            "marker" => Float(0) with { Type = ModbusType.Int16, NotAvailable = 0x18000 },
            _ => Float(0) with { ScaleAddress = 200 },
        };
        Assert.Contains(word, ModbusRules.Problem(new ModbusDeviceSettings(), point), StringComparison.Ordinal);
        Assert.Throws<ArgumentException>(() => Build(new ModbusDeviceSettings(), point));
    }

    [Fact]
    public void The_settings_of_endpoint_and_device_are_explained_too()
    {
        Assert.Null(ModbusRules.Problem(new ModbusEndpointSettings()));
        Assert.Null(ModbusRules.Problem(new ModbusDeviceSettings()));
        Assert.NotNull(ModbusRules.Problem(new ModbusEndpointSettings { ConnectTimeout = TimeSpan.Zero }));
        Assert.NotNull(ModbusRules.Problem(new ModbusEndpointSettings { ResponseTimeout = TimeSpan.FromMilliseconds(5) }));
        Assert.NotNull(ModbusRules.Problem(new ModbusEndpointSettings { SettleDelay = TimeSpan.FromSeconds(11) }));
        Assert.NotNull(ModbusRules.Problem(new ModbusEndpointSettings { InterRequestDelay = TimeSpan.FromSeconds(-1) }));
        Assert.NotNull(ModbusRules.Problem(new ModbusEndpointSettings { Retries = 6 }));
        Assert.NotNull(ModbusRules.Problem(new ModbusDeviceSettings { MaxRegisters = 126 }));
        Assert.NotNull(ModbusRules.Problem(new ModbusDeviceSettings { MaxGap = -1 }));
    }

    private static ModbusReadPlan Build(ModbusDeviceSettings device, params ModbusPoint[] points) => ModbusReadPlan.Build(device, points);

    private static ModbusPoint Float(int address) => new() { Address = address };

    private static bool Fits(ModbusDeviceSettings device, ModbusPoint point) => ModbusRules.Problem(device, point) is null;

    private static ModbusPoint Any(Random random)
    {
        var function = (byte)random.Next(1, 5);
        var type = function <= 2 ? ModbusType.Bit : Types[random.Next(Types.Length)];
        var address = random.Next(4) == 0 ? random.Next(65536) : random.Next(300);
        return new ModbusPoint
        {
            Function = function,
            Address = address,
            Type = type,
            Bit = function >= 3 && type == ModbusType.Bit ? random.Next(16) : null,
            ScaleAddress = function >= 3 && random.Next(6) == 0 ? Math.Clamp(address + random.Next(-20, 20), 0, 65535) : null,
        };
    }
}
