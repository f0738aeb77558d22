using System.Net.Sockets;

namespace Rondo.Simulators.Modbus;

/// <summary>The same with the runtime's asynchronous sockets, for systems without epoll.</summary>
internal sealed class PortableReadiness(TimeProvider time) : Readiness
{
    private readonly CancellationTokenSource _stopping = new();

    public override void Listen(Socket listener, Doorway door) => _ = AcceptAsync(listener, door);

    public override void Watch(Socket socket, IReady ready) => _ = ReadAsync(socket, ready);

    public override void Forget(Socket socket, IReady ready)
    {
        // Closing the socket ends the wait.
    }

    public override void Pause(Socket listener)
    {
        // The accepting loop waits by itself.
    }

    public override void Resume(Socket listener)
    {
        // As above.
    }

    public override async ValueTask DisposeAsync() => await _stopping.CancelAsync();

    private async Task AcceptAsync(Socket listener, Doorway door)
    {
        // Not on the caller's stack: it holds the gateway's lock, and accepting may close other connections.
        await Task.Yield();
        while (true)
        {
            try
            {
                door.Accepted(await listener.AcceptAsync(_stopping.Token));
            }
            catch (SocketException failure) when (failure.SocketErrorCode == SocketError.TooManyOpenSockets)
            {
                door.CountOutOfDescriptors();
                await Task.Delay(Doorway.PauseWithoutDescriptors, time);
            }
            catch (SocketException failure) when (failure.SocketErrorCode is SocketError.ConnectionAborted or SocketError.ConnectionReset)
            {
                // A client that went away between knocking and entering.
            }
            catch (Exception failure) when (failure is ObjectDisposedException or OperationCanceledException or SocketException)
            {
                return;
            }
        }
    }

    private async Task ReadAsync(Socket socket, IReady ready)
    {
        await Task.Yield();
        try
        {
            while (!_stopping.IsCancellationRequested)
            {
                // A read of nothing ends when there is something to read; no buffer is held while waiting.
                await socket.ReceiveAsync(Memory<byte>.Empty, SocketFlags.None, _stopping.Token);
                Read(ready);
            }
        }
        catch (Exception failure) when (failure is SocketException or ObjectDisposedException or OperationCanceledException)
        {
            Read(ready);
        }
    }

    private static void Read(IReady ready)
    {
        Span<byte> scratch = stackalloc byte[1024];
        ready.OnReady(scratch);
    }
}
