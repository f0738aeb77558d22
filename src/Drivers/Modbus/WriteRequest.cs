using System.Buffers.Binary;

namespace Rondo.Drivers.Modbus;

/// <summary>One write: functions 5 (one coil), 6 (one register), 15 (coils), 16 (registers). Made by its four factories.</summary>
public sealed record WriteRequest
{
    /// <summary>Most coils one request may write.</summary>
    public const int MaxCoils = 1968;

    /// <summary>Most registers one request may write.</summary>
    public const int MaxRegisters = 123;

    private readonly byte[] _pdu;

    private WriteRequest(byte unit, byte[] pdu)
    {
        Unit = unit;
        _pdu = pdu;
    }

    /// <summary>Unit (slave) id. Unit 0 is a broadcast on a serial line, which nobody answers.</summary>
    public byte Unit { get; }

    /// <summary>Function code and data as they travel.</summary>
    public ReadOnlyMemory<byte> Pdu => _pdu;

    /// <summary>Function 5: one coil on or off.</summary>
    public static WriteRequest Coil(byte unit, ushort address, bool on) => new(unit, Head(5, 5, address, on ? (ushort)0xFF00 : (ushort)0));

    /// <summary>Function 6: one register.</summary>
    public static WriteRequest Register(byte unit, ushort address, ushort value) => new(unit, Head(5, 6, address, value));

    /// <summary>Function 15: 1 to <see cref="MaxCoils"/> coils; the first is the least significant bit of the first byte.</summary>
    public static WriteRequest Coils(byte unit, ushort address, ReadOnlySpan<bool> values)
    {
        CheckRange(address, values.Length, MaxCoils);
        var bytes = (values.Length + 7) / 8;
        var pdu = Head(6 + bytes, 15, address, (ushort)values.Length);
        pdu[5] = (byte)bytes;
        for (var i = 0; i < values.Length; i++)
        {
            pdu[6 + (i >> 3)] |= (byte)((values[i] ? 1 : 0) << (i & 7));
        }

        return new(unit, pdu);
    }

    /// <summary>Function 16: 1 to <see cref="MaxRegisters"/> registers.</summary>
    public static WriteRequest Registers(byte unit, ushort address, ReadOnlySpan<ushort> values)
    {
        CheckRange(address, values.Length, MaxRegisters);
        var pdu = Head(6 + (values.Length * 2), 16, address, (ushort)values.Length);
        pdu[5] = (byte)(values.Length * 2);
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteUInt16BigEndian(pdu.AsSpan(6 + (i * 2)), values[i]);
        }

        return new(unit, pdu);
    }

    private static byte[] Head(int length, byte function, ushort address, ushort countOrValue)
    {
        var pdu = new byte[length];
        pdu[0] = function;
        BinaryPrimitives.WriteUInt16BigEndian(pdu.AsSpan(1), address);
        BinaryPrimitives.WriteUInt16BigEndian(pdu.AsSpan(3), countOrValue);
        return pdu;
    }

    private static void CheckRange(ushort address, int count, int most)
    {
        if (count < 1 || count > most || address + count > 65536)
        {
            throw new ArgumentOutOfRangeException(
                nameof(count), count, $"One write carries 1 to {most} values and ends at address 65535; this one starts at {address}.");
        }
    }
}
