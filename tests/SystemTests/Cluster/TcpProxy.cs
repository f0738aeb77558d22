using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// The way from one node to its database, in the test's process, so that a partition needs no root. Cut, it forwards nothing and keeps every connection,
/// as a network does that swallows packets: what was sent arrives when it heals, also behind the back of a client that has given up meanwhile. It can also break
/// what is open and turn away what comes.
/// </summary>
internal sealed class TcpProxy : IWay
{
    // A node has two small pools; three nodes may share one.
    private const int MostLinks = 128;
    private const int BufferSize = 16 * 1024;

    private readonly Socket _door;
    private readonly IPEndPoint _target;
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentDictionary<Link, Task> _links = [];
    private readonly Task _accepting;
    private volatile TaskCompletionSource? _cut;
    private volatile bool _turnsAway;

    public TcpProxy(int targetPort)
        : this(targetPort, Door(new IPEndPoint(IPAddress.Loopback, 0)))
    {
    }

    /// <param name="targetPort">Where it leads, on the loopback interface.</param>
    /// <param name="door">Where it begins, see <see cref="Door"/>.</param>
    public TcpProxy(int targetPort, Socket door)
    {
        _target = new IPEndPoint(IPAddress.Loopback, targetPort);
        _door = door;
        _accepting = AcceptAsync();
    }

    public int Port => ((IPEndPoint)_door.LocalEndPoint!).Port;

    /// <summary>A socket that listens; nothing of it depends on the thread that made it but the network it is in.</summary>
    public static Socket Door(IPEndPoint at)
    {
        var door = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        door.Bind(at);
        door.Listen(MostLinks);
        return door;
    }

    /// <summary>True while nothing passes.</summary>
    public bool IsCut => _cut is not null || _turnsAway;

    /// <summary>Connections stay, new ones are taken, and nothing passes in either direction.</summary>
    public void Cut() => _cut ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Every connection is reset, and every new one too.</summary>
    public void Break()
    {
        _turnsAway = true;
        foreach (var link in _links.Keys)
        {
            link.Reset();
        }
    }

    /// <summary>Ends either. What was held back arrives now.</summary>
    public void Heal()
    {
        _turnsAway = false;
        Interlocked.Exchange(ref _cut, null)?.SetResult();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        Break();
        _door.Dispose();
        await _accepting;
        await Task.WhenAll(_links.Values);
        _stop.Dispose();
    }

    private async Task AcceptAsync()
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                var link = new Link(await _door.AcceptAsync(_stop.Token));
                if (_turnsAway || _links.Count >= MostLinks)
                {
                    link.Reset();
                    continue;
                }

                // In the list before it can leave it.
                var gate = new TaskCompletionSource();
                _links[link] = CarryAsync(link, gate.Task);
                gate.SetResult();
            }
            catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
            {
                // Its end, or a client that left before it was let in.
            }
        }
    }

    private async Task CarryAsync(Link link, Task start)
    {
        await start;
        try
        {
            await PassableAsync();
            await link.Server.ConnectAsync(_target, _stop.Token);
            link.Client.NoDelay = link.Server.NoDelay = true;
            await Task.WhenAll(PumpAsync(link, link.Client, link.Server), PumpAsync(link, link.Server, link.Client));
            link.Dispose();
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            link.Reset();
        }
        finally
        {
            _links.TryRemove(link, out _);
        }
    }

    private async Task PumpAsync(Link link, Socket from, Socket to)
    {
        try
        {
            var buffer = new byte[BufferSize];
            while (true)
            {
                var count = await from.ReceiveAsync(buffer, _stop.Token);
                await PassableAsync();
                if (count == 0)
                {
                    to.Shutdown(SocketShutdown.Send);
                    return;
                }

                for (var sent = 0; sent < count;)
                {
                    sent += await to.SendAsync(buffer.AsMemory(sent, count - sent), _stop.Token);
                }
            }
        }
        catch (Exception fault) when (fault is OperationCanceledException or SocketException or ObjectDisposedException)
        {
            // One side broke it off; the other learns of it when the way is free.
            if (!_turnsAway && _cut is { } cut && !_stop.IsCancellationRequested)
            {
                await cut.Task.WaitAsync(_stop.Token);
            }

            link.Reset();
        }
    }

    private async ValueTask PassableAsync()
    {
        while (_cut is { } cut)
        {
            await cut.Task.WaitAsync(_stop.Token);
        }
    }

    /// <summary>The two ends of one connection.</summary>
    private sealed class Link(Socket client) : IDisposable
    {
        public Socket Client { get; } = client;

        public Socket Server { get; } = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);

        public void Reset()
        {
            foreach (var socket in new[] { Client, Server })
            {
                try
                {
                    socket.LingerState = new LingerOption(enable: true, seconds: 0);
                }
                catch (Exception fault) when (fault is SocketException or ObjectDisposedException)
                {
                    // Closed already.
                }

                socket.Dispose();
            }
        }

        public void Dispose()
        {
            Client.Dispose();
            Server.Dispose();
        }
    }
}
