using System.Globalization;
using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Xunit;

namespace Rondo.Tests.Drivers;

public sealed class CodecTests
{
    public static TheoryData<ModbusType, ModbusOrder> TypesAndOrders
    {
        get
        {
            var data = new TheoryData<ModbusType, ModbusOrder>();
            foreach (var type in Enum.GetValues<ModbusType>())
            {
                foreach (var order in Enum.GetValues<ModbusOrder>())
                {
                    data.Add(type, order);
                }
            }

            return data;
        }
    }

    [Theory]
    [InlineData(ModbusOrder.ABCD, "43668000", "12345678", "0102030405060708", "1234")]
    [InlineData(ModbusOrder.CDAB, "80004366", "56781234", "0708050603040102", "1234")]
    [InlineData(ModbusOrder.BADC, "66430080", "34127856", "0201040306050807", "3412")]
    [InlineData(ModbusOrder.DCBA, "00806643", "78563412", "0807060504030201", "3412")]
    public void Every_order_matches_the_published_vectors(ModbusOrder order, string single, string word32, string word64, string word16)
    {
        Assert.Equal(230.5, Decode(single, ModbusType.Float32, order));
        Assert.Equal(0x12345678, Decode(word32, ModbusType.UInt32, order));
        Assert.Equal(0x0102030405060708UL, RegisterCodec.ReadRaw(Convert.FromHexString(word64), ModbusType.UInt64, order));
        Assert.Equal(0x1234, Decode(word16, ModbusType.UInt16, order));
    }

    [Theory]
    [InlineData(ModbusType.Int16, "8001", -32767)]
    [InlineData(ModbusType.Int16, "8000", -32768)]
    [InlineData(ModbusType.UInt16, "FFFF", 65535)]
    [InlineData(ModbusType.Int32, "FFFFFFFE", -2)]
    [InlineData(ModbusType.UInt32, "FFFFFFFE", 4294967294)]
    [InlineData(ModbusType.Int64, "FFFFFFFFFFFFFFFF", -1)]
    [InlineData(ModbusType.Int64, "8000000000000000", -9223372036854775808.0)]
    [InlineData(ModbusType.UInt64, "FFFFFFFFFFFFFFFF", 18446744073709551615.0)]
    [InlineData(ModbusType.Float64, "406CD00000000000", 230.5)]
    [InlineData(ModbusType.Bcd16, "1234", 1234)]
    [InlineData(ModbusType.Bcd32, "12345678", 12345678)]
    [InlineData(ModbusType.Mod10K32, "04D2162E", 12345678)]
    [InlineData(ModbusType.SignMagnitude16, "8005", -5)]
    [InlineData(ModbusType.SignMagnitude16, "8000", 0)]
    [InlineData(ModbusType.SignMagnitude32, "80000005", -5)]
    public void Every_type_decodes(ModbusType type, string registers, double expected) => Assert.Equal(expected, Decode(registers, type));

    [Theory]
    [InlineData(ModbusType.Bcd16, "123A")]
    [InlineData(ModbusType.Bcd32, "A2345678")]
    [InlineData(ModbusType.Mod10K32, "27100000")]
    [InlineData(ModbusType.Mod10K32, "00002710")]
    public void Digits_that_are_none_are_a_protocol_fault(ModbusType type, string registers) =>
        Assert.Equal(ReadFault.Protocol, Fault(registers, new ModbusPoint { Type = type }));

    [Theory]
    [InlineData(ModbusType.Float32, "7FC00000")]
    [InlineData(ModbusType.Float32, "FFC00000")]
    [InlineData(ModbusType.Float32, "7F800000")]
    [InlineData(ModbusType.Float32, "FF800000")]
    [InlineData(ModbusType.Float64, "7FF8000000000000")]
    [InlineData(ModbusType.Float64, "FFF0000000000000")]
    public void Not_a_number_and_infinity_are_no_value(ModbusType type, string registers)
    {
        Assert.Equal(ReadFault.NotAvailable, Fault(registers, new ModbusPoint { Type = type }));
        Assert.Equal(ReadFault.NotAvailable, Fault(registers, new ModbusPoint { Type = type, Scale = 0.1m }));
    }

