namespace Rondo.Drivers.Modbus;

/// <summary>One request of a plan and the points it serves: the ranges <see cref="From"/> to <see cref="To"/> (exclusive) of the plan.</summary>
internal sealed class ReadBlock
{
    public required byte Function { get; init; }

    public required ushort Address { get; init; }

    public required ushort Count { get; init; }

    public required int From { get; init; }

    public required int To { get; init; }

    /// <summary>The exception that said the device does not have this single point, or 0. Such a hole is not asked for again for a while.</summary>
    public byte HoleCode { get; private init; }

    /// <summary>The same block, known to be refused with <paramref name="code"/>.</summary>
    public ReadBlock AsHole(byte code) => new() { Function = Function, Address = Address, Count = Count, From = From, To = To, HoleCode = code };

    /// <summary>The smallest block over sorted ranges that the device's alignment allows.</summary>
    public static ReadBlock Over(ReadOnlySpan<PointRange> ranges, int from, int to, bool evenAligned)
    {
        var function = ranges[from].Point.Function;
        var end = 0;
        for (var i = from; i < to; i++)
        {
            end = Math.Max(end, ranges[i].End);
        }

        var (start, count) = Align(ranges[from].Start, end, function, evenAligned);
        return new ReadBlock { Function = function, Address = (ushort)start, Count = (ushort)count, From = from, To = to };
    }

    /// <summary>Start and count of the request that reads from <paramref name="start"/> up to <paramref name="end"/>.</summary>
    public static (int Start, int Count) Align(int start, int end, byte function, bool evenAligned)
    {
        if (evenAligned && function >= 3)
        {
            start &= ~1;
            end = (end + 1) & ~1;
        }

        return (start, end - start);
    }
}
