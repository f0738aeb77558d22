using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Rondo.Storage;

namespace Rondo.Live.Pusher;

/// <summary>A request of a back-end, as it is signed.</summary>
/// <param name="Method">The HTTP method.</param>
/// <param name="Path">The path as it was sent, without host and query.</param>
/// <param name="Query">Every parameter, decoded, each once.</param>
public sealed record SignedRequest(string Method, string Path, IReadOnlyDictionary<string, string> Query)
{
    private const string Signature = "auth_signature";

    /// <summary>How far its clock may be from ours.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromSeconds(600);

    /// <summary>What can be seen before the body is read; null when it is right so far.</summary>
    public string? HeadProblem(PusherApp app, Instant now) =>
        !app.IsKey(Of("auth_key")) ? "auth_key is not the key of this application"
        : Of("auth_version") != "1.0" ? "auth_version is not 1.0"
        : !long.TryParse(Of("auth_timestamp"), NumberStyles.None, CultureInfo.InvariantCulture, out var at) ? "auth_timestamp is no number of seconds since 1970"
        : Math.Abs(Seconds(now) - (double)at) > Window.TotalSeconds ? $"auth_timestamp is more than {Window.TotalSeconds:0} s from the time here; is a clock wrong?"
        : Of(Signature) is null ? "auth_signature is missing"
        : null;

    /// <summary>What is wrong with body and signature; null when they are right.</summary>
    [SuppressMessage("Security", "CA5351", Justification = "The protocol names the body by its MD5; what protects it is the HMAC-SHA256 over that.")]
    public string? Problem(PusherApp app, ReadOnlySpan<byte> body)
    {
        var given = Of("body_md5");
        if (given is null ? body.Length > 0 : !Same(given, Convert.ToHexStringLower(MD5.HashData(body))))
        {
            return given is null ? "body_md5 is missing, so the signature says nothing about the body" : "body_md5 is not that of the body";
        }

        return app.IsSignature(Of(Signature), Text()) ? null : "auth_signature is not that of this request";
    }

    /// <summary>What is signed.</summary>
    internal string Text()
    {
        var parameters = Query.Where(p => p.Key != Signature).Select(p => (Key: p.Key.ToLowerInvariant(), p.Value)).OrderBy(p => p.Key, StringComparer.Ordinal);
        return $"{Method.ToUpperInvariant()}\n{Path}\n{string.Join('&', parameters.Select(p => $"{p.Key}={p.Value}"))}";
    }

    private string? Of(string name) => Query.TryGetValue(name, out var value) ? value : null;

    private static double Seconds(Instant at) => at.Micros / 1e6;

    private static bool Same(string one, string other) => CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(one), Encoding.UTF8.GetBytes(other));
}
