namespace Rondo.Nodes;

/// <summary>Where a Redis is, as a user writes it: <c>HOST:PORT</c>, or <c>redis://user:password@HOST:PORT</c> (the user may be left out, both are percent-encoded).</summary>
public sealed record RedisAddress
{
    private const string Scheme = "redis://";
    private const string Expected = "expected HOST:PORT or redis://user:password@HOST:PORT";

    private RedisAddress(string host, int port, string? user, string? password)
    {
        Host = host;
        Port = port;
        User = user;
        Password = password;
    }

    /// <summary>Name or address of the machine.</summary>
    public string Host { get; }

    /// <summary>TCP port.</summary>
    public int Port { get; }

    /// <summary>The address without its password, for people.</summary>
    public string Shown => $"{Scheme}{(Password is null ? "" : User + ":***@")}{(Host.Contains(':', StringComparison.Ordinal) ? $"[{Host}]" : Host)}:{Port}";

    /// <summary>Who logs in; null for the default user.</summary>
    internal string? User { get; }

    /// <summary>Null when nobody logs in. Never print it.</summary>
    internal string? Password { get; }

    /// <inheritdoc/>
    public override string ToString() => Shown;

    /// <summary>Reads an address; <paramref name="error"/> says what was expected.</summary>
    public static RedisAddress? TryParse(string text, out string? error)
    {
        error = null;
        var isShort = !text.Contains("://", StringComparison.Ordinal);
        if (text.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase))
        {
            error = $"Redis is spoken to without TLS only; {Expected}";
            return null;
        }

        if ((isShort && text.Contains('@', StringComparison.Ordinal))
            || !Uri.TryCreate(isShort ? Scheme + text : text, UriKind.Absolute, out var uri)
            || uri.Scheme != "redis" || uri.Host.Length == 0 || uri.Port <= 0 || uri.PathAndQuery is not ("" or "/") || uri.Fragment.Length > 0)
        {
            // A longer form that was mistyped may hold a password anywhere.
            var shown = isShort && !text.Contains('@', StringComparison.Ordinal) ? $"'{text}'" : "what was given";
            error = $"{shown} is no address of a Redis; {Expected}";
            return null;
        }

        var login = uri.UserInfo.Split(':', 2);
        var user = Uri.UnescapeDataString(login[0]);
        var password = login.Length > 1 ? Uri.UnescapeDataString(login[1]) : "";
        if (uri.UserInfo.Length > 0 && password.Length == 0)
        {
            error = $"the address of the Redis names a user without a password; {Expected}";
            return null;
        }

        return new RedisAddress(uri.Host.Trim('[', ']'), uri.Port, user.Length > 0 ? user : null, password.Length > 0 ? password : null);
    }
}
