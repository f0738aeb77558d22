using System.Net.WebSockets;

namespace Rondo.Tests.Live;

/// <summary>Reads messages of a WebSocket, however many frames they come in.</summary>
internal static class WholeMessage
{
    /// <summary>The next one, which lies in <paramref name="buffer"/> until the next is read; null when the other side closes, which is answered.</summary>
    public static async Task<ReadOnlyMemory<byte>?> ReadAsync(WebSocket socket, byte[] buffer, CancellationToken stop)
    {
        var length = 0;
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(buffer.AsMemory(length), stop);
            length += received.Count;
        }
        while (!received.EndOfMessage);
        if (received.MessageType != WebSocketMessageType.Close)
        {
            return buffer.AsMemory(0, length);
        }

        await socket.CloseOutputAsync(WebSocketCloseStatus.NormalClosure, "", stop);
        return null;
    }
}
