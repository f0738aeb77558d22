using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Rondo.Drivers.Modbus;

/// <summary>One read: functions 1 (coils), 2 (discrete inputs), 3 (holding registers), 4 (input registers).</summary>
/// <param name="Unit">Unit (slave) id.</param>
/// <param name="Function">Function code, 1 to 4.</param>
/// <param name="Address">Wire address, 0-based.</param>
/// <param name="Count">Bits (1 to 2000) or registers (1 to 125).</param>
[StructLayout(LayoutKind.Auto)]
public readonly record struct ReadRequest(byte Unit, byte Function, ushort Address, ushort Count)
{
    /// <summary>Bytes of the request's PDU.</summary>
    public const int PduLength = 5;

    /// <summary>Most bits one request may ask for.</summary>
    public const int MaxBits = 2000;

    /// <summary>Most registers one request may ask for.</summary>
    public const int MaxRegisters = 125;

    /// <summary>Bytes of data in the answer.</summary>
    public int ByteCount => Function <= 2 ? (Count + 7) / 8 : Count * 2;

    /// <summary>Whether the protocol allows this request.</summary>
    public bool IsValid =>
        Function is >= 1 and <= 4 && Count >= 1 && Count <= (Function <= 2 ? MaxBits : MaxRegisters) && Address + Count <= 65536;

    /// <summary>Writes function, address and count; returns <see cref="PduLength"/>.</summary>
    public int WritePdu(Span<byte> pdu)
    {
        pdu[0] = Function;
        BinaryPrimitives.WriteUInt16BigEndian(pdu[1..], Address);
        BinaryPrimitives.WriteUInt16BigEndian(pdu[3..], Count);
        return PduLength;
    }

    /// <summary>Reads a request's PDU, as a server does. False when it is not a read; <see cref="IsValid"/> says whether it is within limits.</summary>
    public static bool TryRead(byte unit, ReadOnlySpan<byte> pdu, out ReadRequest request)
    {
        if (pdu.Length != PduLength || pdu[0] is < 1 or > 4)
        {
            request = default;
            return false;
        }

        request = new ReadRequest(
            unit, pdu[0], BinaryPrimitives.ReadUInt16BigEndian(pdu[1..]), BinaryPrimitives.ReadUInt16BigEndian(pdu[3..]));
        return true;
    }
}
