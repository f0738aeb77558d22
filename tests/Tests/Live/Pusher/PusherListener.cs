using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live.Pusher;

/// <summary>A client of the Pusher protocol on a plain WebSocket. Every message it gets is held against the shape that the protocol has.</summary>
internal sealed class PusherListener : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1024 * 1024];

    public string SocketId { get; private set; } = "";

    public int ActivityTimeout { get; private set; }

    public static async Task<PusherListener> OpenAsync(Uri api, string pathAndQuery)
    {
        var listener = new PusherListener();
        listener._socket.Options.KeepAliveInterval = TimeSpan.Zero;
        await listener._socket.ConnectAsync(new Uri($"ws://{api.Authority}{pathAndQuery}"), TestContext.Current.CancellationToken);
        return listener;
    }

    public static async Task<PusherListener> ConnectAsync(Uri api, string key)
    {
        var listener = await OpenAsync(api, $"/app/{key}?protocol=7&client=js&version=8.6.0&flash=false");
        var first = await listener.NextAsync();
        Assert.Equal("pusher:connection_established", first.Event);
        listener.SocketId = first.Data.GetProperty("socket_id").GetString()!;
        listener.ActivityTimeout = first.Data.GetProperty("activity_timeout").GetInt32();
        return listener;
    }

    public Task SendAsync(string json) => SendAsync(Encoding.UTF8.GetBytes(json), WebSocketMessageType.Text);

    public Task SendAsync(byte[] bytes, WebSocketMessageType type, bool isLast = true) => _socket.SendAsync(bytes, type, isLast, TestContext.Current.CancellationToken);

    /// <summary>Subscribes; returns the event that answers.</summary>
    public async Task<string> SubscribeAsync(string channel, string? auth)
    {
        await SendAsync(JsonSerializer.Serialize(new { @event = "pusher:subscribe", data = new { channel, auth } }));
        return (await NextAsync(m => m.Channel == channel)).Event;
    }

    /// <summary>The next message that is wanted.</summary>
    public async Task<PusherMessage> NextAsync(Func<PusherMessage, bool>? wanted = null) =>
        await ReadAsync(wanted ?? (_ => true)) ?? throw new InvalidOperationException($"closed with {(int?)_socket.CloseStatus} {_socket.CloseStatusDescription}");

    /// <summary>Reads to the close; returns its code, which the error before it has too.</summary>
    public async Task<int> ClosedAsync()
    {
        PusherMessage? last = null;
        while (await ReadAsync(_ => true) is { } message)
        {
            last = message;
        }

        var code = (int)_socket.CloseStatus!;
        Assert.Equal("pusher:error", last?.Event);
        Assert.Equal(code, last!.Data.GetProperty("code").GetInt32());
        Assert.NotEmpty(last.Data.GetProperty("message").GetString()!);
        return code;
    }

    public void Cut() => _socket.Abort();

    public void Dispose() => _socket.Dispose();

    private async Task<PusherMessage?> ReadAsync(Func<PusherMessage, bool> wanted)
    {
        using var bound = new CancellationTokenSource(Eventually.DefaultBound);
        while (true)
        {
            if (await WholeMessage.ReadAsync(_socket, _buffer, bound.Token) is not { } bytes)
            {
                return null;
            }

            var message = PusherMessage.Read(bytes);
            if (wanted(message))
            {
                return message;
            }
        }
    }
}

/// <summary>One message of the server.</summary>
internal sealed record PusherMessage(string Event, string? Channel, JsonElement Data, string Text)
{
    /// <summary>As the protocol has it: data is a string that holds JSON, but for errors, where it is an object.</summary>
    public static PusherMessage Read(ReadOnlyMemory<byte> bytes)
    {
        using var json = JsonDocument.Parse(bytes);
        var root = json.RootElement;
        Assert.All(root.EnumerateObject(), p => Assert.Contains(p.Name, new[] { "event", "channel", "data" }));
        var name = root.GetProperty("event").GetString()!;
        var data = root.GetProperty("data");
        Assert.Equal(name == "pusher:error" ? JsonValueKind.Object : JsonValueKind.String, data.ValueKind);
        var text = data.ValueKind == JsonValueKind.String ? data.GetString()! : data.GetRawText();
        return new PusherMessage(name, root.TryGetProperty("channel", out var channel) ? channel.GetString() : null, JsonDocument.Parse(text).RootElement, text);
    }
}
