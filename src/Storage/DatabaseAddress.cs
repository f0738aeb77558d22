using System.Data.Common;
using Npgsql;
using Rondo.Loops;

namespace Rondo.Storage;

/// <summary>Which database.</summary>
public enum DatabaseKind
{
    /// <summary>Embedded SQLite.</summary>
    Sqlite,

    /// <summary>PostgreSQL 15 or newer.</summary>
    Postgres,
}

/// <summary>
/// Where the database is, as a user writes it: <c>sqlite:PATH</c>, or <c>postgres://user:password@host:port/database</c>
/// (also <c>postgresql://</c>; query parameters are Npgsql settings, <c>?host=/path</c> names a socket folder, <c>?pgbouncer=true</c> says what stands
/// between).
/// </summary>
public sealed record DatabaseAddress
{
    private const string PgBouncer = "pgbouncer";

    private DatabaseAddress(DatabaseKind kind, string target, string shown, bool isBehindPgBouncer = false)
    {
        Kind = kind;
        Target = target;
        Shown = isBehindPgBouncer ? $"{shown}?{PgBouncer}=true" : shown;
        IsBehindPgBouncer = isBehindPgBouncer;
    }

    /// <summary>Which database.</summary>
    public DatabaseKind Kind { get; }

    /// <summary>The file's full path, or the connection string. May contain a password: never print it.</summary>
    public string Target { get; }

    /// <summary>The address without its password, for people.</summary>
    public string Shown { get; }

    /// <summary>
    /// True when a PgBouncer in transaction mode stands before the server: two transactions of one connection may run in two sessions, so nothing may
    /// outlive a transaction (prepared statements, settings, LISTEN).
    /// </summary>
    public bool IsBehindPgBouncer { get; }

    /// <summary>
    /// A short name of the database for what several installations share: 16 hexadecimal digits, the same in every process that comes to it by the same host, port and
    /// name, whoever it logs in as. Two names of one host are two databases here.
    /// </summary>
    public string Identity => StableHash.Of(Kind == DatabaseKind.Sqlite ? Shown : Place(new NpgsqlConnectionStringBuilder(Target))).ToString("x16");

    /// <inheritdoc/>
    public override string ToString() => Shown;

    /// <summary>Reads an address; <paramref name="error"/> says what was expected.</summary>
    public static DatabaseAddress? TryParse(string? text, out string? error)
    {
        const string Expected = "expected sqlite:PATH or postgres://user:password@host:port/database";
        error = null;
        if (string.IsNullOrWhiteSpace(text))
        {
            error = $"no database address; {Expected}";
            return null;
        }

        if (text.StartsWith("sqlite:", StringComparison.OrdinalIgnoreCase))
        {
            var path = text["sqlite:".Length..];
            if (path.StartsWith("//", StringComparison.Ordinal))
            {
                path = path[2..];
            }

            if (path.Length == 0)
            {
                error = $"'{text}' names no file; {Expected}";
                return null;
            }

            path = Path.GetFullPath(path);
            return new DatabaseAddress(DatabaseKind.Sqlite, path, "sqlite:" + path);
        }

        if (text.StartsWith("postgres://", StringComparison.OrdinalIgnoreCase) || text.StartsWith("postgresql://", StringComparison.OrdinalIgnoreCase))
        {
            return Postgres(text, Expected, out error);
        }

        if (text.Contains("Host=", StringComparison.OrdinalIgnoreCase))
        {
            try
            {
                return Settings(text);
            }
            catch (Exception fault) when (fault is ArgumentException or FormatException)
            {
                error = Unfit(fault, Expected);
                return null;
            }
        }

        // A mistyped address may still hold a password.
        var shown = text.Contains('@') || text.Contains("pass", StringComparison.OrdinalIgnoreCase) || text.Contains("pwd", StringComparison.OrdinalIgnoreCase)
            ? "what was given"
            : $"'{text}'";
        error = $"{shown} is not a database address; {Expected}";
        return null;
    }

    private static DatabaseAddress? Postgres(string text, string expected, out string? error)
    {
        error = null;
        if (!Uri.TryCreate(text, UriKind.Absolute, out var uri) || uri.AbsolutePath.Length < 2)
        {
            error = $"the PostgreSQL address cannot be read or names no database; {expected}";
            return null;
        }

        try
        {
            var user = uri.UserInfo.Split(':', 2);
            var builder = new NpgsqlConnectionStringBuilder
            {
                Host = uri.Host.Length == 0 ? "127.0.0.1" : uri.Host.Trim('[', ']'),
                Port = uri.IsDefaultPort || uri.Port < 0 ? 5432 : uri.Port,
                Database = Uri.UnescapeDataString(uri.AbsolutePath[1..]),
            };
            if (user[0].Length > 0)
            {
                builder.Username = Uri.UnescapeDataString(user[0]);
            }

            if (user.Length > 1)
            {
                builder.Password = Uri.UnescapeDataString(user[1]);
            }

            var isBehindPgBouncer = false;
            foreach (var pair in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
            {
                var parts = pair.Split('=', 2);
                var (key, value) = (Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : "");
                if (key.Equals(PgBouncer, StringComparison.OrdinalIgnoreCase))
                {
                    isBehindPgBouncer = IsTrue(value);
                }
                else
                {
                    builder[key] = value;
                }
            }

            return new DatabaseAddress(DatabaseKind.Postgres, builder.ConnectionString, Masked(builder), isBehindPgBouncer);
        }
        catch (Exception fault) when (fault is ArgumentException or FormatException)
        {
            error = Unfit(fault, expected);
            return null;
        }
    }

    /// <summary>The form <c>Host=…;Database=…</c>.</summary>
    private static DatabaseAddress Settings(string text)
    {
        var all = new DbConnectionStringBuilder { ConnectionString = text };
        if (!all.TryGetValue(PgBouncer, out var value))
        {
            return new DatabaseAddress(DatabaseKind.Postgres, text, Masked(new NpgsqlConnectionStringBuilder(text)));
        }

        // Npgsql does not know it.
        all.Remove(PgBouncer);
        return new DatabaseAddress(
            DatabaseKind.Postgres, all.ConnectionString, Masked(new NpgsqlConnectionStringBuilder(all.ConnectionString)), IsTrue((string)value));
    }

    private static string Place(NpgsqlConnectionStringBuilder builder) => $"{builder.Host?.ToLowerInvariant()}:{builder.Port}/{builder.Database ?? builder.Username}";

    private static string Unfit(Exception fault, string expected) => fault is FormatException
        ? $"the PostgreSQL address cannot be read: {fault.Message}; {expected}"
        : $"the PostgreSQL address has a setting Npgsql does not know: {fault.Message}; {expected}";

    private static bool IsTrue(string value) =>
        bool.TryParse(value, out var isTrue) ? isTrue : throw new FormatException($"{PgBouncer}={value} is neither true nor false");

    private static string Masked(NpgsqlConnectionStringBuilder builder) =>
        $"postgres://{(builder.Username is { Length: > 0 } user ? user + (builder.Password is { Length: > 0 } ? ":***" : "") + "@" : "")}{builder.Host}:{builder.Port}/{builder.Database}";
}
