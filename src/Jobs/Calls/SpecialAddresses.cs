using System.Net;
using System.Net.Sockets;

namespace Rondo.Jobs.Calls;

/// <summary>
/// Addresses that lead to this machine, its network or nowhere instead of to somebody on the Internet: the special-purpose registries of IANA (RFC 6890), and what carries
/// an IPv4 address inside an IPv6 one, since behind it may be any of them.
/// </summary>
internal static class SpecialAddresses
{
    private const string Dressed = "an IPv4 address written as IPv6";

    // The first that fits names it.
    private static readonly (IPNetwork Network, string What)[] _table =
    [
        Row("0.0.0.0/8", "unspecified"),
        Row("10.0.0.0/8", "private"),
        Row("100.64.0.0/10", "shared by a carrier's customers"),
        Row("127.0.0.0/8", "loopback"),
        Row("168.63.129.16/32", "a cloud's own platform"),
        Row("169.254.0.0/16", "link-local, where clouds keep their metadata"),
        Row("172.16.0.0/12", "private"),
        Row("192.0.0.0/24", "for protocols"),
        Row("192.0.2.0/24", "for documentation"),
        Row("192.88.99.0/24", "a relay of 6to4"),
        Row("192.168.0.0/16", "private"),
        Row("198.18.0.0/15", "for benchmarks"),
        Row("198.51.100.0/24", "for documentation"),
        Row("203.0.113.0/24", "for documentation"),
        Row("224.0.0.0/4", "multicast"),
        Row("255.255.255.255/32", "broadcast"),
        Row("240.0.0.0/4", "reserved"),
        Row("::/128", "unspecified"),
        Row("::1/128", "loopback"),
        Row("::/96", Dressed),
        Row("::ffff:0:0:0/96", Dressed),
        Row("64:ff9b::/96", "NAT64, an IPv4 address inside IPv6"),
        Row("64:ff9b:1::/48", "NAT64, an IPv4 address inside IPv6"),
        Row("100::/64", "discarded"),
        Row("2001::/32", "Teredo, an IPv4 address inside IPv6"),
        Row("2001:2::/48", "for benchmarks"),
        Row("2001::/23", "for protocols"),
        Row("2001:db8::/32", "for documentation"),
        Row("2002::/16", "6to4, an IPv4 address inside IPv6"),
        Row("3fff::/20", "for documentation"),
        Row("5f00::/16", "for segment routing"),
        Row("fc00::/7", "unique-local"),
        Row("fe80::/10", "link-local"),
        Row("fec0::/10", "site-local"),
        Row("ff00::/8", "multicast"),
    ];

    // All that is given out for the Internet so far.
    private static readonly IPNetwork _unicast = IPNetwork.Parse("2000::/3");

    /// <summary>What an address is when it is no public one; null when it is.</summary>
    public static string? What(IPAddress address)
    {
        // A network takes these for the address inside.
        if (address.IsIPv4MappedToIPv6)
        {
            return Dressed;
        }

        foreach (var (network, what) in _table)
        {
            if (network.Contains(address))
            {
                return what;
            }
        }

        return address.AddressFamily == AddressFamily.InterNetwork || _unicast.Contains(address) ? null : "not given out for the Internet";
    }

    private static (IPNetwork Network, string What) Row(string network, string what) => (IPNetwork.Parse(network), what);
}
