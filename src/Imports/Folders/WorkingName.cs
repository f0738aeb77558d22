using System.Globalization;

namespace Rondo.Imports.Folders;

/// <summary>What a file is called while it is under way: what tells it from others of the same name, then its own. A number is that of its import.</summary>
/// <param name="Import">Its import; null when it was not handed in yet.</param>
/// <param name="Name">Its own name.</param>
internal readonly record struct WorkingName(long? Import, string Name)
{
    /// <summary>What file systems take, bytes of UTF-8, with room for what is added.</summary>
    private const int MostBytes = 200;

    /// <summary>The name under way.</summary>
    public static string Of(string mark, string name)
    {
        // What is too long loses its beginning; the end says what it is.
        while (System.Text.Encoding.UTF8.GetByteCount(name) > MostBytes)
        {
            name = name[(char.IsHighSurrogate(name[0]) ? 2 : 1)..];
        }

        return $"{mark}~{name}";
    }

    /// <summary>Reads one back.</summary>
    public static WorkingName Read(string text)
    {
        var at = text.IndexOf('~', StringComparison.Ordinal);
        return at < 0 ? new WorkingName(null, text)
            : new WorkingName(long.TryParse(text.AsSpan(0, at), NumberStyles.None, CultureInfo.InvariantCulture, out var import) ? import : null, text[(at + 1)..]);
    }
}
