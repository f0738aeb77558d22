using System.Net;
using System.Runtime.InteropServices;
using Microsoft.AspNetCore.Connections;
using Rondo.Security;

namespace Rondo.Host.Http;

/// <summary>
/// How many connections one address may have open: the server has room for so many, and whoever takes it all without a word shuts everybody else out. Those of trusted proxies are not counted, since
/// they speak for many; nor is one that has become a WebSocket, for which the feed has bounds of its own.
/// </summary>
internal sealed class ConnectionSeats(TimeProvider time, HttpSettings settings)
{
    /// <summary>Most of one address; of IPv6, of one network of /64.</summary>
    public const int Most = 256;

    // One line of the log a minute: whoever does this does it again and again.
    private static readonly TimeSpan _quiet = TimeSpan.FromMinutes(1);
    private readonly ILogger? _log = settings.Logs?.CreateLogger(AccessLog.Category);
    private readonly Dictionary<string, int> _open = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private long _toldAt;

    /// <summary>The middleware of connections, before TLS.</summary>
    public async Task HoldAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address;
        var who = address is null || IsProxy(address) ? null : DoorGuard.AddressOf(address);
        if (who is not null && !Take(who, address!))
        {
            connection.Abort(new ConnectionAbortedException($"{address} has {Most} connections"));
            return;
        }

        var seat = new ConnectionSeat(() => Leave(who));
        connection.Features.Set(seat);
        var silence = time.CreateTimer(
            _ =>
            {
                if (!seat.HasAsked)
                {
                    connection.Abort(new ConnectionAbortedException("nothing was asked"));
                }
            },
            null, settings.Silence, Timeout.InfiniteTimeSpan);
        try
        {
            await next(connection).ConfigureAwait(false);
        }
        finally
        {
            await silence.DisposeAsync().ConfigureAwait(false);
            seat.Leave();
        }
    }

    /// <summary>On a socket of both families an address of IPv4 comes as one of IPv6 (<c>::ffff:10.0.0.5</c>), which no network of IPv4 contains.</summary>
    private bool IsProxy(IPAddress address)
    {
        var plain = address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
        return settings.Proxies.Any(p => p.Contains(plain) || p.Contains(address));
    }

    private bool Take(string who, IPAddress address)
    {
        lock (_gate)
        {
            ref var open = ref CollectionsMarshal.GetValueRefOrAddDefault(_open, who, out _);
            if (open < Most)
            {
                open++;
                return true;
            }

            if (_toldAt != 0 && time.GetElapsedTime(_toldAt) < _quiet)
            {
                return false;
            }

            _toldAt = Math.Max(1, time.GetTimestamp());
        }

        if (_log is not null)
        {
            AccessLog.TooManyConnections(_log, address.ToString(), Most);
        }

        return false;
    }

    private void Leave(string? who)
    {
        if (who is null)
        {
            return;
        }

        lock (_gate)
        {
            if (--CollectionsMarshal.GetValueRefOrAddDefault(_open, who, out _) <= 0)
            {
                _open.Remove(who);
            }
        }
    }
}

/// <summary>The place of one connection among those of its address.</summary>
/// <param name="leave">Makes room for another one.</param>
internal sealed class ConnectionSeat(Action leave)
{
    private int _hasLeft;
    private volatile bool _hasAsked;

    /// <summary>True once a request came by it.</summary>
    public bool HasAsked => _hasAsked;

    /// <summary>A request came by the connection.</summary>
    public static void Asked(HttpContext context) => context.Features.Get<ConnectionSeat>()?._hasAsked = true;

    /// <summary>The connection of a request is none of HTTP any more.</summary>
    public static void Leave(HttpContext context) => context.Features.Get<ConnectionSeat>()?.Leave();

    /// <summary>Makes room. Any number of times.</summary>
    public void Leave()
    {
        if (Interlocked.Exchange(ref _hasLeft, 1) == 0)
        {
            leave();
        }
    }
}
