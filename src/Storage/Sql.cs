using System.Collections.Concurrent;

namespace Rondo.Storage;

/// <summary>
/// One named statement. The name is what traces, slow-statement logs and errors show; the text is written once for both databases,
/// with the few <see cref="Dialect"/> tokens in braces.
/// </summary>
/// <param name="name">For example <c>polling.claim</c>.</param>
/// <param name="text">SQL with tokens such as <c>{share}</c>.</param>
public sealed class Sql(string name, string text)
{
    private readonly ConcurrentDictionary<Dialect, string> _rendered = new();

    /// <summary>Name of the statement.</summary>
    public string Name { get; } = name;

    /// <summary>The text as <paramref name="dialect"/> wants it. For PostgreSQL it begins with the name, which is what pg_stat_activity shows to whoever looks for what holds them up.</summary>
    public string For(Dialect dialect) => _rendered.GetOrAdd(dialect, d => (d == Dialect.Postgres ? Mark(Name) + " " : "") + d.Render(text));

    /// <summary>What the text of a statement begins with on PostgreSQL, for those that are put together elsewhere.</summary>
    public static string Mark(string name) => $"/* {name} */";

    /// <summary>The name that <paramref name="text"/> begins with, or null.</summary>
    internal static string? NameIn(string text) =>
        text.StartsWith("/* ", StringComparison.Ordinal) && text.IndexOf(" */", StringComparison.Ordinal) is var end and > 3 && end < 80 ? text[3..end] : null;
}
