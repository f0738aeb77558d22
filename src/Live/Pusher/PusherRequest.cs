using System.Text.Json;

namespace Rondo.Live.Pusher;

/// <summary>What a client of the Pusher protocol asks for.</summary>
internal enum PusherRequestKind
{
    Ping,
    Pong,
    Subscribe,
    Unsubscribe,

    /// <summary>An event for other clients (<c>client-…</c>).</summary>
    ClientEvent,

    /// <summary>Anything else.</summary>
    Other,
}

/// <summary>One message of a client.</summary>
/// <param name="Kind">What it asks for.</param>
internal sealed record PusherRequest(PusherRequestKind Kind)
{
    private const int LongestName = 256;
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 8 };

    /// <summary>The channel, not checked.</summary>
    public string Channel { get; init; } = "";

    /// <summary>The signature, not checked; empty for none. Never shown.</summary>
    public string Auth { get; init; } = "";

    /// <summary>Reads one; null with what is wrong with it. Members that nobody knows are ignored.</summary>
    public static PusherRequest? Read(ReadOnlyMemory<byte> message, out string? mistake)
    {
        try
        {
            using var json = JsonDocument.Parse(message, _options);
            var request = Read(json.RootElement, out mistake);
            return mistake is null ? request : null;
        }
        catch (JsonException fault)
        {
            mistake = $"this is not JSON (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}); expected an object such as {{\"event\":\"pusher:ping\",\"data\":{{}}}}";
        }
        catch (InvalidOperationException)
        {
            // A string with half of a surrogate pair.
            mistake = "a text in it is not valid Unicode";
        }

        return null;
    }

    private static PusherRequest? Read(JsonElement root, out string? mistake)
    {
        mistake = null;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("event", out var name) || name.ValueKind != JsonValueKind.String)
        {
            mistake = "expected an object with the event's name: {\"event\":\"pusher:subscribe\",\"data\":{\"channel\":\"private-global\",\"auth\":\"…\"}}";
            return null;
        }

        var text = name.GetString()!;
        switch (text)
        {
            case "pusher:ping":
                return new PusherRequest(PusherRequestKind.Ping);
            case "pusher:pong":
                return new PusherRequest(PusherRequestKind.Pong);
            case "pusher:subscribe" or "pusher:unsubscribe":
                return Subscription(root, text == "pusher:subscribe" ? PusherRequestKind.Subscribe : PusherRequestKind.Unsubscribe, out mistake);
            default:
                return new PusherRequest(text.StartsWith("client-", StringComparison.Ordinal) ? PusherRequestKind.ClientEvent : PusherRequestKind.Other);
        }
    }

    private static PusherRequest? Subscription(JsonElement root, PusherRequestKind kind, out string? mistake)
    {
        if (root.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.String)
        {
            // Some clients write it as the server does.
            using var inner = JsonDocument.Parse(data.GetString()!, _options);
            return OfData(inner.RootElement, kind, out mistake);
        }

        return OfData(data, kind, out mistake);
    }

    private static PusherRequest? OfData(JsonElement data, PusherRequestKind kind, out string? mistake)
    {
        mistake = null;
        var (channel, auth) = (Text(data, "channel"), Text(data, "auth"));
        if (channel is not { Length: > 0 and <= LongestName } || auth is { Length: > 2 * LongestName })
        {
            mistake = "expected the channel's name in the data: {\"channel\":\"private-global\",\"auth\":\"…\"}";
            return null;
        }

        return new PusherRequest(kind) { Channel = channel, Auth = auth ?? "" };
    }

    private static string? Text(JsonElement data, string key) =>
        data.ValueKind == JsonValueKind.Object && data.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
