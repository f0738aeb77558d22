namespace Rondo.Live.Pusher;

/// <summary>Channels of Pusher and topics of the feed: <c>private-devices.12</c> is <c>devices.12</c>. There are no others: nothing here is for everybody, and who else listens is nobody's business.</summary>
internal static class PusherChannel
{
    private const string Private = "private-";
    private static readonly string[] _others = ["private-encrypted-", "private-cache-", "presence-", "cache-"];

    // What the protocol itself says, and what clients say to one another: an event of such a name would be taken for that.
    private static readonly string[] _reserved = ["pusher:", "pusher_internal:", "client-"];

    /// <summary>The channel of a topic.</summary>
    public static string Of(string topic) => Private + topic;

    /// <summary>The topic of a channel; null with why there is none.</summary>
    public static string? TopicOf(string channel, out string why)
    {
        why = "";
        if (channel.Length > Private.Length + Topics.Longest)
        {
            why = $"a channel has at most {Private.Length + Topics.Longest} characters";
        }
        else if (Array.Find(_others, o => channel.StartsWith(o, StringComparison.Ordinal)) is { } other)
        {
            why = $"there are no channels of the kind {other} here; expected {Expected}";
        }
        else if (!channel.StartsWith(Private, StringComparison.Ordinal))
        {
            why = $"'{Shown(channel)}' is a public channel, and there are none here; expected {Expected}";
        }
        else if (!Topics.IsKnown(channel[Private.Length..]))
        {
            why = $"'{Shown(channel)}' is no channel; expected {Expected}";
        }

        return why.Length == 0 ? channel[Private.Length..] : null;
    }

    /// <summary>True for names of events that mean something to the protocol.</summary>
    public static bool IsReserved(string name) => Array.Exists(_reserved, r => name.StartsWith(r, StringComparison.Ordinal));

    /// <summary>True for what can be the id of a connection: two numbers with a dot.</summary>
    public static bool IsSocketId(string? text)
    {
        var dot = text?.IndexOf('.', StringComparison.Ordinal) ?? -1;
        return text is { Length: <= 40 } && dot > 0 && dot < text.Length - 1 && text.All(c => char.IsAsciiDigit(c) || c == '.') && text.LastIndexOf('.') == dot;
    }

    private static string Expected => $"private-{Topics.Admin}, private-{Topics.Global}, private-devices.ID, private-categories.NAME, private-metrics.NAME, private-jobs.QUEUE or private-imports.ID";

    private static string Shown(string channel) => new([.. channel.Take(60).Select(c => char.IsControl(c) ? '?' : c)]);
}