    [Theory]
    [InlineData(ModbusType.Int16, "8000", 0x8000)]
    [InlineData(ModbusType.UInt16, "FFFF", 0xFFFF)]
    [InlineData(ModbusType.Int32, "80000000", 0x80000000)]
    [InlineData(ModbusType.Int64, "8000000000000000", 0x8000000000000000)]
    [InlineData(ModbusType.Bcd16, "FFFF", 0xFFFF)]
    public void A_marker_is_no_value(ModbusType type, string registers, ulong marker)
    {
        Assert.Equal(ReadFault.NotAvailable, Fault(registers, new ModbusPoint { Type = type, NotAvailable = marker }));
        Assert.NotEqual(ReadFault.NotAvailable, Fault(registers, new ModbusPoint { Type = type, NotAvailable = marker - 1 }));
    }

    [Fact]
    public void Whole_numbers_scale_exactly()
    {
        Assert.Equal(230.1, Decode("08FD", new ModbusPoint { Type = ModbusType.UInt16, Scale = 0.1m }));
        Assert.Equal(-27.35, Decode("F551", new ModbusPoint { Type = ModbusType.Int16, Scale = 0.01m }));
        Assert.Equal(-273.15 + 300, Decode("0BB8", new ModbusPoint { Type = ModbusType.UInt16, Scale = 0.1m, Offset = -273.15m }), 12);

        // 9,007,199,254,740,993 Wh is no double; 9,007,199,254,740.993 kWh has a nearest one, and this is it.
        Assert.Equal(9007199254740.993, Decode("0020000000000001", new ModbusPoint { Type = ModbusType.UInt64, Scale = 0.001m }));
        Assert.Equal(
            double.Parse("18446744073709551.615", CultureInfo.InvariantCulture),
            Decode("FFFFFFFFFFFFFFFF", new ModbusPoint { Type = ModbusType.UInt64, Scale = 0.001m }));
    }

    [Fact]
    public void Scaling_beyond_what_decimal_holds_goes_on_in_double() =>
        Assert.Equal(
            18446744073709551615e20,
            Decode("FFFFFFFFFFFFFFFF", new ModbusPoint { Type = ModbusType.UInt64, Scale = 1e20m }),
            Math.BitIncrement(1.8e39) * 1e-15);

    [Theory]
    [InlineData("FFFF", 230.1)]
    [InlineData("0000", 2301)]
    [InlineData("0002", 230100)]
    [InlineData("FFF6", 2.301e-7)]
    public void A_scale_register_shifts_by_powers_of_ten(string scale, double expected)
    {
        var point = new ModbusPoint { Type = ModbusType.Int16, ScaleAddress = 5 };
        Assert.Equal(ReadFault.None, RegisterCodec.Decode(point, Convert.FromHexString("08FD"), Convert.FromHexString(scale), out var value));
        Assert.Equal(expected, value);
    }

    [Theory]
    [InlineData("8000", ReadFault.NotAvailable)]
    [InlineData("000B", ReadFault.Protocol)]
    [InlineData("FFF5", ReadFault.Protocol)]
    public void A_scale_register_outside_its_range_gives_no_value(string scale, ReadFault expected) =>
        Assert.Equal(expected, RegisterCodec.Decode(
            new ModbusPoint { Type = ModbusType.Int16, ScaleAddress = 5 }, Convert.FromHexString("08FD"), Convert.FromHexString(scale), out _));

