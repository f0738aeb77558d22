namespace Rondo.Simulators.Modbus;

/// <summary>
/// CRC-16/MODBUS: start 0xFFFF, reflected polynomial 0xA001 (Modbus over Serial Line 1.02, 6.2.2). Written apart from the driver's on
/// purpose: a mistake in one of the two shows up as a disagreement instead of cancelling out.
/// </summary>
internal static class Crc16
{
    private static readonly ushort[] Table = Build();

    public static ushort Of(ReadOnlySpan<byte> bytes)
    {
        var crc = 0xFFFF;
        foreach (var b in bytes)
        {
            crc = (crc >> 8) ^ Table[(crc ^ b) & 0xFF];
        }

        return (ushort)crc;
    }

    private static ushort[] Build()
    {
        var table = new ushort[256];
        for (var i = 0; i < 256; i++)
        {
            var value = i;
            for (var bit = 0; bit < 8; bit++)
            {
                value = (value & 1) != 0 ? (value >> 1) ^ 0xA001 : value >> 1;
            }

            table[i] = (ushort)value;
        }

        return table;
    }
}
