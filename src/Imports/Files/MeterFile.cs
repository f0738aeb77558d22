using System.IO.Compression;
using System.Text;
using System.Text.Unicode;

namespace Rondo.Imports.Files;

/// <summary>A stored file as text: unpacked where it is packed, in the encoding it was written in. Read twice, from its beginning to its end, and never held.</summary>
internal sealed class MeterFile : IDisposable
{
    private const int Block = 64 * 1024;
    private readonly FileStream _file;
    private readonly StreamReader _text;

    private MeterFile(FileStream file, StreamReader text, Encoding encoding) => (_file, _text, Encoding) = (file, text, encoding);

    /// <summary>What it is written in.</summary>
    public Encoding Encoding { get; }

    /// <summary>The text from its beginning, a byte order mark left out.</summary>
    public TextReader Text => _text;

    /// <summary>Bytes of the stored file that were read.</summary>
    public long BytesRead => _file.Position;

    /// <summary>Opens a file.</summary>
    /// <param name="path">Where it is.</param>
    /// <param name="maxUnpacked">Largest size once unpacked, bytes.</param>
    /// <exception cref="ImportRefused">It is no text: an Excel file, a zip, or too large.</exception>
    public static MeterFile Open(string path, long maxUnpacked)
    {
        var encoding = Detect(path, maxUnpacked);
        var file = OpenFile(path);
        try
        {
            var text = new StreamReader(Unpacked(file, maxUnpacked), encoding, detectEncodingFromByteOrderMarks: false, Block);
            if (text.Peek() == '\uFEFF')
            {
                _ = text.Read();
            }

            return new MeterFile(file, text, encoding);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _text.Dispose();
        _file.Dispose();
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
            int read;
            try
            {
                read = bytes.ReadAtLeast(block.AsSpan(length), block.Length - length, throwOnEndOfStream: false);
            }
            catch (InvalidDataException fault)
            {
                throw new ImportRefused($"the gzip file cannot be unpacked: {fault.Message} Hand it in again", fault);
            }

            length += read;
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
        if (first.StartsWith("PK"u8))
        {
            throw new ImportRefused("this is a zip or an Excel file (xlsx), whatever its name says; these are not read yet. Save the sheet as CSV, or unpack the archive, and import that");
        }

        if (first.StartsWith((ReadOnlySpan<byte>)[0xD0, 0xCF, 0x11, 0xE0]))
        {
            throw new ImportRefused("this is an Excel file (xls), whatever its name says; save the sheet as CSV and import that");
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
        Span<byte> magic = stackalloc byte[2];
        var isPacked = file.ReadAtLeast(magic, 2, throwOnEndOfStream: false) == 2 && magic is [0x1F, 0x8B];
        file.Position = 0;
        return isPacked ? new BoundedStream(new GZipStream(file, CompressionMode.Decompress), most) : file;
    }

    /// <summary>Ends a file that unpacks to more than anybody wanted.</summary>
    private sealed class BoundedStream(Stream inner, long most) : Stream
    {
        private long _read;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => _read;
            set => throw new NotSupportedException();
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            var read = inner.Read(buffer);
            _read += read;
            return _read <= most ? read : throw new ImportRefused($"the file unpacks to more than {most:N0} bytes; split it, or raise imports.max_unpacked");
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        protected override void Dispose(bool disposing)
        {
            if (disposing)
            {
                inner.Dispose();
            }

            base.Dispose(disposing);
        }
    }
}