    [Theory]
    [InlineData(230.1f, 230.1)]
    [InlineData(49.98f, 49.98)]
    [InlineData(-0.87f, -0.87)]
    [InlineData(123456.7f, 123456.7)]
    [InlineData(16777216f, 16777216)]
    [InlineData(3.4028235e38f, 3.4028235e38)]
    [InlineData(1e-45f, 1e-45)]
    public void A_float32_becomes_the_number_a_person_would_read(float raw, double expected)
    {
        var registers = new byte[4];
        Assert.True(RegisterCodec.Encode(raw, ModbusType.Float32, ModbusOrder.ABCD, registers));
        RegisterCodec.Decode(new ModbusPoint(), registers, default, out var value);
        Assert.Equal(expected, value);
    }

    [Fact]
    public void A_float32_in_kilowatts_scales_to_watts_without_noise() =>
        Assert.Equal(1234.5, Decode(Convert.ToHexString(Encode(1.2345, ModbusType.Float32)), new ModbusPoint { Scale = 1000 }));

    [Fact]
    public void Widening_equals_the_shortest_decimal_form_for_all_kinds_of_float32()
    {
        var random = new Random(7);
        for (var i = 0; i < 300_000; i++)
        {
            // Three sorts: any bit pattern, a meter's range, and decimals of few digits.
            var value = (i % 3) switch
            {
                0 => BitConverter.Int32BitsToSingle((int)random.NextInt64(int.MinValue, int.MaxValue)),
                1 => (float)((random.NextDouble() - 0.5) * Math.Pow(10, random.Next(-6, 12))),
                _ => (float)(random.Next(-100_000, 100_000) / Math.Pow(10, random.Next(0, 6))),
            };
            if (float.IsFinite(value))
            {
                var wide = ShortestDecimal.Widen(value);
                Assert.Equal(double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture), wide);
                Assert.Equal(value, (float)wide);
            }
        }
    }

    [Fact]
    public void Negative_zero_is_zero()
    {
        var single = Decode("80000000", ModbusType.Float32);
        var scaled = Decode("80000000", new ModbusPoint { Scale = -0.1m });
        Assert.False(double.IsNegative(single));
        Assert.False(double.IsNegative(scaled));
        Assert.False(double.IsNegative(Decode("8000000000000000", ModbusType.Float64)));
    }

    [Theory]
    [MemberData(nameof(TypesAndOrders))]
    public void Every_raw_pattern_survives_every_type_and_order(ModbusType type, ModbusOrder order)
    {
        var patterns = Gen.Choose(0, 255).ArrayOf(8).ToArbitrary();
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(200), Prop.ForAll(patterns, pattern =>
        {
            var size = RegisterCodec.RegistersOf(type) * 2;
            var registers = pattern.Select(b => (byte)b).Take(size).ToArray();
            var written = new byte[size];
            RegisterCodec.WriteRaw(RegisterCodec.ReadRaw(registers, type, order), type, order, written);
            return registers.AsSpan().SequenceEqual(written);
        }));
    }

    [Theory]
    [MemberData(nameof(TypesAndOrders))]
    public void Every_value_a_type_can_hold_survives_encoding_and_decoding(ModbusType type, ModbusOrder order)
    {
        var numbers = Gen.Choose(int.MinValue, int.MaxValue).ToArbitrary();
        var registers = new byte[8];
        var point = new ModbusPoint { Type = type, Order = order, Bit = type == ModbusType.Bit ? 0 : null };
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(200), Prop.ForAll(numbers, number =>
        {
            double value = type switch
            {
                ModbusType.Bit => number & 1,
                ModbusType.Int16 => (short)number,
                ModbusType.UInt16 => (ushort)number,
                ModbusType.UInt32 or ModbusType.UInt64 => (uint)number,
                ModbusType.Bcd16 => Math.Abs(number % 10_000),
                ModbusType.Bcd32 or ModbusType.Mod10K32 => Math.Abs(number % 100_000_000),
                ModbusType.SignMagnitude16 => number % 0x8000,
                ModbusType.SignMagnitude32 => number % 0x7FFFFFFF,
                ModbusType.Float32 => (number % 1_000_000) / 100.0,
                ModbusType.Float64 => number / 7.0,
                _ => number,
            };
            return RegisterCodec.Encode(value, type, order, registers)
                && RegisterCodec.Decode(point, registers, default, out var decoded) == ReadFault.None && decoded == value;
        }));
    }

    [Theory]
    [InlineData(ModbusType.UInt16, -1)]
    [InlineData(ModbusType.UInt16, 65536)]
    [InlineData(ModbusType.Int16, 32768)]
    [InlineData(ModbusType.Int64, 9223372036854775808.0)]
    [InlineData(ModbusType.UInt64, 18446744073709551616.0)]
    [InlineData(ModbusType.Bcd16, 10000)]
    [InlineData(ModbusType.UInt16, double.NaN)]
    [InlineData(ModbusType.Int32, double.PositiveInfinity)]
    public void What_a_type_cannot_hold_is_not_encoded(ModbusType type, double value)
    {
        var registers = new byte[8];
        Assert.False(RegisterCodec.Encode(value, type, ModbusOrder.ABCD, registers));
        Assert.Equal(new byte[8], registers);
    }

    [Fact]
    public void A_scaled_point_is_encoded_back_to_its_raw_registers()
    {
        var registers = new byte[2];
        Assert.True(RegisterCodec.Encode(230.1, new ModbusPoint { Type = ModbusType.UInt16, Scale = 0.1m }, registers));
        Assert.Equal("08FD", Convert.ToHexString(registers));
        Assert.True(RegisterCodec.Encode(1, new ModbusPoint { Function = 3, Type = ModbusType.Bit, Bit = 9 }, registers));
        Assert.Equal("0200", Convert.ToHexString(registers));
    }

    [Fact]
    public void A_probe_shows_every_type_and_order_side_by_side()
    {
        var readings = ModbusProbe.Interpret(Convert.FromHexString("4366800000000001"));
        Assert.Equal(230.5, readings.Single(r => r is { Type: ModbusType.Float32, Order: ModbusOrder.ABCD }).Value);
        Assert.Equal(0x4366800000000001.ToString(CultureInfo.InvariantCulture), readings.Single(r => r is { Type: ModbusType.UInt64, Order: ModbusOrder.ABCD }).Text);
        Assert.Equal(4366, readings.Single(r => r is { Type: ModbusType.Bcd16, Order: ModbusOrder.ABCD }).Value);
        Assert.Equal(ReadFault.Protocol, readings.Single(r => r is { Type: ModbusType.Mod10K32, Order: ModbusOrder.ABCD }).Fault);
        Assert.Equal("0100001101100110", readings.First(r => r.Type == ModbusType.Bit).Text);

        // One register: bit, three 16-bit and two digit types in two orders; the others in four.
        Assert.Equal((5 * 2) + (9 * 4), readings.Count);
        Assert.Equal(5 * 2, ModbusProbe.Interpret([0x12, 0x34]).Count);
        Assert.Empty(ModbusProbe.Interpret([0x12]));
    }

    private static byte[] Encode(double value, ModbusType type)
    {
        var registers = new byte[RegisterCodec.RegistersOf(type) * 2];
        RegisterCodec.Encode(value, type, ModbusOrder.ABCD, registers);
        return registers;
    }

    private static double Decode(string registers, ModbusType type, ModbusOrder order = ModbusOrder.ABCD) =>
        Decode(registers, new ModbusPoint { Type = type, Order = order });

    private static double Decode(string registers, ModbusPoint point)
    {
        Assert.Equal(ReadFault.None, RegisterCodec.Decode(point, Convert.FromHexString(registers), default, out var value));
        return value;
    }

    private static ReadFault Fault(string registers, ModbusPoint point) =>
        RegisterCodec.Decode(point, Convert.FromHexString(registers), default, out _);
}
