using System.Net.Sockets;

namespace Rondo.Nodes;

/// <summary>One connection to a Redis, over plain TCP. For one caller at a time; after a <see cref="RedisFault"/> it is of no use any more.</summary>
internal sealed class RedisConnection : IDisposable
{
    /// <summary>How long connecting may take, and then each answer until the connection is ready.</summary>
    public static readonly TimeSpan OpenWithin = TimeSpan.FromSeconds(2);

    private const int LongestShown = 200;
    private readonly Socket _socket;
    private readonly TimeProvider _time;

    // Grows with what a value needs, which Resp bounds.
    private byte[] _arrived = new byte[4_096];
    private int _count;

    private RedisConnection(Socket socket, TimeProvider time)
    {
        _socket = socket;
        _time = time;
    }

    /// <summary>Connects, and logs in where a password is given.</summary>
    public static async Task<RedisConnection> OpenAsync(RedisAddress address, TimeProvider time, CancellationToken stop)
    {
        // A hint is one small segment that waits for its answer: Nagle would only add delay.
        var connection = new RedisConnection(new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true }, time);
        try
        {
            if (!await connection.WithinAsync(OpenWithin, cut => connection._socket.ConnectAsync(address.Host, address.Port, cut), stop).ConfigureAwait(false))
            {
                throw new RedisFault($"it did not accept the connection within {OpenWithin.TotalSeconds} s");
            }

            if (address.Password is { } password)
            {
                await connection.LogInAsync(address.User is { } user ? ["AUTH", user, password] : ["AUTH", password], stop).ConfigureAwait(false);
            }

            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Sends a command and waits for its answer, which must not be an error.</summary>
    public async Task<RespValue> AskAsync(TimeSpan within, CancellationToken stop, params string[] words)
    {
        var answer = await ExchangeAsync(within, words, stop).ConfigureAwait(false);
        return answer.Kind == RespKind.Error ? throw new RedisFault($"it refused {words[0]}: {Shown(answer.Text)}") : answer;
    }

    /// <summary>Sends a command whose answer is one of the values that come.</summary>
    public async Task SendAsync(TimeSpan within, CancellationToken stop, params string[] words)
    {
        var left = Resp.Command(words).AsMemory();
        if (!await WithinAsync(within, SendAllAsync, stop).ConfigureAwait(false))
        {
            throw new RedisFault($"it did not take {words[0]} within {within.TotalSeconds} s");
        }

        async ValueTask SendAllAsync(CancellationToken cut)
        {
            while (left.Length > 0)
            {
                left = left[await _socket.SendAsync(left, SocketFlags.None, cut).ConfigureAwait(false)..];
            }
        }
    }

    /// <summary>The next value; null when none has arrived whole within <paramref name="atMost"/>.</summary>
    public async Task<RespValue?> ReadAsync(TimeSpan atMost, CancellationToken stop)
    {
        RespValue? value = null;
        await WithinAsync(atMost, ReceiveAsync, stop).ConfigureAwait(false);
        return value;

        async ValueTask ReceiveAsync(CancellationToken cut)
        {
            while ((value = Take()) is null)
            {
                if (_count == _arrived.Length)
                {
                    Array.Resize(ref _arrived, 2 * _arrived.Length);
                }

                var count = await _socket.ReceiveAsync(_arrived.AsMemory(_count), SocketFlags.None, cut).ConfigureAwait(false);
                _count += count > 0 ? count : throw new RedisFault("it closed the connection");
            }
        }
    }

    /// <summary>Closes it; whoever waits on it gets a fault.</summary>
    public void Dispose() => _socket.Dispose();

    /// <summary>What a server says, fit for a log line.</summary>
    public static string Shown(string? text)
    {
        var shown = new string([.. (text ?? "").Take(LongestShown).Select(c => char.IsControl(c) ? ' ' : c)]);
        return shown.Length > 0 ? shown : "(nothing)";
    }

    private async Task LogInAsync(string[] words, CancellationToken stop)
    {
        var answer = await ExchangeAsync(OpenWithin, words, stop).ConfigureAwait(false);
        if (answer.Kind == RespKind.Error)
        {
            // Its code alone: a server that does not know the command repeats what it was given, the password.
            var code = (answer.Text ?? "").Split(' ')[0];
            throw new RedisFault($"it refused the login ({(code is "WRONGPASS" or "NOAUTH" or "NOPERM" or "DENIED" or "LOADING" ? code : "error")}): check user and password");
        }
    }

    private async Task<RespValue> ExchangeAsync(TimeSpan within, string[] words, CancellationToken stop)
    {
        await SendAsync(within, stop, words).ConfigureAwait(false);
        return await ReadAsync(within, stop).ConfigureAwait(false) ?? throw new RedisFault($"it did not answer {words[0]} within {within.TotalSeconds} s");
    }

    /// <summary>Does something with a bound; false when the bound came first.</summary>
    private async Task<bool> WithinAsync(TimeSpan bound, Func<CancellationToken, ValueTask> act, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(bound, _time);
        using var cut = CancellationTokenSource.CreateLinkedTokenSource(stop, late.Token);
        try
        {
            await act(cut.Token).ConfigureAwait(false);
            return true;
        }
        catch (OperationCanceledException) when (!stop.IsCancellationRequested)
        {
            return false;
        }
        catch (SocketException fault)
        {
            throw new RedisFault(fault.Message, fault);
        }
        catch (ObjectDisposedException fault)
        {
            throw new RedisFault("the connection was given up", fault);
        }
    }

    private RespValue? Take()
    {
        var value = Resp.Read(_arrived.AsSpan(0, _count), out var length);
        if (value is not null)
        {
            _count -= length;
            _arrived.AsSpan(length, _count).CopyTo(_arrived);
        }

        return value;
    }
}
