using System.Buffers;
using System.Net.WebSockets;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>What one client says, and what comes of it.</summary>
internal class FeedSession(FeedHub hub, FeedClient client, IFeedAccess access, INewestReadings? newest, IFeedDoor? door = null)
{
    private const int Piece = 4_096;
    private int _errors;

    /// <summary>Hears a WebSocket until it ends.</summary>
    public async Task ListenAsync(WebSocket socket, CancellationToken stop)
    {
        byte[]? rented = null;
        try
        {
            while (true)
            {
                // Nothing is held while nothing comes.
                var first = await socket.ReceiveAsync(Memory<byte>.Empty, stop).ConfigureAwait(false);
                if (first.MessageType == WebSocketMessageType.Close)
                {
                    client.End(FeedClose.Done);
                    return;
                }

                if (first.EndOfMessage)
                {
                    // An empty message has been read with that.
                    await HandleAsync(default, stop).ConfigureAwait(false);
                    continue;
                }

                rented = ArrayPool<byte>.Shared.Rent(Piece);
                var length = 0;
                while (true)
                {
                    if (length == rented.Length)
                    {
                        if (length >= hub.Options.MaxInbound)
                        {
                            client.End(FeedClose.TooLarge);
                            await RestAsync(socket, rented, stop).ConfigureAwait(false);
                            return;
                        }

                        rented = Grown(rented);
                    }

                    var received = await socket.ReceiveAsync(rented.AsMemory(length, Math.Min(rented.Length, hub.Options.MaxInbound + 1) - length), stop).ConfigureAwait(false);
                    client.HeardAt = hub.Time.GetTimestamp();
                    length += received.Count;
                    if (received.MessageType == WebSocketMessageType.Close)
                    {
                        client.End(FeedClose.Done);
                        return;
                    }

                    if (received.MessageType == WebSocketMessageType.Binary || length > hub.Options.MaxInbound)
                    {
                        client.End(received.MessageType == WebSocketMessageType.Binary ? FeedClose.Binary : FeedClose.TooLarge);
                        await RestAsync(socket, rented, stop).ConfigureAwait(false);
                        return;
                    }

                    if (received.EndOfMessage)
                    {
                        break;
                    }
                }

                await HandleAsync(rented.AsMemory(0, length), stop).ConfigureAwait(false);
                ArrayPool<byte>.Shared.Return(rented);
                rented = null;
            }
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    /// <summary>One message.</summary>
    public virtual async Task HandleAsync(ReadOnlyMemory<byte> message, CancellationToken stop)
    {
        if (client.Close is not null)
        {
            return;
        }

        var request = FeedRequest.Read(message, out var error);
        switch (request?.Kind)
        {
            case null:
                Mistake(error!);
                break;
            case FeedRequestKind.Heartbeat:
                break;
            case FeedRequestKind.Auth:
                await AuthenticateAsync(request.Token, stop).ConfigureAwait(false);
                break;
            case var _ when client.Caller is null:
                Mistake(new FeedError(FeedError.NotAuthenticated, "say who you are first: {\"type\":\"auth\",\"token\":\"…\"}"));
                break;
            case FeedRequestKind.Unsubscribe:
                hub.Unsubscribe(client, request.Topics);
                client.Offer(FeedWriter.Unsubscribed(hub.Now, request.Topics));
                break;
            default:
                await SubscribeAsync(request.Topics, request.Id, stop).ConfigureAwait(false);
                break;
        }
    }

    /// <summary>Subscribes to those of the topics that the caller may have; the others are refused one by one.</summary>
    public async Task SubscribeAsync(IReadOnlyList<string> topics, string? id, CancellationToken stop)
    {
        var accepted = new List<string>();
        foreach (var topic in topics)
        {
            var refusal = client.Topics.Count + accepted.Count >= hub.Options.MaxTopics
                ? new FeedError(FeedError.TooManyTopics, $"a connection may have {hub.Options.MaxTopics} topics; subscribe to a category or to {Topics.Global} instead")
                : FeedRules.Refusal(client.Caller!, topic);
            if (refusal is not null)
            {
                client.Offer(FeedWriter.Refused(hub.Now, topic, refusal));
            }
            else if (!client.Topics.Contains(topic))
            {
                accepted.Add(topic);
            }
        }

        if (id is not null && client.Topics.Count > 0)
        {
            Mistake(new FeedError(FeedError.ResumeFirst, "what was missed is told in order, so a connection resumes with its first subscribe, which names all topics"));
            return;
        }

        if (accepted.Count == 0 && topics.Count > 0 && !topics.Any(client.Topics.Contains))
        {
            return;
        }

        ResumeToken? from = null;
        string? unfit = null;
        if (id is not null)
        {
            from = ResumeToken.TryParse(id, out var token) ? token : null;
            unfit = from is null ? "unknown_id" : null;
        }

        try
        {
            await hub.SubscribeAsync(client, accepted, from, unfit, newest, stop).ConfigureAwait(false);
        }
        catch (StorageFault fault)
        {
            // It may have had them already, and hear now that it does not get their newest readings.
            hub.Unsubscribe(client, accepted);
            foreach (var topic in accepted)
            {
                client.Offer(FeedWriter.Refused(hub.Now, topic, new FeedError(FeedError.Unavailable, $"the database cannot be asked now; try again in a moment ({fault.Kind})")));
            }
        }
    }

    private async Task AuthenticateAsync(string token, CancellationToken stop)
    {
        if (client.Caller is not null)
        {
            Mistake(new FeedError(FeedError.BadMessage, "this connection has said who it is already"));
            return;
        }

        if (door?.IsClosed(token) == true)
        {
            client.End(FeedClose.LockedOut);
            return;
        }

        try
        {
            var (caller, isGuess) = await access.AuthenticateAsync(token, stop).ConfigureAwait(false);
            if (isGuess)
            {
                door?.Failed();
            }

            if (caller is null || (caller.ExpiresAt is { } ends && ends <= hub.Now))
            {
                client.End(FeedClose.AuthFailed);
            }
            else if (!hub.Identify(client, caller))
            {
                client.End(FeedClose.TooMany);
            }
            else
            {
                client.Offer(FeedWriter.Authenticated(hub.Now, caller));
            }
        }
        catch (StorageFault)
        {
            client.Offer(FeedWriter.Error(hub.Now, FeedError.Unavailable, "the database cannot be asked now; try again in a moment"));
        }
    }

    private void Mistake(FeedError error)
    {
        if (++_errors > hub.Options.MaxErrors)
        {
            client.End(FeedClose.BadMessages);
            return;
        }

        client.Offer(FeedWriter.Error(hub.Now, error.Code, error.Words));
    }

    /// <summary>A closed connection may still bring what was on its way, then the answer to the close; the hub does not wait for it for long.</summary>
    private static async Task RestAsync(WebSocket socket, byte[] buffer, CancellationToken stop)
    {
        while ((await socket.ReceiveAsync(buffer.AsMemory(), stop).ConfigureAwait(false)).MessageType != WebSocketMessageType.Close)
        {
            // Thrown away.
        }
    }

    private static byte[] Grown(byte[] rented)
    {
        var larger = ArrayPool<byte>.Shared.Rent(rented.Length * 2);
        rented.CopyTo(larger, 0);
        ArrayPool<byte>.Shared.Return(rented);
        return larger;
    }
}
