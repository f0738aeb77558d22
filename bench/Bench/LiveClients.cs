using System.Buffers.Text;
using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Rondo.Bench;

/// <summary>Many clients of a feed by WebSocket, as cheap as they can be: frames are counted and the number of the message is read, nothing else.</summary>
internal sealed class LiveClients(LiveTarget target) : IAsyncDisposable
{
    // Less than the time after which a silent client is closed.
    private static readonly TimeSpan _beat = TimeSpan.FromSeconds(20);
    private static readonly byte[] _mark = "\"n\":"u8.ToArray();
    private readonly List<Client> _clients = [];
    private readonly CancellationTokenSource _ended = new();
    private Task _beating = Task.CompletedTask;

    public int Count => _clients.Count;

    /// <summary>Every message that was received by those who read: its number, and the tick of its arrival.</summary>
    public IEnumerable<(int Number, long At)> Received => _clients.Where(c => !c.IsPaused).SelectMany(c => c.Received);

    /// <summary>How many still read.</summary>
    public int Reading => _clients.Count(c => !c.IsPaused);

    public long Delivered => _clients.Sum(c => c.IsPaused ? 0L : c.Received.Count);

    /// <summary>Connects more; each subscribes to the topic of the server, where it has one, and is there when it was answered.</summary>
    /// <param name="count">How many.</param>
    /// <param name="isNarrow">With a small buffer of the kernel, so that what is not read stays with the server.</param>
    public async Task ConnectAsync(int count, bool isNarrow = false)
    {
        for (var at = 0; at < count; at += 50)
        {
            var more = Enumerable.Range(0, Math.Min(50, count - at)).Select(_ => new Client(isNarrow)).ToArray();
            var first = _clients.Count;
            _clients.AddRange(more);
            await Task.WhenAll(more.Select((c, i) => c.ConnectAsync(target, target.Tokens.Length == 0 ? null : target.Tokens[(first + i) / LiveServerProcess.PerToken])));
        }

        if (_beating.IsCompleted)
        {
            _beating = BeatAsync();
        }
    }

    /// <summary>The last ones read nothing from now on, and do not close either. What they got is no longer counted.</summary>
    public void Pause(int count) => _clients.TakeLast(count).ToList().ForEach(c => c.IsPaused = true);

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _beating;
        _clients.ForEach(c => c.Dispose());
        _ended.Dispose();
    }

    private async Task BeatAsync()
    {
        using var timer = new PeriodicTimer(_beat);
        try
        {
            while (await timer.WaitForNextTickAsync(_ended.Token))
            {
                foreach (var client in _clients)
                {
                    await client.BeatAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The end.
        }
    }

    private sealed class Client : IDisposable
    {
        private readonly Socket _socket = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        private byte[] _buffer = new byte[1_024];
        private int _length;

        public Client(bool isNarrow)
        {
            if (isNarrow)
            {
                _socket.ReceiveBufferSize = 4_096;
            }
        }

        /// <summary>True when it reads no more.</summary>
        public volatile bool IsPaused;

        public List<(int Number, long At)> Received { get; } = [];

        public async Task ConnectAsync(LiveTarget target, string? token)
        {
            await _socket.ConnectAsync(IPAddress.Loopback, target.Port);
            var bearer = token is null ? "" : $"Authorization: Bearer {token}\r\n";
            await _socket.SendAsync(Encoding.ASCII.GetBytes(
                $"GET {target.Path} HTTP/1.1\r\nHost: 127.0.0.1:{target.Port}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{bearer}\r\n"));
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

            if (target.Topic is not null)
            {
                await SendAsync($$"""{"type":"subscription","name":"subscribe","topic":"{{target.Topic}}"}""");
                while (!Take().Any(frame => frame.Contains("acknowledged", StringComparison.Ordinal) && frame.Contains("subscribe", StringComparison.Ordinal)))
                {
                    await FillAsync();
                }
            }

            _ = ReadAsync();
        }

        public void Dispose() => _socket.Dispose();

        public async Task BeatAsync()
        {
            try
            {
                await SendAsync("""{"type":"heartbeat"}""");
            }
            catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
            {
                // It was closed; that is seen in the numbers.
            }
        }

        private Task<int> SendAsync(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            return _socket.SendAsync((byte[])[0x81, (byte)(0x80 | bytes.Length), 0, 0, 0, 0, .. bytes]);
        }

        private async Task ReadAsync()
        {
            try
            {
                while (!IsPaused)
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
