using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using Rondo.Drivers.Modbus;
using Rondo.Simulators.Modbus;
using Xunit;

namespace Rondo.Tests.Simulators;

/// <summary>The smallest Modbus client there is; knows nothing of Rondo's driver, so that the two cannot agree on a mistake.</summary>
internal sealed class RawClient : IDisposable
{
    private readonly TcpClient _client;
    private readonly NetworkStream _stream;
    private readonly ModbusFraming _framing;
    private ushort _transaction;

    private RawClient(TcpClient client, ModbusFraming framing)
    {
        _client = client;
        _framing = framing;
        _stream = client.GetStream();
        _stream.ReadTimeout = 10_000;
    }

    public static RawClient Connect(IPEndPoint endpoint, ModbusFraming framing = ModbusFraming.Tcp)
    {
        var client = new TcpClient(endpoint.AddressFamily) { NoDelay = true };
        try
        {
            client.Connect(endpoint);
        }
        catch
        {
            client.Dispose();
            throw;
        }

        return new RawClient(client, framing);
    }

    public int Available => _client.Available;

    /// <summary>Sends a request and returns the PDU of its answer, having checked everything around it.</summary>
    public byte[] Ask(byte unit, params byte[] pdu)
    {
        SendRequest(unit, pdu);
        var (transaction, from, answer) = ReceiveAnswer();
        Assert.Equal(_framing == ModbusFraming.Tcp ? _transaction : 0, transaction);
        Assert.Equal(unit, from);
        return answer;
    }

    /// <summary>Sends a request with the next transaction id, and returns that id.</summary>
    public ushort SendRequest(byte unit, params byte[] pdu)
    {
        _transaction++;
        Send(Frame(_transaction, unit, pdu));
        return _transaction;
    }

    public byte[] Frame(ushort transaction, byte unit, params byte[] pdu)
    {
        if (_framing == ModbusFraming.Rtu)
        {
            byte[] body = [unit, .. pdu];
            var crc = SlowCrc(body);
            return [.. body, (byte)crc, (byte)(crc >> 8)];
        }

        var length = pdu.Length + 1;
        return [(byte)(transaction >> 8), (byte)transaction, 0, 0, (byte)(length >> 8), (byte)length, unit, .. pdu];
    }

    public (int Transaction, byte Unit, byte[] Pdu) ReceiveAnswer()
    {
        if (_framing == ModbusFraming.Tcp)
        {
            var header = Receive(7);
            Assert.Equal(0, BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(2)));
            return (BinaryPrimitives.ReadUInt16BigEndian(header), header[6], Receive(BinaryPrimitives.ReadUInt16BigEndian(header.AsSpan(4)) - 1));
        }

        var start = Receive(3);
        var more = start[1] switch { > 0x80 => 0, >= 1 and <= 4 => start[2], _ => 3 };
        byte[] frame = [.. start, .. Receive(more), .. Receive(2)];
        Assert.Equal(SlowCrc(frame.AsSpan(0, frame.Length - 2)), BinaryPrimitives.ReadUInt16LittleEndian(frame.AsSpan(frame.Length - 2)));
        return (0, frame[0], frame[1..^2]);
    }

    public void Send(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    public byte[] Receive(int count)
    {
        var bytes = new byte[count];
        _stream.ReadExactly(bytes);
        return bytes;
    }

    /// <summary>Reads until the other side ends the connection, and returns what came before that.</summary>
    public byte[] ReceiveToEnd()
    {
        var all = new MemoryStream();
        try
        {
            var buffer = new byte[1024];
            while (_stream.Read(buffer) is > 0 and var count)
            {
                all.Write(buffer, 0, count);
            }
        }
        catch (IOException failure) when (failure.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
        }

        return all.ToArray();
    }

    /// <summary>The float32 (ABCD) values of a register answer.</summary>
    public static float[] Floats(byte[] pdu)
    {
        Assert.True(pdu[0] < 0x80, $"exception {pdu[1]}");
        var values = new float[pdu[1] / 4];
        for (var i = 0; i < values.Length; i++)
        {
            values[i] = BinaryPrimitives.ReadSingleBigEndian(pdu.AsSpan(2 + (4 * i)));
        }

        return values;
    }

    /// <summary>Read request of functions 1 to 4.</summary>
    public static byte[] Read(int function, int address, int count)
        => [(byte)function, (byte)(address >> 8), (byte)address, (byte)(count >> 8), (byte)count];

    public void Dispose() => _client.Dispose();

    private static ushort SlowCrc(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFF;
        foreach (var b in bytes)
        {
            crc ^= b;
            for (var i = 0; i < 8; i++)
            {
                crc = (crc & 1) == 0 ? crc >> 1 : (crc >> 1) ^ 0xA001;
            }
        }

        return (ushort)crc;
    }
}

internal static class Simulated
{
    public static Task<ModbusSimulator> Start(ModbusSimulatorOptions? options = null, TimeProvider? time = null)
        => ModbusSimulator.StartAsync(options ?? new ModbusSimulatorOptions(), time ?? TimeProvider.System, TestContext.Current.CancellationToken);

    /// <summary>Waits until something is so; fails after ten seconds.</summary>
    public static async Task Until(Func<bool> fact)
    {
        await Rondo.Tests.Support.Eventually.TrueAsync(fact, "what the test waits for", TimeSpan.FromSeconds(10));
    }
}
