using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Rondo.Nodes;

namespace Rondo.Tests.Nodes;

/// <summary>Answers where a Redis is expected, with whatever a test wants to be answered.</summary>
internal sealed class FakeRedis : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _end = new();
    private readonly ConcurrentQueue<string> _commands = new();
    private readonly ConcurrentDictionary<Socket, bool> _clients = new();
    private readonly Task _running;
    private bool _isDisposed;

    public FakeRedis()
    {
        _listener.Start();
        At = $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";
        _running = AcceptAsync();
    }

    /// <summary>What is sent for a command; null for nothing. By default as one that carries hints between two processes.</summary>
    public Func<string[], string?> Answer { get; set; } = Well;

    /// <summary>HOST:PORT; stays the same when it has ended.</summary>
    public string At { get; }

    public RedisAddress Address => RedisAddress.TryParse(At, out _)!;

    /// <summary>Every command so far, as one line each.</summary>
    public string[] Commands => [.. _commands];

    public int Connections => _clients.Count;

    public static string? Well(string[] words) => words[0] switch
    {
        "AUTH" => "+OK\r\n",
        "SUBSCRIBE" => $"*3\r\n{Bulk("subscribe")}{Bulk(words[1])}:1\r\n",
        "PUBLISH" => ":2\r\n",
        "PING" => Pong,
        _ => "-ERR unknown command\r\n",
    };

    public static string Pong => $"*2\r\n{Bulk("pong")}{Bulk("")}";

    public static string Message(string channel, string payload) => $"*3\r\n{Bulk("message")}{Bulk(channel)}{Bulk(payload)}";

    /// <summary>Sends something unasked to all who subscribed.</summary>
    public void Say(string text)
    {
        foreach (var (client, _) in _clients.Where(client => client.Value))
        {
            try
            {
                client.Send(Encoding.UTF8.GetBytes(text));
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                // One of before, which hung up and is not taken out yet; whoever said so must get its own answer.
            }
        }
    }

    public void HangUp()
    {
        foreach (var client in _clients.Keys)
        {
            try
            {
                // An orderly end, which the task that serves it sees too; to dispose of a socket in use would reset the connection.
                client.Shutdown(SocketShutdown.Both);
            }
            catch (Exception gone) when (gone is SocketException or ObjectDisposedException)
            {
                // The other side was first.
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await _end.CancelAsync();
        HangUp();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _listener.Dispose();
        _end.Dispose();
    }

    private static string Bulk(string text) => $"${Encoding.UTF8.GetByteCount(text)}\r\n{text}\r\n";

    private async Task AcceptAsync()
    {
        while (true)
        {
            var client = await _listener.AcceptSocketAsync(_end.Token);
            _clients[client] = false;
            _ = ServeAsync(client);
        }
    }

    private async Task ServeAsync(Socket client)
    {
        try
        {
            var bytes = new byte[65_536];
            var count = 0;
            int more;
            while ((more = await client.ReceiveAsync(bytes.AsMemory(count), SocketFlags.None, _end.Token)) > 0)
            {
                count += more;
                while (Resp.Read(bytes.AsSpan(0, count), out var length) is { } command)
                {
                    bytes.AsSpan(length, count - length).CopyTo(bytes);
                    count -= length;
                    string[] words = [.. command.Items!.Select(item => item.Text!)];
                    _commands.Enqueue(string.Join(' ', words));
                    _clients[client] |= words[0] == "SUBSCRIBE";
                    if (Answer(words) is { } answer)
                    {
                        await client.SendAsync(Encoding.UTF8.GetBytes(answer), SocketFlags.None, _end.Token);
                    }
                }
            }
        }
        catch (Exception end) when (end is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            // The other side went, or the test did.
        }
        finally
        {
            _clients.TryRemove(client, out _);
            client.Dispose();
        }
    }
}
