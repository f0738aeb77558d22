using System.Text;
using Rondo.Nodes;

namespace Rondo.Tests.Nodes;

/// <summary>What the protocol's description gives as examples, and what a peer must not get away with.</summary>
public sealed class RespTests
{
    public static TheoryData<string, string> Values => new()
    {
        { "+OK\r\n", "+OK" },
        { "+\r\n", "+" },
        { "-ERR unknown command 'asdf'\r\n", "-ERR unknown command 'asdf'" },
        { "-WRONGTYPE Operation against a key holding the wrong kind of value\r\n", "-WRONGTYPE Operation against a key holding the wrong kind of value" },
        { ":0\r\n", "0" },
        { ":1000\r\n", "1000" },
        { ":+7\r\n", "7" },
        { ":-1\r\n", "-1" },
        { ":9223372036854775807\r\n", "9223372036854775807" },
        { "$5\r\nhello\r\n", "'hello'" },
        { "$0\r\n\r\n", "''" },
        { "$-1\r\n", "null" },
        { "$8\r\nfoo\r\nbar\r\n", "'foo\r\nbar'" },
        { "$6\r\n+OK\r\n\0\r\n", "'+OK\r\n\0'" },
        { "$5\r\nZürn\r\n", "'Zürn'" },
        { "*0\r\n", "[]" },
        { "*-1\r\n", "nothing" },
        { "*2\r\n$5\r\nhello\r\n$5\r\nworld\r\n", "['hello' 'world']" },
        { "*3\r\n:1\r\n:2\r\n:3\r\n", "[1 2 3]" },
        { "*5\r\n:1\r\n:2\r\n:3\r\n:4\r\n$5\r\nhello\r\n", "[1 2 3 4 'hello']" },
        { "*3\r\n$5\r\nhello\r\n$-1\r\n$5\r\nworld\r\n", "['hello' null 'world']" },
        { "*2\r\n*3\r\n:1\r\n:2\r\n:3\r\n*2\r\n+Hello\r\n-World\r\n", "[[1 2 3] [+Hello -World]]" },
        { "*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n*1\r\n:1\r\n", "[[[[[[[[1]]]]]]]]" },
        { "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$4\r\na b\n\r\n", "['message' 'ch' 'a b\n']" },
        { "*2\r\n$4\r\npong\r\n$0\r\n\r\n", "['pong' '']" },
    };

    [Theory]
    [MemberData(nameof(Values))]
    public void A_value_is_read_whole_and_not_a_byte_more(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        foreach (var more in new[] { "", "+", ":1\r\n", "no RESP at all" })
        {
            Assert.Equal(expected, Shown(Resp.Read([.. bytes, .. Encoding.UTF8.GetBytes(more)], out var length)));
            Assert.Equal(bytes.Length, length);
        }
    }

    [Theory]
    [MemberData(nameof(Values))]
    public void Split_at_any_byte_it_is_waited_for(string text, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        for (var split = 0; split < bytes.Length; split++)
        {
            Assert.Null(Resp.Read(bytes.AsSpan(0, split), out _));
        }

        Assert.Equal(expected, Shown(Resp.Read(bytes, out _)));
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n", "0x48")]
    [InlineData("\r\n", "0x0d")]
    [InlineData("\0", "0x00")]
    [InlineData("%1\r\n+a\r\n:1\r\n", "0x25")]
    [InlineData("*1\r\n?", "0x3f")]
    [InlineData("+OK\n", "CR LF")]
    [InlineData("+O\rK\r\n", "CR LF")]
    [InlineData(":\r\n", "integer")]
    [InlineData(":one\r\n", "integer")]
    [InlineData(":9223372036854775808\r\n", "integer")]
    [InlineData("$\r\n", "length")]
    [InlineData("$x\r\n", "length")]
    [InlineData("$-2\r\n", "length")]
    [InlineData("$+2\r\nab\r\n", "length")]
    [InlineData("$99999999999999999999\r\n", "length")]
    [InlineData("*-2\r\n", "length")]
    [InlineData("$2\r\nabc\r\n", "does not end")]
    [InlineData("$2\r\nab\n\n", "does not end")]
    public void What_is_no_RESP2_is_refused_as_soon_as_it_shows(string text, string why) =>
        Assert.Contains(why, Refused(Encoding.UTF8.GetBytes(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_text_may_be_64_KiB_long_and_no_longer()
    {
        var longest = new string('x', Resp.MaxText);
        Assert.Equal(longest, Resp.Read(Encoding.UTF8.GetBytes($"+{longest}\r\n"), out _)!.Text);
        Assert.Equal(longest, Resp.Read(Encoding.UTF8.GetBytes($"${longest.Length}\r\n{longest}\r\n"), out _)!.Text);
        Assert.Null(Resp.Read(Encoding.UTF8.GetBytes("-" + longest), out _));

        // A line without an end, and a bulk string that is only announced.
        Refused(Encoding.UTF8.GetBytes($"-{longest}x"));
        Refused(Encoding.UTF8.GetBytes($":{longest}x\r\n"));
        Refused("$65537\r\n"u8);
        Refused("*1025\r\n"u8);
        Refused("*18446744073709551615\r\n"u8);
    }

    [Fact]
    public void Arrays_are_nested_8_deep_and_no_deeper_and_a_value_as_a_whole_is_bounded()
    {
        Refused(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", Resp.MaxDepth + 1))));
        Refused(Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("*1\r\n", 30_000))));

        // Each text in it is short enough.
        var part = $"$60000\r\n{new string('x', 60_000)}\r\n";
        Assert.Equal(2, Resp.Read(Encoding.UTF8.GetBytes($"*2\r\n{part}{part}"), out _)!.Items!.Count);
        Assert.Null(Resp.Read(Encoding.UTF8.GetBytes($"*3\r\n{part}{part}"), out _));
        Refused(Encoding.UTF8.GetBytes($"*9\r\n{part}{part}{part}"));
    }

    [Fact]
    public void A_command_is_an_array_of_bulk_strings_measured_in_bytes()
    {
        Assert.Equal("*1\r\n$4\r\nPING\r\n"u8.ToArray(), Resp.Command("PING"));
        Assert.Equal("*3\r\n$4\r\nAUTH\r\n$5\r\nZürn\r\n$4\r\na\r\nb\r\n"u8.ToArray(), Resp.Command("AUTH", "Zürn", "a\r\nb"));
        Assert.Equal("['PUBLISH' 'c' '']", Shown(Resp.Read(Resp.Command("PUBLISH", "c", ""), out _)));
    }

    private static RedisFault Refused(ReadOnlySpan<byte> bytes)
    {
        try
        {
            Resp.Read(bytes, out _);
        }
        catch (RedisFault fault)
        {
            return fault;
        }

        Assert.Fail("it was not refused");
        return null;
    }

    private static string? Shown(RespValue? value) => value switch
    {
        null => null,
        { Kind: RespKind.Simple } => "+" + value.Text,
        { Kind: RespKind.Error } => "-" + value.Text,
        { Kind: RespKind.Integer } => $"{value.Number}",
        { Kind: RespKind.Bulk } => value.Text is null ? "null" : $"'{value.Text}'",
        _ => value.Items is null ? "nothing" : $"[{string.Join(' ', value.Items.Select(Shown))}]",
    };
}
