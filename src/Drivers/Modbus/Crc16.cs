namespace Rondo.Drivers.Modbus;

/// <summary>The checksum of serial Modbus frames: start 0xFFFF, reflected polynomial 0xA001, no final xor; it travels low byte first.</summary>
public static class Crc16
{
    private static readonly ushort[] Table = BuildTable();

    /// <summary>Checksum of <paramref name="bytes"/>; 0xFFFF for none.</summary>
    public static ushort Compute(ReadOnlySpan<byte> bytes)
    {
        var table = Table;
        var crc = 0xFFFF;
        foreach (var value in bytes)
        {
            crc = (crc >> 8) ^ table[(crc ^ value) & 0xFF];
        }

        return (ushort)crc;
    }

    private static ushort[] BuildTable()
    {
        var table = new ushort[256];
        for (var i = 0; i < table.Length; i++)
        {
            var crc = i;
            for (var bit = 0; bit < 8; bit++)
            {
                crc = (crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1;
            }

            table[i] = (ushort)crc;
        }

        return table;
    }
}
