using System.Net;
using System.Net.Sockets;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>Makes an address wait whose tokens are no good again and again. Who was let in lately is not held up by others of the same address.</summary>
internal sealed class DoorGuard
{
    private const int Free = 20;
    private static readonly TimeSpan _longest = TimeSpan.FromMinutes(1);
    private static readonly object _wait = new();
    private readonly FailedTries _tries;
    private readonly Server _server;
    private readonly ILogger _log;

    public DoorGuard(Server server, ILoggerFactory logs)
    {
        _server = server;
        _log = logs.CreateLogger(AccessLog.Category);
        _tries = new FailedTries(server.Time, Free, _longest);
    }

    /// <summary>How long the request's address has to wait; null for not at all.</summary>
    public static TimeSpan? WaitOf(HttpContext context) => context.Items[_wait] as TimeSpan?;

    /// <summary>True when this address has to wait, and what it presents is not known to be good.</summary>
    public bool IsClosed(HttpContext context, string token)
    {
        var wait = _tries.Wait(AddressOf(context));
        if (wait <= TimeSpan.Zero || _server.Access.IsRemembered(token))
        {
            return false;
        }

        context.Items[_wait] = wait;
        return true;
    }

    /// <summary>How long this address has to wait before it presents anything; null for not at all.</summary>
    public TimeSpan? WaitAt(HttpContext context) => _tries.Wait(AddressOf(context)) is { Ticks: > 0 } wait ? wait : null;

    /// <summary>What it presented was no good.</summary>
    public void Failed(HttpContext context)
    {
        // Who fails while the door is closed already is told of no more.
        var (who, wasOpen) = (AddressOf(context), WaitAt(context) is null);
        _tries.Failed(who);
        if (wasOpen && WaitAt(context) is { } wait)
        {
            AccessLog.DoorClosed(_log, context.Connection.RemoteIpAddress?.ToString() ?? "", Math.Ceiling(wait.TotalSeconds));
        }
    }

    /// <summary>Who counts as one: an address, and of IPv6 a network of /64, of which one machine may have as many as it likes.</summary>
    public static string AddressOf(HttpContext context) => context.Connection.RemoteIpAddress is { } address ? AddressOf(address) : "";

    /// <summary>The same of an address.</summary>
    public static string AddressOf(IPAddress address)
    {
        address = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        if (address.AddressFamily != AddressFamily.InterNetworkV6 || IPAddress.IsLoopback(address))
        {
            return address.ToString();
        }

        var bytes = address.GetAddressBytes();
        return Convert.ToHexString(bytes, 0, 8);
    }
}
