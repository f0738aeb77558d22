using System.Net;
using System.Net.Sockets;

namespace Rondo.Jobs.Calls;

/// <summary>
/// Makes connections to what may be called, and to nothing else. A name is looked up here, and what is judged is the very address that is connected to: a name
/// whose address changes between a check and a connection (DNS rebinding) gains nothing, for there is no between.
/// </summary>
internal sealed class CallGuard(IReadOnlyList<CallTarget> allowed, Func<string, CancellationToken, Task<IPAddress[]>> resolve, TimeProvider time)
{
    private const int MostAddresses = 8;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(5);

    /// <summary>Whether a host is one of those that are allowed by name, or an address that is not public: who calls it means to call inside.</summary>
    public static bool IsInside(IReadOnlyList<CallTarget> allowed, string host) =>
        IPAddress.TryParse(host.Trim('[', ']'), out var literal) ? SpecialAddresses.What(literal) is not null : allowed.Any(target => target.Names(host));

    /// <summary>Why <paramref name="address"/> may not be called, or null.</summary>
    public string? Refusal(string host, IPAddress address, int port) =>
        SpecialAddresses.What(address) is not { } what || allowed.Any(target => target.Allows(host, address, port)) ? null
        : $"{(host == address.ToString() ? host : $"{host} is at {address}, which")} is {what}, and Rondo calls public addresses only. To allow it, add the address, its network or the host to the setting jobs.http.allow";

    /// <summary>Connects; for <see cref="SocketsHttpHandler.ConnectCallback"/>.</summary>
    /// <exception cref="CallRefused">None of the host's addresses may be called.</exception>
    public async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken stop)
    {
        var (host, port) = (context.DnsEndPoint.Host.Trim('[', ']'), context.DnsEndPoint.Port);
        var found = IPAddress.TryParse(host, out var literal) ? [literal] : await resolve(host, stop).ConfigureAwait(false);
        if (found.Length == 0)
        {
            throw new SocketException((int)SocketError.HostNotFound);
        }

        // None is tried that is refused, whatever stands beside it.
        var addresses = found.Where(address => Refusal(host, address, port) is null).Take(MostAddresses).ToArray();
        if (addresses.Length == 0)
        {
            throw new CallRefused(Refusal(host, found[0], port)!);
        }

        for (var n = 0; ; n++)
        {
            var isLast = n == addresses.Length - 1;
            try
            {
                return await ConnectAsync(addresses[n], port, isLast ? Timeout.InfiniteTimeSpan : _patience, stop).ConfigureAwait(false);
            }
            catch (Exception fault) when (!isLast && !stop.IsCancellationRequested && fault is SocketException or OperationCanceledException)
            {
                // One of its addresses does not answer; the next one may.
            }
        }
    }

    private async Task<Stream> ConnectAsync(IPAddress address, int port, TimeSpan patience, CancellationToken stop)
    {
        using var late = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(late.Token, stop);
        var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(new IPEndPoint(address, port), either.Token).ConfigureAwait(false);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }
}
