namespace Rondo.Live.Pusher;

/// <summary>
/// What lets one connection have one channel. A plain one, as the protocol has it, does not say whose word it is: a back-end's, or that of this node, which then knows whose the connection is.
/// One for a connection of another node says whose it is, so that the other node knows: clients hand it on as it is.
/// </summary>
internal static class PusherSignature
{
    /// <summary>A plain one.</summary>
    public static string Of(PusherApp app, string socketId, string channel) => app.Sign(Text(socketId, channel, null));

    /// <summary>One on behalf of somebody.</summary>
    public static string Of(PusherApp app, string socketId, string channel, string handle) => $"{handle}.{app.Sign(Text(socketId, channel, handle))}";

    /// <summary>True when it is good for this connection and channel.</summary>
    /// <param name="app">The application.</param>
    /// <param name="given">The signature, without the key before it.</param>
    /// <param name="socketId">The connection.</param>
    /// <param name="channel">The channel.</param>
    /// <param name="handle">On whose behalf (<see cref="Feed.FeedCaller.Handle"/>); null for a plain one.</param>
    public static bool IsGood(PusherApp app, string given, string socketId, string channel, out string? handle)
    {
        var dot = given.IndexOf('.', StringComparison.Ordinal);
        handle = dot < 0 ? null : given[..dot];
        return app.IsSignature(given[(dot + 1)..], Text(socketId, channel, handle));
    }

    // What a back-end signs begins with the number of a connection, so it can never be taken for one that names somebody.
    private static string Text(string socketId, string channel, string? handle) => handle is null ? $"{socketId}:{channel}" : $"rondo:{socketId}:{channel}:{handle}";
}
