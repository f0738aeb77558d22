using System.IO.Enumeration;

namespace Rondo.Imports.Sources;

/// <summary>Where files of a source are: a folder of this machine (<c>file:///srv/out/*.csv</c>), one file by HTTPS, or a folder by SFTP (<c>sftp://user@host/outbox/*.csv</c>, <c>/~/outbox</c> from the home of the user).</summary>
public sealed record SourceAddress
{
    private const int Longest = 1_000;

    private SourceAddress(Uri url, string folder, string pattern) => (Url, Folder, Pattern) = (url, folder, pattern);

    /// <summary>As it was written.</summary>
    public Uri Url { get; }

    /// <summary>The folder; empty by HTTPS.</summary>
    public string Folder { get; }

    /// <summary>Which files of it, <c>*</c> for any letters; by HTTPS the name of the file.</summary>
    public string Pattern { get; }

    /// <summary>Reads one.</summary>
    /// <param name="text">A URL.</param>
    /// <exception cref="ImportRefused">It is none, or of a kind that is not fetched.</exception>
    public static SourceAddress Read(string text)
    {
        if (text.Length > Longest || text.AsSpan().ContainsAnyInRange('\0', '\u001f') || !Uri.TryCreate(text, UriKind.Absolute, out var url) || url.Scheme is not ("file" or "https" or "sftp"))
        {
            throw Wrong("is no place that files are fetched from; expected file:///folder/*.csv, https://host/file or sftp://user@host/folder/*.csv");
        }

        if (url.UserInfo.Contains(':', StringComparison.Ordinal) || (url.Scheme == "https" && url.UserInfo.Length > 0))
        {
            throw Wrong("has a password in it, which would be stored and shown; SFTP takes the keys of the ssh client");
        }

        if (url.Scheme != "https" && (url.Query.Length > 0 || url.Fragment.Length > 0))
        {
            throw Wrong("has a '?' or a '#' in its path");
        }

        var path = Uri.UnescapeDataString(url.AbsolutePath);
        var at = path.LastIndexOf('/');
        var (folder, pattern) = (at <= 0 ? "/" : path[..at], path[(at + 1)..]);
        if (url.Scheme == "https")
        {
            return new SourceAddress(url, "", pattern.Length > 0 ? pattern : "download");
        }

        // What is told to another program is in quotes, and must not leave them.
        return path.AsSpan().IndexOfAny('"', '\\', '\n') >= 0 || url.UserInfo.StartsWith('-') || url.Host.StartsWith('-') ? throw Wrong("has quotes or backslashes in its path, or a host that begins with '-'")
            : (url.Scheme == "sftp" && url.Host.Length == 0) || (url.Scheme == "file" && url.Host.Length > 0) ? throw Wrong("names no host that can be asked; a folder of this machine has three slashes, file:///")
            : folder.Contains('*', StringComparison.Ordinal) ? throw Wrong("has a '*' in its folder; it may stand in the name of the file only")
            : new SourceAddress(url, url.Scheme == "sftp" && (folder + "/").StartsWith("/~/", StringComparison.Ordinal) ? "." + folder[2..] : folder, pattern.Length == 0 ? "*" : pattern);

        ImportRefused Wrong(string what) => new($"'{Names.Shown(text)}' {what}");
    }

    /// <summary>True for a file of the folder that is wanted.</summary>
    public bool Takes(string name) => name.Length is > 0 and <= 255 && name[0] != '.' && FileSystemName.MatchesSimpleExpression(Pattern, name, ignoreCase: false);
}

/// <summary>A file that a source has.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">What changes when the file does: size and time, or what the server says.</param>
/// <param name="Bytes">Its size; null when nobody says.</param>
public sealed record SourceFile(string Name, string Version, long? Bytes);

/// <summary>Lists and fetches.</summary>
internal interface ISource
{
    /// <summary>Most files of a source.</summary>
    const int MostFiles = 10_000;

    /// <summary>What there is. Where the server tells only by handing the file out, what was known of it helps to leave it there.</summary>
    Task<IReadOnlyList<SourceFile>> ListAsync(IReadOnlyDictionary<string, string> known, CancellationToken stop);

    /// <summary>Has one fetched and hands its bytes out.</summary>
    Task FetchAsync(SourceFile file, Func<Stream, Task> take, CancellationToken stop);
}

/// <summary>The source cannot be asked for now: it is tried again.</summary>
internal sealed class SourceAway(string message, Exception? inner = null) : Exception(message, inner);
