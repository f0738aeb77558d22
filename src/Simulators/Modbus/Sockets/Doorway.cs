using System.Net;
using System.Net.Sockets;

namespace Rondo.Simulators.Modbus;

/// <summary>
/// A gateway's listening socket. Closed, it keeps its port bound without listening: clients are refused, and nobody else takes a port
/// that was free by chance.
/// </summary>
internal sealed class Doorway : IReady, IWakeable
{
    public static readonly TimeSpan PauseWithoutDescriptors = TimeSpan.FromSeconds(1);

    private readonly Surroundings _surroundings;
    private readonly Action<Socket> _entered;
    private Socket? _socket;
    private bool _listening;
    private long _outOfDescriptors;

    public Doorway(Surroundings surroundings, IPEndPoint wanted, Action<Socket> entered)
    {
        _surroundings = surroundings;
        _entered = entered;
        _socket = Bind(wanted);
        Endpoint = (IPEndPoint)_socket.LocalEndPoint!;
    }

    public IPEndPoint Endpoint { get; }

    public long OutOfDescriptors => Interlocked.Read(ref _outOfDescriptors);

    /// <summary>Listens. Callers hold the gateway's lock, here and in the two below.</summary>
    public void Open_NeedsLock()
    {
        if (!_listening)
        {
            _socket ??= Bind(Endpoint);
            _socket.Listen(4096);
            _listening = true;
            _surroundings.Readiness.Listen(_socket, this);
        }
    }

    /// <summary>Refuses new connections.</summary>
    public void Close_NeedsLock()
    {
        if (_listening)
        {
            Dispose_NeedsLock();
            try
            {
                _socket = Bind(Endpoint);
            }
            catch (SocketException)
            {
                // Somebody was quicker, or there is no descriptor left: opening will try again and report it.
            }
        }
    }

    public void Dispose_NeedsLock()
    {
        if (_socket is { } socket)
        {
            _socket = null;
            _listening = false;
            _surroundings.Readiness.Forget(socket, this);
            socket.Dispose();
        }
    }

    public void OnReady(Span<byte> scratch)
    {
        if (_socket is not { } listener)
        {
            return;
        }

        try
        {
            Accepted(listener.Accept());
        }
        catch (SocketException failure) when (failure.SocketErrorCode == SocketError.TooManyOpenSockets)
        {
            // The knock stays, and epoll would report it without end.
            CountOutOfDescriptors();
            Try(listener, _surroundings.Readiness.Pause);
            _surroundings.Delays.Wake(this, _surroundings.Delays.After(_surroundings.Time.GetTimestamp(), PauseWithoutDescriptors));
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException)
        {
            // The client, or the door itself, was closed meanwhile.
        }
    }

    public void OnDue(long now)
    {
        if (_socket is { } listener)
        {
            Try(listener, _surroundings.Readiness.Resume);
        }
    }

    public void Accepted(Socket socket)
    {
        try
        {
            _entered(socket);
        }
        catch (SocketException)
        {
            // Reset by the client before it could be set up.
            socket.Dispose();
        }
    }

    public void CountOutOfDescriptors() => Interlocked.Increment(ref _outOfDescriptors);

    private static void Try(Socket listener, Action<Socket> change)
    {
        try
        {
            change(listener);
        }
        catch (Exception failure) when (failure is ObjectDisposedException or SimulatorStartException)
        {
            // The door was closed at the same moment.
        }
    }

    private static Socket Bind(IPEndPoint endpoint)
    {
        var socket = new Socket(endpoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { Blocking = false };
        try
        {
            socket.Bind(endpoint);
            return socket;
        }
        catch (SocketException)
        {
            socket.Dispose();
            throw;
        }
    }
}
