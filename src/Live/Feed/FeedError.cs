namespace Rondo.Live.Feed;

/// <summary>What is wrong with a message of a client: a code for programs and words for people.</summary>
/// <param name="Code">One of the constants.</param>
/// <param name="Words">What was found, and what was expected.</param>
internal sealed record FeedError(string Code, string Words)
{
    public const string BadJson = "bad_json";
    public const string BadMessage = "bad_message";
    public const string UnknownType = "unknown_type";
    public const string NotAuthenticated = "not_authenticated";
    public const string UnknownTopic = "unknown_topic";
    public const string Forbidden = "forbidden";
    public const string OutOfScope = "out_of_scope";
    public const string TooManyTopics = "too_many_topics";
    public const string ResumeFirst = "resume_first";
    public const string Unavailable = "unavailable";
}

/// <summary>Why a connection is closed: the close code of the WebSocket, the code for programs, and words for people (at most 120 bytes).</summary>
/// <param name="Status">1000 to 4999.</param>
/// <param name="Code">The code of the <c>error</c> message that goes before.</param>
/// <param name="Words">What to do.</param>
public sealed record FeedClose(int Status, string Code, string Words)
{
    internal static readonly FeedClose Done = new(1000, "closed", "good-bye");
    internal static readonly FeedClose Stopping = new(1001, "stopping", "the server stops; reconnect and resume");
    internal static readonly FeedClose Binary = new(1003, "binary", "expected text messages with JSON");
    internal static readonly FeedClose TooLarge = new(1009, "too_large", "a message may have 65536 bytes");
    internal static readonly FeedClose BadMessages = new(4400, "too_many_errors", "too many messages with mistakes");
    internal static readonly FeedClose AuthFailed = new(4401, "auth_failed", "the token is not valid");
    internal static readonly FeedClose AuthTimeout = new(4402, "auth_timeout", "expected an auth message within 10 s");
    internal static readonly FeedClose Expired = new(4403, "token_expired", "the token has expired; connect with a new one");
    internal static readonly FeedClose Revoked = new(4404, "token_revoked", "the token was revoked");
    internal static readonly FeedClose Silent = new(4408, "silent", "no heartbeat for 75 s; reconnect and resume");
    internal static readonly FeedClose Behind = new(4409, "behind", "too much waits to be sent; reconnect and resume");
    internal static readonly FeedClose SetBack = new(4410, "log_set_back", "the log of events was set back; reconnect and resume");
    internal static readonly FeedClose LockedOut = new(4429, "locked_out", "too much of what came from this address was no good; try again in a minute");
    internal static readonly FeedClose TooMany = new(4429, "too_many_connections", "too many connections with this token, of this address or of this server");
}
