using System.Buffers.Binary;

namespace Rondo.Simulators.Modbus;

/// <summary>Answers to the read functions 1 to 4: what was set, over what the model says.</summary>
internal static class UnitReads
{
    private const int MostBits = 2000;

    /// <summary>The coils and discrete inputs of the model: alternating in a way that differs from unit to unit and from coils (1) to discrete inputs (2).</summary>
    public static bool ModelBit(int function, int unit, int address) => ((address * 5) + (address >> 3) + (unit * 3) + function) % 7 < 3;

    public static int Bits(
        ModbusSimulatorOptions options, SimulatedGateway gateway, byte unit, byte function, int address, int count, Span<byte> answer)
    {
        if (count is < 1 or > MostBits)
        {
            return UnitAnswer.Exception(function, UnitAnswer.IllegalValue, answer);
        }

        if (address + count > 65_536)
        {
            return UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
        }

        var image = gateway.Image(unit);
        var known = options.Model != SimulatedModel.Blank;
        var bytes = (count + 7) / 8;
        answer[0] = function;
        answer[1] = (byte)bytes;
        answer.Slice(2, bytes).Clear();
        for (var i = 0; i < count; i++)
        {
            ushort cell = 0;
            if (image?.TryGet(function, address + i, out cell) != true)
            {
                if (!known && options.StrictMap)
                {
                    return UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
                }

                cell = known && ModelBit(function, unit, address + i) ? (ushort)1 : (ushort)0;
            }

            if (cell != 0)
            {
                answer[2 + (i >> 3)] |= (byte)(1 << (i & 7));
            }
        }

        return 2 + bytes;
    }

    public static int Registers(
        ModbusSimulatorOptions options, SimulatedGateway gateway, byte unit, byte function, int address, int count, Span<byte> answer)
    {
        if (count < 1 || count > options.MaxRegisters)
        {
            return UnitAnswer.Exception(function, UnitAnswer.IllegalValue, answer);
        }

        if (address + count > 65_536)
        {
            return UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
        }

        answer[0] = function;
        answer[1] = (byte)(2 * count);
        var registers = answer.Slice(2, 2 * count);
        var image = gateway.Image(unit);
        if (options.Model == SimulatedModel.Sdm630)
        {
            var meter = new Sdm630(options.Seed, gateway.Number, unit, gateway.Seconds);
            var complete = meter.Fill(address, count, registers);
            if (image is null)
            {
                return complete || !options.StrictMap ? 2 + (2 * count) : UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
            }

            return Overlay(options, image, in meter, function, address, count, registers) ? 2 + (2 * count) : UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
        }

        registers.Clear();
        return Overlay(options, image, default, function, address, count, registers) ? 2 + (2 * count) : UnitAnswer.Exception(function, UnitAnswer.IllegalAddress, answer);
    }

    private static bool Overlay(
        ModbusSimulatorOptions options, RegisterImage? image, in Sdm630 meter, byte function, int address, int count, Span<byte> registers)
    {
        for (var i = 0; i < count; i++)
        {
            if (image is not null && image.TryGet(function, address + i, out var value))
            {
                BinaryPrimitives.WriteUInt16BigEndian(registers[(2 * i)..], value);
            }
            else if (options.StrictMap && (options.Model == SimulatedModel.Blank || !meter.TryValue((address + i) & ~1, out _)))
            {
                return false;
            }
        }

        return true;
    }
}
