using System.Text.Json;

namespace Rondo.Live.Feed;

/// <summary>What a client asks for.</summary>
internal enum FeedRequestKind
{
    Auth,
    Subscribe,
    Unsubscribe,
    Heartbeat,
}

/// <summary>One message of a client.</summary>
/// <param name="Kind">What it asks for.</param>
internal sealed record FeedRequest(FeedRequestKind Kind)
{
    private const int LongestSecret = 4_096;
    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 8 };
    private static readonly FeedRequest _heartbeat = new(FeedRequestKind.Heartbeat);

    /// <summary>The token of an auth message. Never shown.</summary>
    public string Token { get; init; } = "";

    /// <summary>The topics of a subscription; each once, none of them checked.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>From where to resume, as it was given; null for from now on.</summary>
    public string? Id { get; init; }

    /// <summary>Reads one; null with what is wrong with it.</summary>
    public static FeedRequest? Read(ReadOnlyMemory<byte> message, out FeedError? error)
    {
        try
        {
            using var json = JsonDocument.Parse(message, _options);
            return Read(json.RootElement, out error);
        }
        catch (JsonException fault)
        {
            error = new FeedError(FeedError.BadJson, $"this is not JSON (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1}); expected an object such as {{\"type\":\"heartbeat\"}}");
            return null;
        }
        catch (InvalidOperationException)
        {
            // A string with half of a surrogate pair.
            error = new FeedError(FeedError.BadJson, "a text in it is not valid Unicode");
            return null;
        }
    }

    private static FeedRequest? Read(JsonElement root, out FeedError? error)
    {
        error = null;
        if (root.ValueKind != JsonValueKind.Object)
        {
            error = new FeedError(FeedError.BadMessage, "expected an object such as {\"type\":\"subscription\",\"name\":\"subscribe\",\"topics\":[\"global\"]}");
            return null;
        }

        var type = Text(root, "type", ref error);
        switch (type)
        {
            case "heartbeat":
                return error is null ? _heartbeat : null;
            case "auth":
                var token = Text(root, "token", ref error);
                if (error is null && token is not { Length: > 0 and <= LongestSecret })
                {
                    error = new FeedError(FeedError.BadMessage, "an auth message has the token: {\"type\":\"auth\",\"token\":\"…\"}");
                }

                return error is null ? new FeedRequest(FeedRequestKind.Auth) { Token = token! } : null;
            case "subscription":
                return ReadSubscription(root, ref error);
            default:
                error ??= new FeedError(FeedError.UnknownType, "expected the type auth, subscription or heartbeat");
                return null;
        }
    }

    private static FeedRequest? ReadSubscription(JsonElement root, ref FeedError? error)
    {
        var name = Text(root, "name", ref error);
        var one = Text(root, "topic", ref error);
        var id = Text(root, "id", ref error);
        var topics = new List<string>();
        if (one is not null)
        {
            topics.Add(one);
        }

        if (root.TryGetProperty("topics", out var many) && many.ValueKind != JsonValueKind.Null)
        {
            if (many.ValueKind != JsonValueKind.Array || many.EnumerateArray().Any(t => t.ValueKind != JsonValueKind.String))
            {
                error ??= new FeedError(FeedError.BadMessage, "topics: expected an array of texts");
                return null;
            }

            topics.AddRange(many.EnumerateArray().Select(t => t.GetString()!));
        }

        if (name is not ("subscribe" or "unsubscribe"))
        {
            error ??= new FeedError(FeedError.BadMessage, "name: expected subscribe or unsubscribe");
        }
        else if (topics.Count == 0)
        {
            error ??= new FeedError(FeedError.BadMessage, "expected topic or topics");
        }

        return error is not null ? null : new FeedRequest(name == "subscribe" ? FeedRequestKind.Subscribe : FeedRequestKind.Unsubscribe) { Topics = [.. topics.Distinct()], Id = id };
    }

    private static string? Text(JsonElement root, string key, ref FeedError? error)
    {
        if (!root.TryGetProperty(key, out var value) || value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        if (value.ValueKind == JsonValueKind.String)
        {
            return value.GetString();
        }

        error ??= new FeedError(FeedError.BadMessage, $"{key}: expected a text");
        return null;
    }
}
