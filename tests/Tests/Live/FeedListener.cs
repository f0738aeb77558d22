using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>A client of the feed, as a program of somebody else would be. Every message it gets is held against the schemas of docs/protocols/feed.md.</summary>
internal sealed class FeedListener : IDisposable
{
    private readonly ClientWebSocket _socket;
    private readonly byte[] _buffer = new byte[1024 * 1024];

    private FeedListener(ClientWebSocket socket) => _socket = socket;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public string? CloseWords => _socket.CloseStatusDescription;

    /// <summary>The id of the last message that had one.</summary>
    public string? LastId { get; private set; }

    public static async Task<FeedListener> OpenAsync(Uri api, string? token, string query)
    {
        var socket = new ClientWebSocket();
        socket.Options.KeepAliveInterval = TimeSpan.Zero;
        if (token is not null)
        {
            socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        }

        await socket.ConnectAsync(new Uri($"ws://{api.Authority}/ws{query}"), TestContext.Current.CancellationToken);
        return new FeedListener(socket);
    }

    public Task SendAsync(string json) => SendAsync(Encoding.UTF8.GetBytes(json));

    public Task SendAsync(byte[] bytes, WebSocketMessageType type = WebSocketMessageType.Text) => _socket.SendAsync(bytes, type, true, TestContext.Current.CancellationToken);

    /// <summary>Subscribes, and returns the answer.</summary>
    public async Task<JsonElement> SubscribeAsync(string[] topics, string? id = null)
    {
        await SendAsync(JsonSerializer.Serialize(new { type = "subscription", name = "subscribe", topics, id }));
        return await NextAsync(m => m.GetProperty("type").GetString() is "subscription" or "error");
    }

    /// <summary>The next message that is wanted; others but heartbeats may lie before it.</summary>
    public async Task<JsonElement> NextAsync(Func<JsonElement, bool>? wanted = null) =>
        await ReadAsync(wanted) ?? throw new InvalidOperationException($"closed with {(int?)CloseStatus} {CloseWords}");

    public Task<JsonElement> EventAsync() => NextAsync(m => m.GetProperty("type").GetString() == "event");

    /// <summary>Reads to the close; returns its code.</summary>
    public async Task<int> ClosedAsync()
    {
        while (await ReadAsync(_ => true) is not null)
        {
            // What comes before it.
        }

        return (int)CloseStatus!;
    }

    /// <summary>Null when it was closed.</summary>
    public async Task<JsonElement?> ReadAsync(Func<JsonElement, bool>? wanted = null)
    {
        using var bound = new CancellationTokenSource(Eventually.DefaultBound);
        while (true)
        {
            if (await WholeMessage.ReadAsync(_socket, _buffer, bound.Token) is not { } bytes)
            {
                return null;
            }

            using var document = JsonDocument.Parse(bytes);
            var message = document.RootElement.Clone();
            FeedSchemas.Check(message);
            if (message.GetProperty("id").GetString() is { } id)
            {
                LastId = id;
            }

            if (message.GetProperty("type").GetString() != "heartbeat" && (wanted is null || wanted(message)))
            {
                return message;
            }
        }
    }

    /// <summary>Ends the connection without a word.</summary>
    public void Cut() => _socket.Abort();

    public void Dispose() => _socket.Dispose();
}
