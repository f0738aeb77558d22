using System.Net;

namespace Rondo.Host.Http;

/// <summary>Where the HTTP API listens, and where its warnings go.</summary>
internal sealed record HttpSettings
{
    /// <summary>Address to listen on: <c>http://127.0.0.1:PORT</c>, <c>http://[::1]:PORT</c> or <c>http://localhost:PORT</c> (taken as 127.0.0.1). Port 0 takes a free one. Default <c>http://127.0.0.1:8750</c>.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8750");

    /// <summary>Where warnings and errors go; lines below a warning are never written. Default null: nowhere.</summary>
    public ILoggerFactory? Logs { get; init; }

    /// <summary>The address as a socket wants it; null with what is wrong with it.</summary>
    public IPEndPoint? Endpoint(out string? problem)
    {
        problem = null;
        var isPlain = Address is { IsAbsoluteUri: true, AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" } && Address.Scheme == Uri.UriSchemeHttp;
        if (!isPlain)
        {
            problem = $"'{Address}' is no address to listen on; expected one such as http://127.0.0.1:8750";
            return null;
        }

        var host = Address.IdnHost == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(Address.DnsSafeHost, out var ip) ? ip : null;
        if (host is null || !(host.Equals(IPAddress.Loopback) || host.Equals(IPAddress.IPv6Loopback)))
        {
            problem = $"Rondo does not listen on '{Address.Host}': there is no access control yet, so only this machine may reach it. Expected 127.0.0.1, [::1] or localhost; from elsewhere use an SSH tunnel";
            return null;
        }

        return new IPEndPoint(host, Address.Port);
    }
}

/// <summary>The API cannot listen; the message says where and what to do.</summary>
internal sealed class HttpStartException(string message, Exception? inner = null) : Exception(message, inner);
