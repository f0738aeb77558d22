using System.Net;

namespace Rondo.Host.Http;

/// <summary>Where the HTTP API listens and for whom, and where its warnings go.</summary>
internal sealed record HttpSettings
{
    private const string Expected = "expected one such as http://127.0.0.1:8750, or https://0.0.0.0:8443 with a certificate";

    /// <summary>Address to listen on: scheme, an IP address or <c>localhost</c> (taken as 127.0.0.1), and a port. Port 0 takes a free one. Default <c>http://127.0.0.1:8750</c>.</summary>
    public Uri Address { get; init; } = new("http://127.0.0.1:8750");

    /// <summary>PEM file with the certificate, and behind it those between it and its root; for https.</summary>
    public string? Certificate { get; init; }

    /// <summary>PEM file with its private key; null when that is in the same file.</summary>
    public string? CertificateKey { get; init; }

    /// <summary>True: http beyond this machine, where everybody on the way can read the tokens.</summary>
    public bool IsInsecure { get; init; }

    /// <summary>Names it is reached by, beside those of loopback; IP addresses need not be named.</summary>
    public IReadOnlyList<string> Hosts { get; init; } = [];

    /// <summary>Proxies whose word on who asks (<c>X-Forwarded-For</c>, <c>X-Forwarded-Proto</c>) is taken.</summary>
    public IReadOnlyList<IPNetwork> Proxies { get; init; } = [];

    /// <summary>How many requests a second one token may make, and twice as many at once. Default 1,000; 1 to 1,000,000.</summary>
    public int RatePerToken { get; init; } = 1_000;

    /// <summary>How long a connection may be open without a request. Default 20 s.</summary>
    public TimeSpan Silence { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>Where warnings and errors go; lines below a warning are never written. Default null: nowhere.</summary>
    public ILoggerFactory? Logs { get; init; }

    /// <summary>True for https.</summary>
    public bool IsTls => Address.Scheme == Uri.UriSchemeHttps;

    /// <summary>True when only this machine can reach it.</summary>
    public bool IsLoopback => Endpoint(out _) is { } endpoint && IsLocal(endpoint.Address);

    /// <summary>The address as a socket wants it; null with what is wrong with it.</summary>
    public IPEndPoint? Endpoint(out string? problem)
    {
        problem = null;
        if (Address is not { IsAbsoluteUri: true, AbsolutePath: "/", Query: "", Fragment: "", UserInfo: "" } || Address.Scheme is not ("http" or "https"))
        {
            problem = $"'{Address}' is no address to listen on; {Expected}";
            return null;
        }

        var host = Address.IdnHost == "localhost" ? IPAddress.Loopback : IPAddress.TryParse(Address.DnsSafeHost, out var ip) ? ip : null;
        if (host is null)
        {
            problem = $"'{Address.Host}' is no IP address to listen on; {Expected}. The names it is reached by go into the setting http.hosts";
            return null;
        }

        if (IsTls && Certificate is null)
        {
            problem = $"'{Address}' needs a certificate: http.certificate, a PEM file, and http.certificate_key when the key is not in it";
            return null;
        }

        if (!IsTls && !IsLocal(host) && !IsInsecure)
        {
            problem = $"Rondo does not listen on '{Address}': tokens would cross the network for everybody to read. Use https with a certificate (http.certificate), stay on 127.0.0.1 behind a tunnel or a proxy of this machine, or insist with --insecure";
            return null;
        }

        return new IPEndPoint(host, Address.Port);
    }

    private static bool IsLocal(IPAddress address) => address.Equals(IPAddress.Loopback) || address.Equals(IPAddress.IPv6Loopback);
}

/// <summary>The API cannot listen; the message says where and what to do.</summary>
internal sealed class HttpStartException(string message, Exception? inner = null) : Exception(message, inner);
