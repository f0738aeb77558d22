using System.Text;
using System.Text.Json;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Live.Pusher;

/// <summary>What a back-end wants to be told: one event on some channels.</summary>
public sealed class PusherPublication
{
    /// <summary>Most channels of one event.</summary>
    public const int MostChannels = 100;

    /// <summary>Most events of one request.</summary>
    public const int MostEvents = 10;

    /// <summary>Most bytes of an event's data: less than the log takes, since it is written once for each channel.</summary>
    public const int MaxData = 10 * 1024;

    private static readonly JsonDocumentOptions _options = new() { MaxDepth = 8 };
    private readonly string _data;

    private PusherPublication(string name, IReadOnlyList<string> channels, string data, string? notFor, bool isCounted) =>
        (Name, Channels, _data, NotFor, IsCounted) = (name, channels, data, notFor, isCounted);

    /// <summary>Name of the event.</summary>
    public string Name { get; }

    /// <summary>The channels, each once.</summary>
    public IReadOnlyList<string> Channels { get; }

    /// <summary>The connection that is not told, of whoever caused it; null for none. It may be at any node.</summary>
    public string? NotFor { get; }

    /// <summary>True when the answer is to say how many have each channel.</summary>
    public bool IsCounted { get; }

    /// <summary>Reads the body of <c>events</c>, or of <c>batch_events</c>; null with what is wrong with it. What is returned can be written down.</summary>
    public static IReadOnlyList<PusherPublication>? Read(ReadOnlyMemory<byte> body, bool isBatch, out PusherProblem? problem)
    {
        problem = null;
        try
        {
            using var json = JsonDocument.Parse(body, _options);
            if (!isBatch)
            {
                return One(json.RootElement, out problem) is { } single ? [single] : null;
            }

            if (json.RootElement.ValueKind != JsonValueKind.Object || !json.RootElement.TryGetProperty("batch", out var batch) || batch.ValueKind != JsonValueKind.Array || batch.GetArrayLength() is 0 or > MostEvents)
            {
                problem = Wrong($"expected {{\"batch\":[…]}} with 1 to {MostEvents} events");
                return null;
            }

            var all = new List<PusherPublication>();
            foreach (var each in batch.EnumerateArray())
            {
                if (One(each, out problem) is not { } one)
                {
                    problem = problem! with { Words = $"event {all.Count + 1} of the batch: {problem.Words}" };
                    return null;
                }

                all.Add(one);
            }

            return all;
        }
        catch (JsonException fault)
        {
            problem = Wrong($"this is not JSON (line {fault.LineNumber + 1}, byte {fault.BytePositionInLine + 1})");
        }
        catch (InvalidOperationException)
        {
            problem = Wrong("a text in it is not valid Unicode");
        }

        return null;
    }

    /// <summary>As events for the log, one for each channel.</summary>
    public IEnumerable<LiveEvent> At(Instant now) => Channels.Select(c => new LiveEvent(Name, PusherChannel.TopicOf(c, out _)!, now, _data) { NotFor = NotFor });

    private static PusherPublication? One(JsonElement root, out PusherProblem? problem)
    {
        problem = null;
        if (root.ValueKind != JsonValueKind.Object || Text(root, "name") is not { } name || Channelled(root) is not { } channels)
        {
            problem = Wrong("expected an object such as {\"name\":\"order.paid\",\"channels\":[\"private-global\"],\"data\":\"{\\\"id\\\":1}\"}");
            return null;
        }

        var data = Text(root, "data");
        var notFor = root.TryGetProperty("socket_id", out var except) && except.ValueKind != JsonValueKind.Null ? Text(root, "socket_id") ?? "" : null;
        problem = data is null ? Wrong("data: expected a string that holds a JSON object")
            : Encoding.UTF8.GetByteCount(data) > MaxData ? new PusherProblem(413, $"data has more than {MaxData} bytes")
            : channels.Length is 0 or > MostChannels ? Wrong($"channels: expected 1 to {MostChannels}")
            : notFor is not null && !PusherChannel.IsSocketId(notFor) ? Wrong("socket_id: expected the id of a connection, two numbers with a dot as a string")
            : PusherChannel.IsReserved(name) ? Wrong("name: what begins with pusher:, pusher_internal: or client- is the protocol's own")
            : Array.Find(channels, c => PusherChannel.TopicOf(c, out _) is null) is { } unknown ? Wrong(WhyNot(unknown))
            : EventLog.Problem(new LiveEvent(name, PusherChannel.TopicOf(channels[0], out _)!, default, data)) is { } mistake ? Wrong(mistake)
            : null;
        return problem is null ? new PusherPublication(name, channels, data!, notFor, Text(root, "info")?.Split(',').Contains("subscription_count") == true) : null;
    }

    private static PusherProblem Wrong(string words) => new(400, words);

    private static string WhyNot(string channel)
    {
        PusherChannel.TopicOf(channel, out var why);
        return why;
    }

    private static string[]? Channelled(JsonElement root)
    {
        if (Text(root, "channel") is { } one)
        {
            return [one];
        }

        return root.TryGetProperty("channels", out var many) && many.ValueKind == JsonValueKind.Array && many.EnumerateArray().All(c => c.ValueKind == JsonValueKind.String)
            ? [.. many.EnumerateArray().Select(c => c.GetString()!).Distinct()]
            : null;
    }

    private static string? Text(JsonElement root, string key) => root.TryGetProperty(key, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Why a request of a back-end is refused.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Words">What was found, and what was expected.</param>
public sealed record PusherProblem(int Status, string Words);
