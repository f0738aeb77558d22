using System.Buffers.Binary;

namespace Rondo.Simulators.Modbus;

/// <summary>Answers to the write functions 5, 6, 15 and 16; what is written can be read back with functions 1 and 3.</summary>
internal static class UnitWrites
{
    private const int MostBits = 1968;
    private const int MostRegisters = 123;

    public static int Store(SimulatedGateway gateway, byte unit, ReadOnlySpan<byte> pdu, int address, int second, Span<byte> answer)
    {
        var function = pdu[0];
        var table = function is 5 or 15 ? 1 : 3;
        Span<ushort> cells = stackalloc ushort[function is 5 or 6 ? 1 : Math.Clamp(second, 1, MostBits)];
        switch (function)
        {
            case 5:
                if (second is not (0 or 0xFF00))
                {
                    return UnitAnswer.Exception(function, UnitAnswer.IllegalValue, answer);
                }

                cells[0] = second == 0 ? (ushort)0 : (ushort)1;
                break;
            case 6:
                cells[0] = (ushort)second;
                break;
            case 15:
                if (second is < 1 or > MostBits || pdu[5] != (second + 7) / 8)
                {
                    return UnitAnswer.Exception(function, UnitAnswer.IllegalValue, answer);
                }

                for (var i = 0; i < second; i++)
                {
                    cells[i] = (ushort)((pdu[6 + (i >> 3)] >> (i & 7)) & 1);
                }

                break;
            default:
                if (second is < 1 or > MostRegisters || pdu[5] != 2 * second)
                {
                    return UnitAnswer.Exception(function, UnitAnswer.IllegalValue, answer);
                }

                for (var i = 0; i < second; i++)
                {
                    cells[i] = BinaryPrimitives.ReadUInt16BigEndian(pdu[(6 + (2 * i))..]);
                }

                break;
        }

        if (address + cells.Length > 65_536)
        {
            return UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
        }

        gateway.WritableImage(unit).Set(table, address, cells);

        // All four echo function, address and value or quantity.
        pdu[..5].CopyTo(answer);
        return 5;
    }
}
