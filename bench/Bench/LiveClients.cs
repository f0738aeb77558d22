using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Rondo.Bench;

/// <summary>Many clients of a feed by WebSocket, as cheap as they can be: frames are counted and the number of the message is read, nothing else.</summary>
internal sealed class LiveClients(string token) : IAsyncDisposable
{
    private static readonly byte[] _mark = "\"n\":"u8.ToArray();
    private readonly List<Client> _clients = [];

    public int Count => _clients.Count;

    /// <summary>Every message that was received: its number, and the tick of its arrival.</summary>
    public IEnumerable<(int Number, long At)> Received => _clients.SelectMany(c => c.Received);

    public long Delivered => _clients.Sum(c => (long)c.Received.Count);

    /// <summary>Connects more; each subscribes to <paramref name="topic"/> (null: says nothing), and is there when it was answered.</summary>
    public async Task ConnectAsync(int port, int count, string? topic, string path = "/ws")
    {
        for (var at = 0; at < count; at += 50)
        {
            var more = Enumerable.Range(0, Math.Min(50, count - at)).Select(_ => new Client(token)).ToArray();
            await Task.WhenAll(more.Select(c => c.ConnectAsync(port, path, topic)));
            _clients.AddRange(more);
        }
    }

    public ValueTask DisposeAsync()
    {
        _clients.ForEach(c => c.Dispose());
        return default;
    }

    private sealed class Client(string token) : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private byte[] _buffer = new byte[1_024];
        private int _length;

        public List<(int Number, long At)> Received { get; } = [];

        public async Task ConnectAsync(int port, string path, string? topic)
        {
            await _socket.ConnectAsync(IPAddress.Loopback, port);
            await _socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer {token}\r\n\r\n"));
            while (!_buffer.AsSpan(0, _length).EndsWith("\r\n\r\n"u8) && _buffer.AsSpan(0, _length).IndexOf("\r\n\r\n"u8) is var end)
            {
                if (end >= 0)
                {
                    _buffer.AsSpan(end + 4, _length - end - 4).CopyTo(_buffer);
                    _length -= end + 4;
                    break;
                }

                await FillAsync();
            }

            if (_buffer.AsSpan(0, _length).EndsWith("\r\n\r\n"u8))
            {
                _length = 0;
            }

            if (topic is not null)
            {
                await SendAsync($$"""{"type":"subscription","name":"subscribe","topic":"{{topic}}"}""");
                while (!Take().Any(frame => frame.Contains("acknowledged", StringComparison.Ordinal) && frame.Contains("subscribe", StringComparison.Ordinal)))
                {
                    await FillAsync();
                }
            }

            _ = ReadAsync();
        }

        public void Dispose() => _socket.Dispose();

        private Task<int> SendAsync(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return _socket.SendAsync((byte[])[0x81, (byte)(0x80 | bytes.Length), 0, 0, 0, 0, .. bytes]);
        }

        private async Task ReadAsync()
        {
            try
            {
                while (true)
                {
                    Count();
                    await FillAsync();
                }
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException or BenchFault)
            {
                // The end of it; what is missing is seen in the numbers.
            }
        }

        private async Task FillAsync()
        {
            if (_length == _buffer.Length)
            {
                Array.Resize(ref _buffer, _buffer.Length * 2);
            }

            var count = await _socket.ReceiveAsync(_buffer.AsMemory(_length));
            _length += count > 0 ? count : throw new BenchFault("the server closed a connection");
        }

        private void Count()
        {
            var now = Stopwatch.GetTimestamp();
            var rest = _buffer.AsSpan(0, _length);
            while (Frame(rest, out var payload, out var size))
            {
                var mark = payload.IndexOf(_mark);
                if (mark >= 0 && Utf8Parser.TryParse(payload[(mark + _mark.Length)..], out int number, out _))
                {
                    Received.Add((number, now));
                }

                rest = rest[size..];
            }

            Keep(rest);
        }

        private List<string> Take()
        {
            var frames = new List<string>();
            var rest = _buffer.AsSpan(0, _length);
            while (Frame(rest, out var payload, out var size))
            {
                frames.Add(Encoding.UTF8.GetString(payload));
                rest = rest[size..];
            }

            Keep(rest);
            return frames;
        }

        private void Keep(ReadOnlySpan<byte> rest)
        {
            _length = rest.Length;
            rest.CopyTo(_buffer);
        }

        private static bool Frame(ReadOnlySpan<byte> bytes, out ReadOnlySpan<byte> payload, out int size)
        {
            payload = default;
            size = 0;
            if (bytes.Length < 2)
            {
                return false;
            }

            var (head, length) = bytes[1] switch
            {
                126 => (4, bytes.Length < 4 ? int.MaxValue / 2 : (bytes[2] << 8) | bytes[3]),
                127 => throw new BenchFault("a message of more than 64 KiB"),
                var small => (2, small),
            };
            if (bytes.Length < head + length)
            {
                return false;
            }

            payload = bytes.Slice(head, length);
            size = head + length;
            return true;
        }
    }
}
