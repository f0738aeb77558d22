using System.Buffers.Binary;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// The answer of one healthy unit to one request PDU (MODBUS Application Protocol 1.1b3, section 6). Checks come in the order real servers
/// have them: function (1), quantity (3), address (2).
/// </summary>
internal static class UnitAnswer
{
    public const byte IllegalFunction = 1;
    public const byte IllegalAddress = 2;
    public const byte IllegalValue = 3;
    public const byte PathUnavailable = 10;
    public const byte TargetFailed = 11;

    /// <summary>Writes the answer's PDU and returns its length (2 and a function above 0x80 for an exception).</summary>
    public static int Write(ModbusSimulatorOptions options, SimulatedGateway gateway, byte unit, ReadOnlySpan<byte> pdu, Span<byte> answer)
    {
        var function = pdu[0];
        switch (function)
        {
            case >= 1 and <= 6:
                if (pdu.Length != 5)
                {
                    return Exception(function, IllegalValue, answer);
                }

                break;
            case 15 or 16:
                if (pdu.Length < 6 || pdu.Length != 6 + pdu[5])
                {
                    return Exception(function, IllegalValue, answer);
                }

                break;
            default:
                return Exception(function, IllegalFunction, answer);
        }

        int address = BinaryPrimitives.ReadUInt16BigEndian(pdu[1..]);
        int second = BinaryPrimitives.ReadUInt16BigEndian(pdu[3..]);
        return function switch
        {
            1 or 2 => UnitReads.Bits(options, gateway, unit, function, address, second, answer),
            3 or 4 => UnitReads.Registers(options, gateway, unit, function, address, second, answer),
            _ => UnitWrites.Store(gateway, unit, pdu, address, second, answer),
        };
    }

    /// <summary>Writes an exception's PDU and returns its length.</summary>
    public static int Exception(byte function, byte code, Span<byte> answer)
    {
        answer[0] = (byte)(function | 0x80);
        answer[1] = code;
        return 2;
    }
}
