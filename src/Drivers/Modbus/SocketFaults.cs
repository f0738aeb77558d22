using System.Net.Sockets;

namespace Rondo.Drivers.Modbus;

/// <summary>What the network's errors mean for a read.</summary>
internal static class SocketFaults
{
    /// <summary>The fault of a connection that could not be made.</summary>
    public static ReadFault OfConnect(SocketError error) => error switch
    {
        SocketError.ConnectionRefused or SocketError.TimedOut or SocketError.ConnectionReset or SocketError.ConnectionAborted =>
            ReadFault.Refused,
        _ => ReadFault.Unreachable,
    };

    /// <summary>The fault of a connection that broke in use.</summary>
    public static ReadFault OfExchange(SocketError error) => error switch
    {
        SocketError.NetworkUnreachable or SocketError.HostUnreachable or SocketError.NetworkDown or SocketError.HostDown =>
            ReadFault.Unreachable,
        _ => ReadFault.Closed,
    };
}
