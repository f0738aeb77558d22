using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace Rondo.Polling.Configuration;

/// <summary>The address of an endpoint in its one normal form, so that two spellings of one gateway are one endpoint with one connection.</summary>
/// <param name="Host">Host name in lower case, or an IP address in its shortest form, without brackets.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public sealed record EndpointAddress(string Host, int Port)
{
    /// <summary>The port of Modbus TCP, used when none is given.</summary>
    public const int ModbusPort = 502;

    private const string Expected = "expected host, host:port, or [IPv6]:port";

    /// <summary><c>host:port</c>, an IPv6 address in brackets.</summary>
    public override string ToString() =>
        (Host.Contains(':') ? $"[{Host}]:" : Host + ":") + Port.ToString(CultureInfo.InvariantCulture);

    /// <summary>Reads <c>host</c>, <c>host:port</c>, <c>[IPv6]:port</c> or a bare IPv6 address.</summary>
    /// <param name="text">What the user wrote.</param>
    /// <param name="port">The port when the text has none; default 502.</param>
    /// <param name="problem">Null when it was read, else what is wrong with it and what was expected, to follow the quoted text.</param>
    public static EndpointAddress? TryParse(string text, out string? problem, int? port = null)
    {
        text = text.Trim();
        var (host, portText) = Split(text);
        if (text.Contains("://", StringComparison.Ordinal))
        {
            problem = $"has a scheme; {Expected}";
            return null;
        }

        if (portText is not null)
        {
            if (port is not null)
            {
                problem = "already has a port; give the port once";
                return null;
            }

            if (!int.TryParse(portText, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || number is < 1 or > 65535)
            {
                problem = $"has no valid port ({Wording.Quote(portText)}); expected 1 to 65535";
                return null;
            }

            port = number;
        }

        var normal = NormalHost(host);
        problem = normal is null ? $"is not an address; {Expected}" : null;
        return normal is null ? null : new EndpointAddress(normal, port ?? ModbusPort);
    }

    private static (string Host, string? Port) Split(string text)
    {
        if (text.StartsWith('['))
        {
            var close = text.IndexOf(']');
            if (close < 0)
            {
                return ("", null);
            }

            var inside = text[1..close];
            var after = text[(close + 1)..];
            return !inside.Contains(':') ? ("", null) : after.Length == 0 ? (inside, null) : after[0] == ':' ? (inside, after[1..]) : ("", null);
        }

        var first = text.IndexOf(':');
        return first < 0 || text.IndexOf(':', first + 1) >= 0 ? (text, null) : (text[..first], text[(first + 1)..]);
    }

    private static string? NormalHost(string host)
    {
        if (host.Contains(':'))
        {
            return IPAddress.TryParse(host, out var six) && six.AddressFamily == AddressFamily.InterNetworkV6 ? six.ToString() : null;
        }

        if (host.Length is 0 or > 253)
        {
            return null;
        }

        var labels = host.Split('.');
        if (labels.All(label => label.Length > 0 && label.All(char.IsAsciiDigit)))
        {
            // IPAddress would read 10.1 as 10.0.0.1 and 010 as octal: both are slips here.
            return labels.Length == 4 && labels.All(label => byte.TryParse(label, out var part) && part.ToString(CultureInfo.InvariantCulture) == label) ? host : null;
        }

        return labels.All(IsLabel) ? host.ToLowerInvariant() : null;
    }

    private static bool IsLabel(string label) =>
        label.Length is > 0 and <= 63 && label[0] != '-' && label[^1] != '-' && label.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_');
}
