using System.Buffers.Binary;
using Rondo.Drivers.Modbus;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// The server's side of both framings: how long the request at the front of a stream is, what is in it, and how an answer is wrapped.
/// MBAP: Modbus Messaging on TCP/IP 1.0b, 3.1.3. Serial frames: Modbus over Serial Line 1.02, 2.5.1, without the silences a stream cannot carry.
/// </summary>
internal static class ServerFrames
{
    /// <summary>No frame of either framing is longer.</summary>
    public const int Longest = 260;

    /// <summary>The stream cannot be understood from here on.</summary>
    public const int Broken = -1;

    private const int MbapHeader = 7;

    /// <summary>Where the PDU starts.</summary>
    public static int PduOffset(ModbusFraming framing) => framing == ModbusFraming.Tcp ? MbapHeader : 1;

    /// <summary>
    /// How many bytes the first frame of <paramref name="stream"/> has, as far as can be told: when that is more than there are, read up to
    /// that many and ask again. <see cref="Broken"/> when no frame starts like this.
    /// </summary>
    public static int Length(ModbusFraming framing, ReadOnlySpan<byte> stream)
    {
        if (framing == ModbusFraming.Rtu)
        {
            return RtuLength(stream);
        }

        if (stream.Length < 6)
        {
            return 6;
        }

        var protocol = BinaryPrimitives.ReadUInt16BigEndian(stream[2..]);
        var length = BinaryPrimitives.ReadUInt16BigEndian(stream[4..]);
        return protocol != 0 || length is < 2 or > 254 ? Broken : 6 + length;
    }

    private static int RtuLength(ReadOnlySpan<byte> stream)
    {
        if (stream.Length < 2)
        {
            return 2;
        }

        switch (stream[1])
        {
            case >= 1 and <= 6:
                return 8;
            case 15 or 16 when stream.Length < 7:
                return 7;
            case 15 or 16:
                return stream[6] > 246 ? Broken : 9 + stream[6];
            default:
                // Nothing tells how long a frame of an unknown function is: take what came in one piece, the checksum decides.
                return Math.Clamp(stream.Length, 4, 256);
        }
    }

    /// <summary>True when the checksum of a complete serial frame is right; a TCP frame has none.</summary>
    public static bool IsSound(ModbusFraming framing, ReadOnlySpan<byte> frame)
        => framing == ModbusFraming.Tcp || Crc16.Of(frame[..^2]) == BinaryPrimitives.ReadUInt16LittleEndian(frame[^2..]);

    /// <summary>Transaction id, unit and PDU of a complete frame. Serial frames have no transaction id: 0.</summary>
    public static void Open(ModbusFraming framing, ReadOnlySpan<byte> frame, out ushort transaction, out byte unit, out ReadOnlySpan<byte> pdu)
    {
        if (framing == ModbusFraming.Tcp)
        {
            transaction = BinaryPrimitives.ReadUInt16BigEndian(frame);
            unit = frame[6];
            pdu = frame[MbapHeader..];
        }
        else
        {
            transaction = 0;
            unit = frame[0];
            pdu = frame[1..^2];
        }
    }

    /// <summary>Puts header or checksum around a PDU that already stands at <see cref="PduOffset"/>; returns the length of the frame.</summary>
    public static int Close(ModbusFraming framing, Span<byte> frame, ushort transaction, byte unit, int pduLength)
    {
        if (framing == ModbusFraming.Tcp)
        {
            BinaryPrimitives.WriteUInt16BigEndian(frame, transaction);
            BinaryPrimitives.WriteUInt16BigEndian(frame[2..], 0);
            BinaryPrimitives.WriteUInt16BigEndian(frame[4..], (ushort)(pduLength + 1));
            frame[6] = unit;
            return MbapHeader + pduLength;
        }

        frame[0] = unit;
        BinaryPrimitives.WriteUInt16LittleEndian(frame[(1 + pduLength)..], Crc16.Of(frame[..(1 + pduLength)]));
        return pduLength + 3;
    }
}
