using System.Buffers.Text;
using System.Text.Json;

namespace Rondo.Readings;

/// <summary>Values of a sample as SQLite has them: <c>[230.1,null]</c>.</summary>
internal static class SampleJson
{
    private const int LongestNumber = 32;

    /// <summary>Writes values into <paramref name="room"/>, which grows when it has to.</summary>
    public static ReadOnlySpan<byte> Write(ReadOnlySpan<double> values, ref byte[] room)
    {
        if (room.Length < (values.Length * LongestNumber) + 2)
        {
            room = new byte[(values.Length * LongestNumber) + 2];
        }

        var length = 0;
        room[length++] = (byte)'[';
        for (var i = 0; i < values.Length; i++)
        {
            if (i > 0)
            {
                room[length++] = (byte)',';
            }

            if (double.IsNaN(values[i]))
            {
                "null"u8.CopyTo(room.AsSpan(length));
                length += 4;
            }
            else
            {
                Utf8Formatter.TryFormat(values[i], room.AsSpan(length), out var written);
                length += written;
            }
        }

        room[length++] = (byte)']';
        return room.AsSpan(0, length);
    }

    /// <summary>Reads them; not a number where there is none.</summary>
    public static IReadOnlyList<double> Read(string json)
    {
        using var document = JsonDocument.Parse(json);
        return [.. document.RootElement.EnumerateArray().Select(v => v.ValueKind == JsonValueKind.Number ? v.GetDouble() : double.NaN)];
    }
}
