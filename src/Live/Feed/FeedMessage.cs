using System.Buffers.Binary;
using System.Text;

namespace Rondo.Live.Feed;

/// <summary>What replaces an older message while it waits: the source, the metric when only that is told, and the topic when the message names the one it is told on.</summary>
/// <param name="Source">The source of the sample.</param>
/// <param name="Metric">The metric, or null for all of them.</param>
/// <param name="Channel">The topic of the channel, for clients of Pusher; null for others.</param>
internal readonly record struct SeriesKey(long Source, string? Metric, string? Channel = null)
{
    /// <summary>In place of a source: the figures of the queue that is named in place of the metric.</summary>
    public const long Queues = -1;

    /// <summary>In place of a source: how far the batch is whose id stands in place of the metric.</summary>
    public const long Batches = -2;
}

/// <summary>One message, written once for all who get it.</summary>
internal sealed class FeedMessage
{
    // What an entry costs that shares its message with every other client that is as slow: of a series only the newest is kept.
    private const int SharedCost = 64;
    private readonly int _head;
    private readonly bool _isShared;
    private byte[]? _eventStream;

    public FeedMessage(ReadOnlySpan<byte> json, string? id = null, SeriesKey? key = null, bool isShared = false)
    {
        (Id, Key, _isShared) = (id, key, isShared);
        _head = json.Length < 126 ? 2 : json.Length <= ushort.MaxValue ? 4 : 10;
        var frame = new byte[_head + json.Length];

        // A text, and the only frame of its message.
        frame[0] = 0x81;
        switch (_head)
        {
            case 2:
                frame[1] = (byte)json.Length;
                break;
            case 4:
                frame[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)json.Length);
                break;
            default:
                frame[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)json.Length);
                break;
        }

        json.CopyTo(frame.AsSpan(_head));
        Frame = frame;
    }

    /// <summary>The envelope as a frame of a WebSocket, of the server's side.</summary>
    public ReadOnlyMemory<byte> Frame { get; }

    /// <summary>The envelope, UTF-8.</summary>
    public ReadOnlyMemory<byte> Json => Frame[_head..];

    /// <summary>The token to resume from; null for what is not in the log.</summary>
    public string? Id { get; }

    /// <summary>What it replaces; null for what is never replaced.</summary>
    public SeriesKey? Key { get; }

    /// <summary>The same as an event of an event stream.</summary>
    public ReadOnlyMemory<byte> EventStream => _eventStream ??= AsEvent();

    /// <summary>What it counts for in a client's queue, bytes: newest values that are told to all next to nothing, what is written for one client all of it.</summary>
    public int Cost => _isShared && Key is not null ? SharedCost : Frame.Length + SharedCost;

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
