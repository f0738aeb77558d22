using System.Net;

namespace Rondo.Host.Http;

/// <summary>
/// Which names in a Host header are this server's. A page in a browser can make a name of its own resolve to any address; so on loopback nothing but the names of loopback is
/// answered, and beyond it the names that were set, and IP addresses, which nobody can make resolve to anything.
/// </summary>
internal sealed class HostNames(HttpSettings settings)
{
    /// <summary>What is expected, for people.</summary>
    public string Expected { get; } = settings.IsLoopback && settings.Hosts.Count == 0
        ? "localhost, 127.0.0.1 or [::1]"
        : $"localhost, {(settings.IsLoopback ? "127.0.0.1, [::1]" : "an IP address")}{string.Concat(settings.Hosts.Select(h => ", " + h))} (setting http.hosts)";

    /// <summary>True when the request is for this server.</summary>
    public bool Knows(HostString host)
    {
        var name = host.Host;
        return name is "127.0.0.1" or "[::1]"
            || string.Equals(name, "localhost", StringComparison.OrdinalIgnoreCase)
            || settings.Hosts.Contains(name, StringComparer.OrdinalIgnoreCase)
            || (!settings.IsLoopback && IPAddress.TryParse(name.Trim('[', ']'), out var address) && address.ToString() == name.Trim('[', ']'));
    }
}
