using System.Net;
using System.Net.Sockets;

namespace Rondo.Drivers.Modbus;

/// <summary>Where a Modbus endpoint listens, in the one form under which endpoints are compared.</summary>
/// <param name="Host">Lower-case host name, IPv4 address, or IPv6 address without brackets.</param>
/// <param name="Port">TCP port, 1 to 65535.</param>
public sealed record ModbusAddress(string Host, int Port)
{
    /// <summary>The port of the protocol.</summary>
    public const int DefaultPort = 502;

    /// <summary>
    /// Reads <c>host</c>, <c>host:port</c>, <c>192.0.2.7:502</c>, <c>[2001:db8::7]</c> or <c>[2001:db8::7]:502</c>. On failure
    /// <paramref name="problem"/> is a sentence for the person who wrote the text.
    /// </summary>
    public static bool TryParse(string? text, out ModbusAddress? address, out string problem)
    {
        address = null;
        problem = "";
        var rest = (text ?? "").Trim();
        if (rest.Length == 0)
        {
            return Fail("the address is empty", out problem);
        }

        if (rest.Contains("://", StringComparison.Ordinal))
        {
            return Fail($"'{rest}' has a scheme; leave out everything up to and including ://", out problem);
        }

        string host;
        var port = "";
        if (rest[0] == '[')
        {
            var end = rest.IndexOf(']', StringComparison.Ordinal);
            if (end < 0 || (end + 1 < rest.Length && rest[end + 1] != ':'))
            {
                return Fail($"'{rest}' opens a bracket that is not closed before the port", out problem);
            }

            host = rest[1..end];
            port = end + 1 < rest.Length ? rest[(end + 1)..] : "";
            if (!IPAddress.TryParse(host, out var v6) || v6.AddressFamily != AddressFamily.InterNetworkV6)
            {
                return Fail($"'{host}' in brackets is not an IPv6 address", out problem);
            }

            host = v6.ToString();
        }
        else
        {
            var colon = rest.IndexOf(':', StringComparison.Ordinal);
            if (colon >= 0 && rest.IndexOf(':', colon + 1) >= 0)
            {
                return Fail($"'{rest}' looks like an IPv6 address; write it in brackets, for example [2001:db8::7]:502", out problem);
            }

            port = colon >= 0 ? rest[colon..] : "";
            if (!TryHost(colon >= 0 ? rest[..colon] : rest, out host, out problem))
            {
                return false;
            }
        }

        var number = DefaultPort;
        if (port.Length != 0 && !TryPort(port.AsSpan(1), out number))
        {
            return Fail($"port '{port[1..]}' is not a number from 1 to 65535; Modbus devices usually listen on 502", out problem);
        }

        address = new ModbusAddress(host, number);
        return true;
    }

    /// <summary><c>host:port</c>, IPv6 in brackets; <see cref="TryParse"/> reads it back.</summary>
    public override string ToString() => Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]:{Port}" : $"{Host}:{Port}";

    private static bool TryHost(string text, out string host, out string problem)
    {
        host = text.TrimEnd('.').ToLowerInvariant();
        problem = "";
        if (host.Length is 0 or > 253)
        {
            return Fail($"'{text}' is not a host name of 1 to 253 characters", out problem);
        }

        var digitsOnly = true;
        foreach (var label in host.Split('.'))
        {
            if (label.Length is 0 or > 63 || label[0] == '-' || label[^1] == '-')
            {
                return Fail($"'{host}' is not a host name: every part between dots has 1 to 63 characters and no hyphen at its ends", out problem);
            }

            foreach (var c in label)
            {
                if (!char.IsAsciiLetterOrDigit(c) && c is not ('-' or '_'))
                {
                    return Fail($"'{host}' has the character '{c}', which no host name has; letters, digits, hyphens and dots are allowed", out problem);
                }

                digitsOnly &= char.IsAsciiDigit(c);
            }
        }

        // What looks like an IPv4 address must be one: other spellings (leading zeros, fewer parts) mean different things to different programs.
        return !digitsOnly || (IPAddress.TryParse(host, out var v4) && v4.ToString() == host)
            || Fail($"'{host}' is not an IPv4 address: four numbers from 0 to 255 without leading zeros", out problem);
    }

    private static bool TryPort(ReadOnlySpan<char> text, out int port)
    {
        port = 0;
        foreach (var c in text)
        {
            if (!char.IsAsciiDigit(c) || port > 65535)
            {
                return false;
            }

            port = (port * 10) + (c - '0');
        }

        return port is >= 1 and <= 65535;
    }

    private static bool Fail(string sentence, out string problem)
    {
        problem = sentence;
        return false;
    }
}
