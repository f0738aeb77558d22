using Rondo.Live.Feed;

namespace Rondo.Live.Pusher;

/// <summary>Why a connection ends, as the Pusher protocol says it: below 4100 the client stays away, below 4200 it comes back after a while, below 4300 at once.</summary>
internal static class PusherClose
{
    public static readonly FeedClose UnknownKey = new(4001, "pusher", "there is no application with this key");
    public static readonly FeedClose BadProtocol = new(4006, "pusher", "the protocol is no number; expected ?protocol=7");
    public static readonly FeedClose OtherProtocol = new(4007, "pusher", "expected ?protocol=7");
    public static readonly FeedClose NoProtocol = new(4008, "pusher", "expected ?protocol=7");
    public static readonly FeedClose TooMany = new(4100, "pusher", "too many connections of this server, or of this address; try again later");

    public static readonly FeedClose Unsigned = new(4100, "pusher", "nobody has signed for this connection, and another one needs the room; connect again");

    /// <summary>The same as <paramref name="close"/> in the words and numbers of the protocol.</summary>
    public static FeedClose Of(FeedClose close) => close.Code switch
    {
        "token_expired" or "token_revoked" => close with { Status = 4009, Words = "what signed for this connection is not valid any more" },
        "too_many_connections" => close with { Status = 4100 },
        "too_many_errors" => close with { Status = 4010 },
        "behind" => close with { Status = 4100, Words = "too much waits to be sent; connect again" },
        "stopping" => close with { Status = 4100, Words = "the server stops; connect again" },
        "log_set_back" => close with { Status = 4200, Words = "the log of events was set back; connect again" },
        "silent" => close with { Status = 4201, Words = "no pong came" },
        _ => close,
    };
}
