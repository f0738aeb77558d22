using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Net;

namespace Rondo.Jobs.Calls;

/// <summary>Something that may be called although its address is not a public one: a network, an address or a host, all ports or one.</summary>
public sealed class CallTarget
{
    private static readonly SearchValues<char> _noHost = SearchValues.Create("/?#@\\: ");
    private readonly IPNetwork? _network;
    private readonly string? _host;
    private readonly int? _port;
    private readonly string _text;

    private CallTarget(IPNetwork? network, string? host, int? port, string text)
    {
        (_network, _host, _port, _text) = (network, host, port, text);
    }

    /// <summary>Reads <c>10.0.0.0/8</c>, <c>127.0.0.1</c>, <c>127.0.0.1:8080</c>, <c>[fd00::1]:8080</c>, <c>billing.internal</c> or <c>billing.internal:8080</c>.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CallTarget? target)
    {
        target = null;

        // Only the usual way of writing: '010.0.0.1' is one address to one reader and another to the next.
        if (IPNetwork.TryParse(text, out var network))
        {
            target = text.Equals(network.ToString(), StringComparison.OrdinalIgnoreCase) ? new CallTarget(network, null, null, text) : null;
            return target is not null;
        }

        var (name, port) = Split(text);
        if (port is null or (> 0 and <= 65_535) && !text.Contains('%', StringComparison.Ordinal))
        {
            if (IPAddress.TryParse(name, out var address) && name.Equals(address.ToString(), StringComparison.OrdinalIgnoreCase))
            {
                target = new CallTarget(new IPNetwork(address, address.GetAddressBytes().Length * 8), null, port, text);
            }
            else if (!IPAddress.TryParse(name, out _) && HostOf(name) is { } host)
            {
                target = new CallTarget(null, host, port, text);
            }
        }

        return target is not null;
    }

    /// <summary>Whether a connection to <paramref name="address"/>, meant for <paramref name="host"/>, is allowed by this.</summary>
    internal bool Allows(string host, IPAddress address, int port) =>
        (_port is null || _port == port) && (_host is null ? !address.IsIPv4MappedToIPv6 && _network!.Value.Contains(address) : _host == HostOf(host));

    /// <summary>Whether this allows <paramref name="host"/> by its name.</summary>
    internal bool Names(string host) => _host is not null && _host == HostOf(host);

    /// <summary>A host as it is compared: as it is looked up, in small letters, without a dot at its end; null when it is none.</summary>
    internal static string? HostOf(string text) =>
        text.Length is > 0 and <= 253 && !text.AsSpan().ContainsAny(_noHost) && Uri.TryCreate($"http://{text}/", UriKind.Absolute, out var url)
            ? url.IdnHost.TrimEnd('.').ToLowerInvariant()
            : null;

    private static (string Name, int? Port) Split(string text)
    {
        var at = text.LastIndexOf(':');
        var isBare = at < 0 || (text.IndexOf(':', StringComparison.Ordinal) != at && text[at - 1] != ']');
        var name = isBare ? text : text[..at];
        int? port = isBare ? null : int.TryParse(text[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : -1;
        return (name.StartsWith('[') && name.EndsWith(']') ? name[1..^1] : name, port);
    }

    /// <inheritdoc/>
    public override string ToString() => _text;
}
