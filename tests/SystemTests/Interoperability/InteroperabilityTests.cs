using System.Globalization;
using System.Text.RegularExpressions;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Interoperability;

/// <summary>What Rondo reads from servers that others wrote is what mbpoll, which others wrote too, reads from them.</summary>
public sealed partial class InteroperabilityTests(ForeignServers servers) : IClassFixture<ForeignServers>
{
    // Small and large, negative, the ends of each type, 230.1 and -123.456 in both word orders, not a number.
    private static readonly ushort[] Registers =
    [
        0x0001, 0x8000, 0x7FFF, 0xFFFF, 0x0000, 0x1234, 0xFEDC, 0x00FF,
        0x4366, 0x199A, 0x199A, 0x4366, 0xC2F6, 0xE979, 0xE979, 0xC2F6,
        0x7FC0, 0x0000, 0x0000, 0x7FC0, 0x8000, 0x0000, 0xFFFF, 0xFFFE,
    ];

    private const string Bits = "1011001110001111";

    public static TheoryData<string, string, bool, ModbusType, int, ModbusOrder> Reads()
    {
        var data = new TheoryData<string, string, bool, ModbusType, int, ModbusOrder>();
        foreach (var server in new[] { "pymodbus", "libmodbus" })
        {
            data.Add(server, "0", false, ModbusType.Bit, 1, ModbusOrder.ABCD);
            data.Add(server, "1", false, ModbusType.Bit, 2, ModbusOrder.ABCD);
            foreach (var (table, function) in new[] { ("3", 4), ("4", 3) })
            {
                data.Add(server, table, false, ModbusType.Int16, function, ModbusOrder.ABCD);
                data.Add(server, table, false, ModbusType.UInt16, function, ModbusOrder.ABCD);
                data.Add(server, table + ":hex", false, ModbusType.UInt16, function, ModbusOrder.ABCD);
                data.Add(server, table + ":int", false, ModbusType.Int32, function, ModbusOrder.CDAB);
                data.Add(server, table + ":int", true, ModbusType.Int32, function, ModbusOrder.ABCD);
                data.Add(server, table + ":float", false, ModbusType.Float32, function, ModbusOrder.CDAB);
                data.Add(server, table + ":float", true, ModbusType.Float32, function, ModbusOrder.ABCD);
            }
        }

        return data;
    }

    /// <param name="server">Who serves.</param>
    /// <param name="mbpollType">As mbpoll calls it (<c>-t</c>).</param>
    /// <param name="isBigEndian">mbpoll's <c>-B</c>.</param>
    /// <param name="type">As Rondo calls it.</param>
    /// <param name="function">Function code.</param>
    /// <param name="order">Byte order.</param>
    [Theory]
    [MemberData(nameof(Reads))]
    public async Task Rondo_reads_what_mbpoll_reads(string server, string mbpollType, bool isBigEndian, ModbusType type, int function, ModbusOrder order)
    {
        var mbpoll = Tools.Find("mbpoll", "mbpoll");
        var foreign = await servers.GetAsync(server, Registers, Bits);
        var size = type == ModbusType.Bit ? 1 : RegisterCodec.RegistersOf(type);
        var count = (type == ModbusType.Bit ? Bits.Length : Registers.Length) / size;
        var theirs = await MbpollAsync(mbpoll, foreign.Port, mbpollType, isBigEndian, count, isSigned: type == ModbusType.Int16);
        var ours = await RondoAsync(foreign.Port, type, (byte)function, order, count, size);
        Assert.Equal(count, theirs.Count);
        for (var i = 0; i < count; i++)
        {
            var (mine, other) = (ours[i], theirs[i * size]);

            // mbpoll prints six digits of a float, Rondo as many as name it: the same float, to six digits.
            var isSame = double.IsNaN(mine) ? double.IsNaN(other)
                : type == ModbusType.Float32 ? Math.Abs((float)mine - other) <= Math.Abs(other) * 1e-5
                : mine == other;
            Assert.True(isSame, $"address {i * size}: Rondo {mine}, mbpoll {other}");
        }
    }

    private static async Task<double[]> RondoAsync(int port, ModbusType type, byte function, ModbusOrder order, int count, int size)
    {
        var time = TimeProvider.System;
        await using var session = new ModbusSession("127.0.0.1", port, new ModbusEndpointSettings(), time);
        var points = Enumerable.Range(0, count).Select(index => new ModbusPoint { Function = function, Address = index * size, Type = type, Order = order }).ToArray();
        var result = new ReadResult();
        await session.ReadAsync(ModbusReadPlan.Build(new ModbusDeviceSettings(), points), result, time.GetTimestamp() + (5 * time.TimestampFrequency), TestContext.Current.CancellationToken);
        return
        [
            .. Enumerable.Range(0, count).Select(index => result.Faults[index] switch
            {
                ReadFault.None => result.Values[index],
                ReadFault.NotAvailable => double.NaN,
                var fault => throw new InvalidOperationException($"point {index}: {fault}"),
            }),
        ];
    }

    /// <summary>Its values by address: <c>[3]:  65535 (-1)</c>.</summary>
    private static async Task<Dictionary<int, double>> MbpollAsync(string mbpoll, int port, string type, bool isBigEndian, int count, bool isSigned)
    {
        string[] order = isBigEndian ? ["-B"] : [];
        await using var process = new ChildProcess(mbpoll, ["-m", "tcp", "-a", "1", "-0", "-r", "0", "-c", $"{count}", "-1", "-t", type, "-p", $"{port}", .. order, "127.0.0.1"]);
        var code = await process.ExitAsync();
        Assert.True(code == 0, string.Join('\n', process.Errors.Concat(process.Output)));
        var values = new Dictionary<int, double>();
        foreach (var line in process.Output)
        {
            if (Value().Match(line) is { Success: true } match)
            {
                var text = isSigned && match.Groups["signed"].Success ? match.Groups["signed"].Value : match.Groups["value"].Value;
                values.Add(int.Parse(match.Groups["address"].Value, CultureInfo.InvariantCulture), Number(text));
            }
        }

        return values;
    }

    private static double Number(string text) => text switch
    {
        "nan" or "-nan" => double.NaN,
        ['0', 'x', .. var hex] => int.Parse(hex, NumberStyles.HexNumber, CultureInfo.InvariantCulture),
        _ => double.Parse(text, CultureInfo.InvariantCulture),
    };

    [GeneratedRegex(@"^\[(?<address>\d+)\]:\s+(?<value>\S+)(?:\s+\((?<signed>-\d+)\))?\s*$")]
    private static partial Regex Value();
}
