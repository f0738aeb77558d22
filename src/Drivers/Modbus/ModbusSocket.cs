using System.Net;
using System.Net.Sockets;

namespace Rondo.Drivers.Modbus;

/// <summary>Opens the TCP connection of a link.</summary>
internal static class ModbusSocket
{
    private const int MostDiscards = 64;

    /// <summary>Connects, or throws what the network says.</summary>
    public static async ValueTask<Socket> ConnectAsync(string host, int port, CancellationToken token)
    {
        var literal = IPAddress.TryParse(host, out var address);
        var socket = literal
            ? new Socket(address!.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
            : new Socket(SocketType.Stream, ProtocolType.Tcp);
        try
        {
            // A request is one small segment and waits for its answer: Nagle would only add delay.
            socket.NoDelay = true;

            // A gateway that lost power never closes; without keep-alive its connection would look open until the next timeouts.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 30);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 10);
            socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
            if (literal)
            {
                await socket.ConnectAsync(new IPEndPoint(address!, port), token);
            }
            else
            {
                await socket.ConnectAsync(host, port, token);
            }

            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>Throws away what has arrived and not been read; never waits. A peer that sends faster than that is left to the deadline of the request.</summary>
    public static void Discard(Socket socket, Span<byte> room)
    {
        for (var reads = 0; reads < MostDiscards && socket.Available > 0 && socket.Receive(room) > 0; reads++)
        {
        }
    }

    /// <summary>Whether the peer closed a connection that is idle: it is readable, and there is nothing to read.</summary>
    public static bool PeerHasLeft(Socket socket)
    {
        try
        {
            return socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0;
        }
        catch (SocketException)
        {
            return true;
        }
    }
}
