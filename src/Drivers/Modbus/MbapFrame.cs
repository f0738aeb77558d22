using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Rondo.Drivers.Modbus;

/// <summary>
/// A Modbus TCP frame: transaction id (2), protocol id 0 (2), length of what follows (2), unit (1), PDU (1 to 253), all big-endian.
/// Source: Modbus Messaging on TCP/IP Implementation Guide 1.0b, section 3.1.3.
/// </summary>
/// <param name="Transaction">Chosen by the client, echoed by the server.</param>
/// <param name="Unit">Unit (slave) behind the address.</param>
/// <param name="PduLength">Bytes of function code and data, 1 to 253; they start at <see cref="HeaderLength"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct MbapFrame(ushort Transaction, byte Unit, int PduLength)
{
    /// <summary>Bytes before the PDU.</summary>
    public const int HeaderLength = 7;

    /// <summary>Most bytes of a PDU.</summary>
    public const int MaxPduLength = 253;

    /// <summary>Most bytes of a whole frame.</summary>
    public const int MaxLength = HeaderLength + MaxPduLength;

    /// <summary>Bytes of the whole frame.</summary>
    public int Length => HeaderLength + PduLength;

    /// <summary>Writes the header before a PDU of <paramref name="pduLength"/> bytes and returns the length of the whole frame.</summary>
    public static int WriteHeader(Span<byte> frame, ushort transaction, byte unit, int pduLength)
    {
        BinaryPrimitives.WriteUInt16BigEndian(frame, transaction);
        BinaryPrimitives.WriteUInt16BigEndian(frame[2..], 0);
        BinaryPrimitives.WriteUInt16BigEndian(frame[4..], (ushort)(pduLength + 1));
        frame[6] = unit;
        return HeaderLength + pduLength;
    }

    /// <summary>Looks for a frame at the start of <paramref name="bytes"/>; any bytes are allowed.</summary>
    public static FrameStatus TryRead(ReadOnlySpan<byte> bytes, out MbapFrame frame)
    {
        frame = default;
        if (bytes.Length >= 4 && BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]) != 0)
        {
            return FrameStatus.Malformed;
        }

        if (bytes.Length < 6)
        {
            return FrameStatus.Incomplete;
        }

        int length = BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]);
        if (length is < 2 or > MaxPduLength + 1)
        {
            return FrameStatus.Malformed;
        }

        if (bytes.Length < 6 + length)
        {
            return FrameStatus.Incomplete;
        }

        frame = new MbapFrame(BinaryPrimitives.ReadUInt16BigEndian(bytes), bytes[6], length - 1);
        return FrameStatus.Complete;
    }
}
