using System.Globalization;
using System.Text;

namespace Rondo.Nodes;

/// <summary>
/// RESP2, the protocol of Redis, as far as hints need it: commands are written, values are read. Reading remembers nothing, so that a value that arrived in
/// part is read again from its start when more of it is there; hints are short. What a peer can make us keep is bounded.
/// </summary>
internal static class Resp
{
    /// <summary>Most bytes of a line or of a bulk string.</summary>
    public const int MaxText = 64 * 1024;

    /// <summary>Most bytes of a value as a whole; more than one longest bulk string and what is said with it.</summary>
    public const int MaxValue = 2 * MaxText;

    /// <summary>Most items of one array.</summary>
    public const int MaxItems = 1_024;

    /// <summary>Most arrays within one another. Redis answers what hints ask with one.</summary>
    public const int MaxDepth = 8;

    /// <summary>Reads one value from the start of <paramref name="from"/>; null while it has not arrived whole.</summary>
    /// <param name="from">What has arrived.</param>
    /// <param name="length">Bytes of the value.</param>
    /// <exception cref="RedisFault">It is no RESP2, or larger than a value may be.</exception>
    public static RespValue? Read(ReadOnlySpan<byte> from, out int length)
    {
        length = 0;
        var value = Value(from, ref length, 1);
        return value is null && from.Length >= MaxValue ? throw TooLarge("a value", $"{MaxValue} bytes") : value;
    }

    /// <summary>A command as it goes to the server: an array of bulk strings.</summary>
    public static byte[] Command(params ReadOnlySpan<string> words)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"*{words.Length}\r\n");
        foreach (var word in words)
        {
            text.Append(CultureInfo.InvariantCulture, $"${Encoding.UTF8.GetByteCount(word)}\r\n{word}\r\n");
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static RespValue? Value(ReadOnlySpan<byte> from, ref int at, int depth)
    {
        if (at == from.Length)
        {
            return null;
        }

        // By its first byte, not at the end of a line: what is no Redis may never send one.
        var kind = from[at++];
        if (!"+-:$*"u8.Contains(kind))
        {
            throw new RedisFault($"it does not speak the protocol of Redis: no value begins with the byte 0x{kind:x2}. Is this the port of a Redis?");
        }

        if (!TryLine(from, ref at, out var line))
        {
            return null;
        }

        return kind switch
        {
            (byte)'+' => new RespValue(RespKind.Simple, Encoding.UTF8.GetString(line)),
            (byte)'-' => new RespValue(RespKind.Error, Encoding.UTF8.GetString(line)),
            (byte)':' => new RespValue(RespKind.Integer, Number: Integer(line)),
            (byte)'$' => Bulk(from, ref at, Length(line, MaxText, "a bulk string")),
            _ => Array(from, ref at, Length(line, MaxItems, "an array"), depth),
        };
    }

    private static RespValue? Bulk(ReadOnlySpan<byte> from, ref int at, int? length)
    {
        if (length is not { } count)
        {
            return new RespValue(RespKind.Bulk);
        }

        if (from.Length - at < count + 2)
        {
            return null;
        }

        var bytes = from.Slice(at, count);
        at += count + 2;
        return from[(at - 2)..at].SequenceEqual("\r\n"u8)
            ? new RespValue(RespKind.Bulk, Encoding.UTF8.GetString(bytes))
            : throw new RedisFault("it does not speak the protocol of Redis: a bulk string does not end where it should");
    }

    private static RespValue? Array(ReadOnlySpan<byte> from, ref int at, int? length, int depth)
    {
        if (depth > MaxDepth)
        {
            throw TooLarge("a nest of arrays", $"{MaxDepth}");
        }

        if (length is not { } count)
        {
            return new RespValue(RespKind.Array);
        }

        var items = new List<RespValue>();
        while (items.Count < count)
        {
            if (Value(from, ref at, depth + 1) is not { } item)
            {
                return null;
            }

            items.Add(item);
        }

        return new RespValue(RespKind.Array, Items: items);
    }

    private static bool TryLine(ReadOnlySpan<byte> from, ref int at, out ReadOnlySpan<byte> line)
    {
        var rest = from[at..];
        var end = rest.IndexOfAny((byte)'\r', (byte)'\n');
        line = end < 0 ? rest : rest[..end];
        if (line.Length > MaxText)
        {
            throw TooLarge("a line", $"{MaxText} bytes");
        }

        if (end < 0 || (rest[end] == '\r' && end + 1 == rest.Length))
        {
            return false;
        }

        at += end + 2;
        return rest[end..].StartsWith("\r\n"u8) ? true : throw new RedisFault("it does not speak the protocol of Redis: a line does not end with CR LF");
    }

    private static long Integer(ReadOnlySpan<byte> line) =>
        long.TryParse(line, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new RedisFault("it does not speak the protocol of Redis: an integer is none");

    /// <summary>Null for the null of its kind.</summary>
    private static int? Length(ReadOnlySpan<byte> line, int most, string what)
    {
        if (line.SequenceEqual("-1"u8))
        {
            return null;
        }

        if (!ulong.TryParse(line, NumberStyles.None, CultureInfo.InvariantCulture, out var length))
        {
            throw new RedisFault($"it does not speak the protocol of Redis: the length of {what} is none");
        }

        return length <= (ulong)most ? (int)length : throw TooLarge(what, $"{most}");
    }

    private static RedisFault TooLarge(string what, string most) => new($"it sent {what} of more than {most}, which no answer to a hint is");
}
