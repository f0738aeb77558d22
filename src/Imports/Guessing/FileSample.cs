using System.Text;
using Rondo.Imports.Files;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Guessing;

/// <summary>The beginning of a file as text, and what it was packed and written in.</summary>
internal sealed class FileSample
{
    private const int Longest = 512 * 1024;
    private const int MostRecords = 2_000;
    private readonly string _text;

    private FileSample(string text, bool isWhole) => (_text, IsWhole) = (text, isWhole);

    /// <summary>False when the file goes on behind what is looked at.</summary>
    public bool IsWhole { get; }

    /// <summary>Name of the sheet; null where it is none.</summary>
    public string? Sheet { get; private init; }

    /// <summary>What the first line says separates fields; null when it says nothing.</summary>
    public char? Hint { get; private init; }

    /// <summary>What is packed and written how.</summary>
    public required IReadOnlyList<GuessPart> Parts { get; init; }

    /// <summary>True when it begins as XML does.</summary>
    public bool IsXml => _text.AsSpan().TrimStart() is ['<', ..];

    /// <summary>Opens a file and reads its beginning.</summary>
    /// <exception cref="ImportRefused">It is no text and nothing that becomes one.</exception>
    public static FileSample Read(string path, long maxUnpacked)
    {
        try
        {
            using var file = MeterFile.Open(path, new Profile { Name = "guess", Text = "" }, maxUnpacked);
            var characters = new char[Longest];
            var length = file.Text.ReadBlock(characters);
            var text = new string(characters, 0, length).Replace("\0", "", StringComparison.Ordinal);
            var isWhole = length < Longest;
            if (!isWhole && text.LastIndexOfAny(['\r', '\n']) is var end and > 0)
            {
                text = text[..(end + 1)];
            }

            var hint = text.Length > 5 && text.StartsWith("sep=", StringComparison.OrdinalIgnoreCase) && text[5] is '\r' or '\n' ? text[4] : (char?)null;
            return new FileSample(hint is null ? text : text[6..].TrimStart('\r', '\n'), isWhole) { Sheet = file.Sheet?.Name, Hint = hint, Parts = [.. Describe(file, path)] };
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new ImportRefused($"{path} cannot be read: {fault.Message}", fault);
        }
    }

    /// <summary>The records that can be read, the first 2,000.</summary>
    public List<string[]> Records(char separator, bool isQuoted = true)
    {
        var reader = new RecordReader(new StringReader(_text), separator, isQuoted);
        List<string[]> records = [];
        while (records.Count < MostRecords && reader.Read())
        {
            if (reader.Problem is not null)
            {
                continue;
            }

            var fields = new string[reader.Count];
            for (var i = 0; i < fields.Length; i++)
            {
                fields[i] = reader[i].ToString();
            }

            records.Add(fields);
        }

        return records;
    }

    /// <summary>Whether the text has a word in it.</summary>
    public bool Has(string word) => _text.Contains(word, StringComparison.OrdinalIgnoreCase);

    private static IEnumerable<GuessPart> Describe(MeterFile file, string path)
    {
        if (file.Sheet is { } sheet)
        {
            yield return new GuessPart("container", "Excel (xlsx)", GuessPart.Certain, $"it begins as such, and the first sheet that is shown is '{Names.Shown(sheet.Name)}'");
            yield break;
        }

        if (PackingOf(path) is { } packing)
        {
            yield return new GuessPart("container", packing, GuessPart.Certain, "it begins as such; it is unpacked as it is read");
        }

        var encoding = (file.Text as StreamReader)?.CurrentEncoding ?? Encoding.UTF8;
        var name = encoding.CodePage == 1252 ? "Windows-1252" : encoding.WebName.ToUpperInvariant();
        yield return file.HasMark ? new GuessPart("encoding", name, GuessPart.Certain, "a byte order mark says so")
            : encoding.CodePage == 1252 ? new GuessPart("encoding", name, GuessPart.Likely, "not every byte is UTF-8")
            : new GuessPart("encoding", name, GuessPart.Certain, "every byte of it is, and there is no byte order mark");
    }

    private static string? PackingOf(string path)
    {
        using var file = File.OpenRead(path);
        var first = new byte[4];
        return file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false) < 4 ? null : first is [0x1F, 0x8B, ..] ? "gzip" : ZipFiles.IsOne(first) ? "zip" : null;
    }
}
