using System.Text;

namespace Rondo.Live.Feed;

/// <summary>What replaces an older message while it waits: the source, and the metric when only that is told.</summary>
/// <param name="Source">The source of the sample.</param>
/// <param name="Metric">The metric, or null for all of them.</param>
public readonly record struct SeriesKey(long Source, string? Metric);

/// <summary>One message, written once for all who get it.</summary>
public sealed class FeedMessage
{
    // What an entry costs that shares its message with every other client: the newest readings are kept anyway.
    private const int SharedCost = 64;
    private byte[]? _eventStream;

    internal FeedMessage(byte[] json, string? id = null, SeriesKey? key = null)
    {
        (Json, Id, Key) = (json, id, key);
    }

    /// <summary>The envelope, UTF-8.</summary>
    public ReadOnlyMemory<byte> Json { get; }

    /// <summary>The token to resume from; null for what is not in the log.</summary>
    public string? Id { get; }

    /// <summary>What it replaces; null for what is never replaced.</summary>
    public SeriesKey? Key { get; }

    /// <summary>The same as an event of an event stream.</summary>
    public ReadOnlyMemory<byte> EventStream => _eventStream ??= AsEvent();

    /// <summary>What it counts for in a client's queue, bytes.</summary>
    internal int Cost => Key is null ? Json.Length + SharedCost : SharedCost;

    private byte[] AsEvent()
    {
        var head = Encoding.ASCII.GetBytes(Id is null ? "data: " : $"id: {Id}\ndata: ");
        var bytes = new byte[head.Length + Json.Length + 2];
        head.CopyTo(bytes, 0);
        Json.Span.CopyTo(bytes.AsSpan(head.Length));
        bytes[^1] = bytes[^2] = (byte)'\n';
        return bytes;
    }
}
