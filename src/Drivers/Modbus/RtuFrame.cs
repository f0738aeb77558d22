using System.Runtime.InteropServices;

namespace Rondo.Drivers.Modbus;

/// <summary>
/// A serial frame: unit (1), PDU, checksum (2, low byte first). It carries no length: that follows from the function code and, for reads,
/// from the byte count. Source: Modbus over Serial Line 1.02, section 2.5.1, and the Application Protocol 1.1b3, section 6.
/// </summary>
/// <param name="Unit">Unit (slave) that sent or shall receive it.</param>
/// <param name="PduLength">Bytes of function code and data; they start at <see cref="HeaderLength"/>.</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct RtuFrame(byte Unit, int PduLength)
{
    /// <summary>Bytes before the PDU.</summary>
    public const int HeaderLength = 1;

    /// <summary>Bytes after the PDU.</summary>
    public const int ChecksumLength = 2;

    /// <summary>Most bytes a frame can claim (a byte count of 255 in a read reply); the specification stops at 256.</summary>
    public const int MaxLength = HeaderLength + 2 + 255 + ChecksumLength;

    /// <summary>Bytes of the whole frame.</summary>
    public int Length => HeaderLength + PduLength + ChecksumLength;

    /// <summary>Writes unit and checksum around a PDU that already stands at <see cref="HeaderLength"/>; returns the length of the whole frame.</summary>
    public static int Close(Span<byte> frame, byte unit, int pduLength)
    {
        frame[0] = unit;
        var end = HeaderLength + pduLength;
        var crc = Crc16.Compute(frame[..end]);
        frame[end] = (byte)crc;
        frame[end + 1] = (byte)(crc >> 8);
        return end + ChecksumLength;
    }

    /// <summary>Looks for a reply at the start of <paramref name="bytes"/>; any bytes are allowed.</summary>
    public static FrameStatus TryReadReply(ReadOnlySpan<byte> bytes, out RtuFrame frame)
    {
        frame = default;
        if (bytes.Length < 2)
        {
            return FrameStatus.Incomplete;
        }

        switch (bytes[1])
        {
            case >= 0x80:
                return Check(bytes, 2, out frame);
            case >= 1 and <= 4:
                return bytes.Length < 3 ? FrameStatus.Incomplete : Check(bytes, 2 + bytes[2], out frame);
            case 5 or 6 or 15 or 16:
                return Check(bytes, 5, out frame);
            default:
                return FrameStatus.Malformed;
        }
    }

    /// <summary>Looks for a request (functions 1 to 6, 15, 16) at the start of <paramref name="bytes"/>; any bytes are allowed.</summary>
    public static FrameStatus TryReadRequest(ReadOnlySpan<byte> bytes, out RtuFrame frame)
    {
        frame = default;
        if (bytes.Length < 2)
        {
            return FrameStatus.Incomplete;
        }

        switch (bytes[1])
        {
            case >= 1 and <= 6:
                return Check(bytes, 5, out frame);
            case 15 or 16:
                return bytes.Length < 7 ? FrameStatus.Incomplete : Check(bytes, 6 + bytes[6], out frame);
            default:
                return FrameStatus.Malformed;
        }
    }

    private static FrameStatus Check(ReadOnlySpan<byte> bytes, int pduLength, out RtuFrame frame)
    {
        frame = new RtuFrame(bytes[0], pduLength);
        var end = HeaderLength + pduLength;
        if (bytes.Length < end + ChecksumLength)
        {
            return FrameStatus.Incomplete;
        }

        var expected = (ushort)(bytes[end] | (bytes[end + 1] << 8));
        return Crc16.Compute(bytes[..end]) == expected ? FrameStatus.Complete : FrameStatus.BadChecksum;
    }
}
