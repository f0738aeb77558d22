using System.Runtime.InteropServices;

namespace Rondo.Drivers.Modbus;

/// <summary>The addresses one point needs from a single request: its value and, where it has one, its scale register.</summary>
/// <param name="Ordinal">Index of the point in the plan's result.</param>
/// <param name="Point">The point.</param>
/// <param name="Start">First address.</param>
/// <param name="End">Address after the last one.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct PointRange(int Ordinal, ModbusPoint Point, int Start, int End)
{
    public static PointRange Of(int ordinal, ModbusPoint point)
    {
        var start = point.Address;
        var end = start + (point.Function <= 2 ? 1 : RegisterCodec.RegistersOf(point.Type));
        if (point.ScaleAddress is { } scale)
        {
            start = Math.Min(start, scale);
            end = Math.Max(end, scale + 1);
        }

        return new PointRange(ordinal, point, start, end);
    }

    /// <summary>Decodes the point from the data of a reply whose first address is <paramref name="address"/>.</summary>
    public ReadFault Decode(ReadOnlySpan<byte> data, int address, out double value)
    {
        var at = Point.Address - address;
        if (Point.Function <= 2)
        {
            value = Scaling.OfInteger((ulong)((data[at >> 3] >> (at & 7)) & 1), negative: false, Point, 0);
            return ReadFault.None;
        }

        var scale = Point.ScaleAddress is { } scaleAddress ? data[((scaleAddress - address) * 2)..] : default;
        return RegisterCodec.Decode(Point, data[(at * 2)..], scale, out value);
    }
}
