using System.Text.Json;
using System.Text.Json.Nodes;

namespace Rondo.Security;

/// <summary>Takes secrets out of what is written down: the value of whatever is named like one becomes <c>***</c>.</summary>
public static class Masking
{
    /// <summary>What stands in the place of a secret.</summary>
    public const string Mask = "***";

    private const int Longest = 64 * 1024;
    private static readonly string[] _endings =
    [
        "password", "passwd", "passphrase", "secret", "secrets", "passkey", "token", "authorization", "auth", "auth_key", "cookie", "apikey", "api_key", "access_key", "private_key", "credential", "credentials", "community",
    ];

    /// <summary>JSON without secrets, at most 64 KiB long: what is longer is replaced by its length and its SHA-256.</summary>
    internal static string? Apply(string? json)
    {
        if (json is null)
        {
            return null;
        }

        var node = JsonNode.Parse(json);
        var text = Clean(node, isSecret: false)?.ToJsonString(_options) ?? "null";
        return text.Length <= Longest
            ? text
            : JsonSerializer.Serialize(new { cut = true, length = text.Length, sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text))) });
    }

    private static readonly JsonSerializerOptions _options = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>True for what is named like a secret: <c>Authorization</c>, <c>X-Api-Key</c>, <c>smtp_password</c>.</summary>
    public static bool IsSecret(string name)
    {
        var plain = name.Replace('-', '_');
        return Array.Exists(_endings, ending => plain.EndsWith(ending, StringComparison.OrdinalIgnoreCase));
    }

    private static JsonNode? Clean(JsonNode? node, bool isSecret) => node switch
    {
        null => null,
        JsonObject obj => new JsonObject(obj.Select(pair => KeyValuePair.Create(pair.Key, Clean(pair.Value, isSecret || IsSecret(pair.Key))))),
        JsonArray list => new JsonArray([.. list.Select(each => Clean(each, isSecret))]),
        _ when isSecret => JsonValue.Create(Mask),
        _ => node.DeepClone(),
    };
}
