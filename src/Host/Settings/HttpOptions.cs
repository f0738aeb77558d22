using System.Globalization;
using System.Net;
using Rondo.Host.Http;

namespace Rondo.Host.Settings;

/// <summary>What can be set of the HTTP API.</summary>
internal static class HttpOptions
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("http.address", _ => "http://127.0.0.1:8750", "where the HTTP API listens: http on this machine, https with a certificate beyond; port 0 takes a free one", TakeAddress),
        new("http.certificate", _ => Setting.None, "PEM file with the certificate for https, or none", (draft, text) => TakeFile(text, f => draft.Http = draft.Http with { Certificate = f })),
        new("http.certificate_key", _ => Setting.None, "PEM file with its private key, or none when that is in the same file", (draft, text) => TakeFile(text, f => draft.Http = draft.Http with { CertificateKey = f })),
        new("http.insecure", _ => "false", "true to listen beyond this machine without https, where everybody on the way can read the tokens", TakeInsecure) { IsSwitch = true },
        new("http.hosts", _ => Setting.None, "names it is reached by beside localhost, with commas, or none; requests for others are refused", TakeHosts),
        new("http.proxies", _ => Setting.None, "addresses or networks of proxies whose X-Forwarded-For is believed, with commas, or none", TakeProxies),
        new("http.rate_per_token", _ => "1000", "requests a second that one token may make, 1 to 1000000; twice as many at once", TakeRate),
    ];

    /// <summary>What does not fit together; null for nothing.</summary>
    public static string? Problem(HttpSettings settings) => settings.Endpoint(out var problem) is null ? problem : null;

    private static string? TakeAddress(SettingsDraft draft, string text)
    {
        if (!Uri.TryCreate(text, UriKind.Absolute, out var address))
        {
            return $"'{text}' is no address to listen on; expected one such as http://127.0.0.1:8750";
        }

        draft.Http = draft.Http with { Address = address };

        // Whether it needs a certificate is seen when all is read.
        return new HttpSettings { Address = address, Certificate = "", IsInsecure = true }.Endpoint(out var problem) is null ? problem : null;
    }

    private static string? TakeFile(string text, Action<string?> take)
    {
        take(text == Setting.None ? null : text);
        return text == Setting.None || Path.IsPathFullyQualified(text) ? null : $"'{text}' is no full path of a file; expected one such as /etc/rondo/server.pem, or {Setting.None}";
    }

    private static string? TakeInsecure(SettingsDraft draft, string text)
    {
        var isSwitch = bool.TryParse(text, out var value);
        draft.Http = draft.Http with { IsInsecure = value };
        return isSwitch ? null : $"'{text}' is neither true nor false";
    }

    private static string? TakeHosts(SettingsDraft draft, string text)
    {
        var names = Parts(text);
        draft.Http = draft.Http with { Hosts = names };
        return Array.Find(names, n => Uri.CheckHostName(n) != UriHostNameType.Dns) is { } wrong ? $"'{wrong}' is no name of a host; expected names such as rondo.example.org, without a port" : null;
    }

    private static string? TakeProxies(SettingsDraft draft, string text)
    {
        var networks = new List<IPNetwork>();
        foreach (var part in Parts(text))
        {
            if (IPAddress.TryParse(part, out var address))
            {
                networks.Add(new IPNetwork(address, address.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? 32 : 128));
            }
            else if (IPNetwork.TryParse(part, out var network))
            {
                networks.Add(network);
            }
            else
            {
                return $"'{part}' is neither an address nor a network; expected ones such as 127.0.0.1 or 10.0.0.0/8, or {Setting.None}";
            }
        }

        draft.Http = draft.Http with { Proxies = networks };
        return null;
    }

    private static string? TakeRate(SettingsDraft draft, string text)
    {
        var isRate = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var rate) && rate is > 0 and <= 1_000_000;
        draft.Http = draft.Http with { RatePerToken = isRate ? rate : 1 };
        return isRate ? null : $"'{text}' is no number of requests a second; expected 1 to 1000000";
    }

    private static string[] Parts(string text) => text == Setting.None ? [] : text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
}
