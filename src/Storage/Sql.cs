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

    /// <summary>The text as <paramref name="dialect"/> wants it.</summary>
    public string For(Dialect dialect) => _rendered.GetOrAdd(dialect, d => d.Render(text));
}
