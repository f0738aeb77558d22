namespace Rondo.Polling.Configuration.Files;

/// <summary>Keys that hold a secret in the files of other programs. Device files are kept in repositories, shown in tables and written into the audit trail, so no secret stands in one.</summary>
internal static class SecretWords
{
    private const string File = "_file";
    private static readonly string[] _words = ["password", "passwd", "passphrase", "pass", "secret", "token", "api_key", "apikey", "private_key", "community"];

    /// <summary>The kind of secret that a key such as <c>password</c>, <c>snmp-community</c> or <c>password_file</c> is about; null for none.</summary>
    public static string? In(string key)
    {
        var name = key.ToLowerInvariant().Replace('-', '_');
        name = name.EndsWith(File, StringComparison.Ordinal) ? name[..^File.Length] : name;
        return Array.Find(_words, word => name == word || name.EndsWith("_" + word, StringComparison.Ordinal));
    }

    /// <summary>Why such a key is refused, and what to do instead. Never with its value.</summary>
    public static string Refusal(string key, string secret) =>
        $"unknown key {Wording.Quote(key)}: secrets do not stand with a device, they are stored encrypted: rondo devices secret set NAME {secret}, or PUT /api/devices/NAME/secrets/{secret} (Modbus needs none)";
}
