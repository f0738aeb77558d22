using System.Net;
using System.Net.WebSockets;
using System.Runtime.CompilerServices;
using System.Text.Json;

namespace Rondo.Host.Commands;

/// <summary>A client of the feed that knows where it was.</summary>
internal sealed class WatchClient(Uri address, string? token, string[] topics, TimeProvider time) : IDisposable
{
    private const int MostBytes = 1024 * 1024;
    private static readonly TimeSpan _heartbeat = TimeSpan.FromSeconds(25);
    private static readonly TimeSpan _silence = TimeSpan.FromSeconds(75);
    private static readonly byte[] _beat = """{"type":"heartbeat"}"""u8.ToArray();
    private readonly byte[] _buffer = new byte[MostBytes];
    private ClientWebSocket? _socket;
    private string? _id;

    /// <summary>Where it connects to.</summary>
    public Uri Address { get; } = new UriBuilder(address) { Scheme = address.Scheme == "https" ? "wss" : "ws", Path = "/ws" }.Uri;

    /// <summary>True once there was a feed.</summary>
    public bool HasBeenConnected { get; private set; }

    /// <summary>Why there is no use in coming back; null while there is.</summary>
    public string? Refusal { get; private set; }

    /// <summary>True when the token was refused at the door.</summary>
    public bool IsUnknown => _socket?.HttpStatusCode == HttpStatusCode.Unauthorized;

    /// <inheritdoc/>
    public void Dispose() => _socket?.Dispose();

    /// <summary>Connects, and subscribes from where it was.</summary>
    public async Task ConnectAsync(CancellationToken stop)
    {
        _socket?.Dispose();
        _socket = new ClientWebSocket();
        _socket.Options.KeepAliveInterval = TimeSpan.Zero;
        _socket.Options.CollectHttpResponseDetails = true;
        if (token is { Length: > 0 })
        {
            _socket.Options.SetRequestHeader("Authorization", "Bearer " + token);
        }

        await _socket.ConnectAsync(Address, stop).ConfigureAwait(false);
        HasBeenConnected = true;
        await _socket.SendAsync(
            JsonSerializer.SerializeToUtf8Bytes(new { type = "subscription", name = "subscribe", topics, id = _id }), WebSocketMessageType.Text, true, stop).ConfigureAwait(false);
    }

    /// <summary>Every message until the connection ends.</summary>
    public async IAsyncEnumerable<JsonElement> ReadAsync([EnumeratorCancellation] CancellationToken stop)
    {
        using var silence = new CancellationTokenSource(_silence, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, silence.Token);
        await using var beat = time.CreateTimer(_ => Beat(), null, _heartbeat, _heartbeat);
        while (await NextAsync(either.Token, stop).ConfigureAwait(false) is { } message)
        {
            silence.CancelAfter(_silence);
            if (message.GetProperty("id").GetString() is { } id)
            {
                _id = id;
            }

            yield return message;
        }
    }

    private async Task<JsonElement?> NextAsync(CancellationToken either, CancellationToken stop)
    {
        var length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult received;
            try
            {
                received = await _socket!.ReceiveAsync(_buffer.AsMemory(length), either).ConfigureAwait(false);
            }
            catch (OperationCanceledException fault) when (!stop.IsCancellationRequested)
            {
                throw new IOException("nothing was heard for 75 s", fault);
            }

            length += received.Count;
            if (received.MessageType == WebSocketMessageType.Close)
            {
                // Codes of the 4400s that a new connection would meet again.
                Refusal = (int?)_socket.CloseStatus is >= 4400 and <= 4404 ? $"the server closed the feed: {_socket.CloseStatusDescription}" : null;
                return null;
            }

            if (received.EndOfMessage)
            {
                using var json = JsonDocument.Parse(_buffer.AsMemory(0, length));
                return json.RootElement.Clone();
            }

            if (length == _buffer.Length)
            {
                throw new IOException("a message is larger than 1 MiB");
            }
        }
    }

    private void Beat() => _ = BeatAsync();

    private async Task BeatAsync()
    {
        try
        {
            await _socket!.SendAsync(_beat, WebSocketMessageType.Text, true, CancellationToken.None).ConfigureAwait(false);
        }
        catch (Exception fault) when (fault is WebSocketException or InvalidOperationException or ObjectDisposedException)
        {
            // Whoever reads will find out.
        }
    }
}
