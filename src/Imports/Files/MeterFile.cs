using System.IO.Compression;
using System.Text;
using System.Text.Unicode;
using Rondo.Imports.Profiles;

namespace Rondo.Imports.Files;

/// <summary>A stored file as text: unpacked where it is packed, in the encoding it was written in, a sheet as CSV. Read more than once, from its beginning to its end, and never held.</summary>
internal sealed class MeterFile : IDisposable
{
    private const int Block = 64 * 1024;
    private readonly string _path;
    private readonly Profile _profile;
    private readonly long _maxUnpacked;
    private readonly FileStream _file;

    private MeterFile(string path, Profile profile, long maxUnpacked, FileStream file, TextReader text) =>
        (_path, _profile, _maxUnpacked, _file, Text) = (path, profile, maxUnpacked, file, text);

    /// <summary>The text from its beginning, a byte order mark left out.</summary>
    public TextReader Text { get; }

    /// <summary>The sheet that the text is made of; null for other files.</summary>
    public SheetText? Sheet => Text as SheetText;

    /// <summary>True when a byte order mark said what encoding the text is in.</summary>
    public bool HasMark { get; private init; }

    /// <summary>Bytes of the stored file that were read.</summary>
    public long BytesRead => Sheet?.BytesRead ?? _file.Position;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="profile">How it is read.</param>
    /// <param name="maxUnpacked">Largest size once unpacked, bytes.</param>
    /// <exception cref="ImportRefused">It is no text and nothing that becomes one, or too large.</exception>
    public static MeterFile Open(string path, Profile profile, long maxUnpacked)
    {
        var file = OpenFile(path);
        try
        {
            if (OpenSheet(file, profile, maxUnpacked) is { } sheet)
            {
                return new MeterFile(path, profile, maxUnpacked, file, sheet);
            }

            var text = OpenText(path, file, maxUnpacked, out var hasMark);
            return new MeterFile(path, profile, maxUnpacked, file, text) { HasMark = hasMark };
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The same file once more, from its beginning.</summary>
    public MeterFile Again() => Open(_path, _profile, _maxUnpacked);

    /// <inheritdoc/>
    public void Dispose()
    {
        Text.Dispose();
        _file.Dispose();
    }

    private static SheetText? OpenSheet(FileStream file, Profile profile, long maxUnpacked)
    {
        if (!ZipFiles.IsOne(First(file)))
        {
            return null;
        }

        using var zip = ZipFiles.Open(file);
        if (!ZipFiles.IsWorkbook(zip))
        {
            return null;
        }

        SheetGuard.Check(zip, maxUnpacked);
        return SheetText.Open(file, zip, profile);
    }

    private static StreamReader OpenText(string path, FileStream file, long maxUnpacked, out bool hasMark)
    {
        var encoding = Detect(path, maxUnpacked);
        var text = new StreamReader(Unpacked(file, maxUnpacked), encoding, detectEncodingFromByteOrderMarks: false, Block);
        hasMark = text.Peek() == '\uFEFF';
        if (hasMark)
        {
            _ = text.Read();
        }

        return text;
    }

    private static FileStream OpenFile(string path) => new(path, new FileStreamOptions { BufferSize = Block, Options = FileOptions.SequentialScan, Share = FileShare.Read });

    /// <summary>By its mark; else UTF-8 when every byte of it is; else Windows-1252. A prefix would not do: the first £ may stand at the end.</summary>
    private static Encoding Detect(string path, long maxUnpacked)
    {
        using var file = OpenFile(path);
        using var bytes = Unpacked(file, maxUnpacked);
        var block = new byte[Block];
        var (length, isFirst) = (0, true);
        while (true)
        {
            length += bytes.ReadAtLeast(block.AsSpan(length), block.Length - length, throwOnEndOfStream: false);
            var seen = block.AsSpan(0, length);
            if (isFirst)
            {
                if (OfMark(seen) is { } marked)
                {
                    return marked;
                }

                RequireText(seen);
                isFirst = false;
            }

            // What is cut at the end of the block is looked at with the next one.
            var whole = length < block.Length ? length : length - Tail(seen);
            if (!Utf8.IsValid(seen[..whole]))
            {
                return CodePagesEncodingProvider.Instance.GetEncoding(1252)!;
            }

            if (length < block.Length)
            {
                return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
            }

            seen[whole..].CopyTo(block);
            length -= whole;
        }
    }

    private static Encoding? OfMark(ReadOnlySpan<byte> first) =>
        first.StartsWith((ReadOnlySpan<byte>)[0xEF, 0xBB, 0xBF]) ? new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)
        : first.StartsWith((ReadOnlySpan<byte>)[0xFF, 0xFE]) ? Encoding.Unicode
        : first.StartsWith((ReadOnlySpan<byte>)[0xFE, 0xFF]) ? Encoding.BigEndianUnicode
        : null;

    private static void RequireText(ReadOnlySpan<byte> first)
    {
        if (ZipFiles.IsOne(first) || first.StartsWith((ReadOnlySpan<byte>)[0x1F, 0x8B]))
        {
            throw new ImportRefused("in the archive is another one, or an Excel file; unpack it and import that");
        }

        if (first.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0]))
        {
            throw new ImportRefused("this is an Excel file of the old kind (xls) or one with a password, whatever its name says; save it as xlsx without one, or the sheet as CSV, and import that");
        }
    }

    /// <summary>Bytes at the end that begin a character and do not end it: at most three.</summary>
    private static int Tail(ReadOnlySpan<byte> seen)
    {
        for (var back = 1; back <= 3 && back <= seen.Length; back++)
        {
            var b = seen[^back];
            if ((b & 0xC0) == 0xC0)
            {
                return back;
            }

            if ((b & 0x80) == 0)
            {
                return 0;
            }
        }

        return 0;
    }

    private static Stream Unpacked(FileStream file, long most)
    {
        var first = First(file);
        return first is [0x1F, 0x8B, ..] ? new BoundedStream(new GZipStream(file, CompressionMode.Decompress), most, "gzip file")
            : ZipFiles.IsOne(first) ? ZipFiles.OpenOnly(ZipFiles.Open(file), most)
            : file;
    }

    /// <summary>The first four bytes, or fewer.</summary>
    private static byte[] First(FileStream file)
    {
        var first = new byte[4];
        file.Position = 0;
        var read = file.ReadAtLeast(first, first.Length, throwOnEndOfStream: false);
        file.Position = 0;
        return first[..read];
    }
}
