namespace Rondo.Drivers.Modbus;

/// <summary>What requests occupy a serial line for, estimated for 9600 baud 8N1 (ten bits a character).</summary>
internal static class BusTime
{
    private const double CharacterMs = 10 * 1000.0 / 9600;
    private const double SilenceCharacters = 3.5;
    private const double TurnaroundMs = 20;

    /// <summary>Unit, five bytes of PDU, checksum.</summary>
    private const int RequestBytes = 8;

    /// <summary>Unit, function, byte count, checksum; the data comes on top.</summary>
    private const int ReplyBytes = 5;

    public static TimeSpan Of(ReadOnlySpan<ReadBlock> blocks)
    {
        var total = 0.0;
        foreach (var block in blocks)
        {
            var data = new ReadRequest(0, block.Function, block.Address, block.Count).ByteCount;
            total += ((RequestBytes + ReplyBytes + data + (2 * SilenceCharacters)) * CharacterMs) + TurnaroundMs;
        }

        return TimeSpan.FromMilliseconds(total);
    }
}
