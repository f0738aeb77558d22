using System.Buffers;
using System.Text.Json;

namespace Rondo.Jobs.Calls;

/// <summary>What a call may not ask for, told at enqueue and, since the rules may have changed since, again when it runs.</summary>
internal static class HttpCallCheck
{
    private const int LongestUrl = 2_000;
    private const int MostHeaders = 50;
    private const int LongestName = 100;
    private const int LongestValue = 4_096;
    private const int MostExpected = 20;

    /// <summary>Shortest and longest time of an attempt, in ms.</summary>
    public const int ShortestMs = 100, LongestMs = 600_000;

    // RFC 9110, 5.6.2.
    private static readonly SearchValues<char> _token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    private static readonly string[] _methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"];

    // What frames a message, chooses its receiver or answers a proxy is not the caller's, and neither is what Rondo itself vouches for.
    private static readonly HashSet<string> _ours = new(StringComparer.OrdinalIgnoreCase)
    {
        "host", "content-length", "transfer-encoding", "connection", "keep-alive", "te", "trailer", "upgrade", "expect", "http2-settings", "forwarded", "idempotency-key",
    };

    private static readonly string[] _ourPrefixes = ["webhook-", "rondo-", "proxy-"];

    /// <summary>What is wrong with a call, or null.</summary>
    public static JobArgsProblem? Find(HttpCall call) =>
        (TryUrl(call.Url, out var problem) is null ? new JobArgsProblem("/url", problem!) : null)
        ?? Method(call)
        ?? Content(call)
        ?? Headers(call.Headers ?? new Dictionary<string, string>())
        ?? (call.TimeoutMs is < ShortestMs or > LongestMs ? new JobArgsProblem("/timeout_ms", $"{call.TimeoutMs} is not from {ShortestMs} to {LongestMs}") : null)
        ?? Expected(call.Expect);

    /// <summary>A URL that can be called, as far as the text of it tells.</summary>
    public static Uri? TryUrl(string text, out string? problem)
    {
        problem = text.Length > LongestUrl ? $"a URL has {text.Length} characters; at most {LongestUrl}"
            : text.AsSpan().ContainsAnyInRange('\0', ' ') ? "a URL has a space or a control character"
            : !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Host.Length == 0 ? "this is no URL; expected one such as https://example.org/path"
            : Problem(url);
        return problem is null ? new Uri(text) : null;
    }

    /// <summary>What is wrong with a URL, or null.</summary>
    public static string? Problem(Uri url) =>
        url.Scheme != Uri.UriSchemeHttp && url.Scheme != Uri.UriSchemeHttps ? $"'{url.Scheme}' is not called; expected http or https"
        : url.UserInfo.Length > 0 ? "a URL with a user or a password is not called: arguments are stored as they are, and no place for secrets. The receiver knows Rondo by the signature of the call (setting jobs.http.secrets)"
        : null;

    private static JobArgsProblem? Method(HttpCall call) =>
        Array.IndexOf(_methods, call.Method) < 0 ? new JobArgsProblem("/method", $"'{Shown(call.Method)}' is not a method that is called; expected {string.Join(", ", _methods)}") : null;

    private static JobArgsProblem? Content(HttpCall call)
    {
        if (call.Body is null && call.Text is null)
        {
            return null;
        }

        var pointer = call.Text is null ? "/body" : "/text";
        return call is { Body: not null, Text: not null } ? new JobArgsProblem("/text", "a call has a body or a text, not both")
            : call.Method is "GET" or "HEAD" ? new JobArgsProblem(pointer, $"a {call.Method} has no body; expected another method")
            : call.Body is { ValueKind: JsonValueKind.Undefined } ? new JobArgsProblem("/body", "this is no JSON value")
            : null;
    }

    private static JobArgsProblem? Headers(IReadOnlyDictionary<string, string> headers)
    {
        if (headers.Count > MostHeaders)
        {
            return new JobArgsProblem("/headers", $"there are {headers.Count} headers; at most {MostHeaders}");
        }

        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        foreach (var (name, value) in headers)
        {
            var problem = name.Length is 0 or > LongestName || name.AsSpan().ContainsAnyExcept(_token) ? "this is no name of a header"
                : !seen.Add(name) ? "this header is there twice"
                : IsOurs(name) ? "this header is Rondo's own, or belongs to the connection"
                : value is null ? "a header's value is null; expected a text"
                : value.Length > LongestValue ? $"a header's value has {value.Length} characters; at most {LongestValue}"
                : !IsValue(value) ? "a header's value has a line break or another character than visible ASCII and spaces"
                : null;
            if (problem is not null)
            {
                return new JobArgsProblem("/headers/" + Shown(name).Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal), problem);
            }
        }

        return null;
    }

    private static bool IsOurs(string name) => _ours.Contains(name) || Array.Exists(_ourPrefixes, p => name.StartsWith(p, StringComparison.OrdinalIgnoreCase));

    private static bool IsValue(string value) => value.All(c => c is (>= ' ' and <= '~') or '\t');

    private static JobArgsProblem? Expected(IReadOnlyList<int>? expect)
    {
        if (expect is null)
        {
            return null;
        }

        var wrong = expect.FirstOrDefault(status => status is < 200 or > 599, -1);
        return expect.Count is 0 or > MostExpected ? new JobArgsProblem("/expect", $"{expect.Count} statuses; expected 1 to {MostExpected}, or none of this argument")
            : wrong != -1 ? new JobArgsProblem("/expect", $"{wrong} is not a status from 200 to 599")
            : null;
    }

    private static string Shown(string text) => Texts.Fit(text.Length > LongestName ? text[..LongestName] + "…" : text)!;
}
