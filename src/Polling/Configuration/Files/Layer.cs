namespace Rondo.Polling.Configuration.Files;

/// <summary>One mapping that settings may come from. Settings are looked up in several layers, the most specific first.</summary>
/// <param name="Map">The mapping.</param>
/// <param name="Path">Its path in the file.</param>
/// <param name="IsForeign">It belongs to another text (a built-in profile): nothing in it can be pointed at.</param>
internal sealed record Layer(Node Map, string Path, bool IsForeign = false)
{
    /// <summary>The path of one of its keys.</summary>
    public string At(string key) => Path.Length == 0 ? key : $"{Path}.{key}";

    /// <summary>The value of a key, or null.</summary>
    public Node? Find(string key) => Map.IndexOf(key) is >= 0 and var at ? Map.Entries[at].Value : null;
}
