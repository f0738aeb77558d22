using System.Buffers.Binary;
using System.IO.Compression;

namespace Rondo.Imports.Files;

/// <summary>
/// Archives, opened with bounds: how many files there are is known before they are listed, and nothing in them is a path; what is read has no other name than that of the
/// file it came in.
/// </summary>
internal static class ZipFiles
{
    private const int MostFiles = 10_000;
    private const int MostDirectory = 4 * 1024 * 1024;
    private const int EndLength = 22;
    private const int LongestComment = 65_535;
    private const int Named = 10;

    /// <summary>True when a file begins as archives, and Excel files, do.</summary>
    public static bool IsOne(ReadOnlySpan<byte> first) => first.StartsWith("PK\u0003\u0004"u8) || first.StartsWith("PK\u0005\u0006"u8);

    /// <summary>Opens an archive; the file stays open when it is ended.</summary>
    /// <exception cref="ImportRefused">It is broken, or has absurdly many files.</exception>
    public static ZipArchive Open(Stream file)
    {
        CheckDirectory(file);
        try
        {
            var zip = new ZipArchive(file, ZipArchiveMode.Read, leaveOpen: true);
            _ = zip.Entries.Count;
            return zip;
        }
        catch (InvalidDataException fault)
        {
            throw Broken(fault);
        }
    }

    /// <summary>True for an Excel file.</summary>
    public static bool IsWorkbook(ZipArchive zip) => zip.GetEntry("xl/workbook.xml") is not null;

    /// <summary>The one file there is, unpacked as it is read.</summary>
    /// <exception cref="ImportRefused">There is none, there are several, or it cannot be unpacked.</exception>
    public static Stream OpenOnly(ZipArchive zip, long most)
    {
        var files = zip.Entries.Where(IsFile).ToList();
        if (files.Count == 0)
        {
            throw new ImportRefused("there is no file in the archive");
        }

        if (files.Count > 1)
        {
            var names = string.Join(", ", files.Take(Named).Select(e => Names.Shown(e.FullName)));
            throw new ImportRefused($"the archive holds {files.Count} files and an import is one: {names}{(files.Count > Named ? " and others" : "")}. Unpack it, and import them one by one");
        }

        if (files[0].IsEncrypted)
        {
            throw new ImportRefused("the file in the archive is encrypted; unpack it and import that");
        }

        if (files[0].Length > most)
        {
            throw new ImportRefused($"the file unpacks to more than {most:N0} bytes; split it, or raise imports.max_unpacked");
        }

        try
        {
            return new BoundedStream(files[0].Open(), most, "zip file", zip);
        }
        catch (InvalidDataException fault)
        {
            throw Broken(fault);
        }
    }

    /// <summary>Folders, and what some systems put beside, are no files.</summary>
    private static bool IsFile(ZipArchiveEntry entry) =>
        entry.Name.Length > 0 && entry.Name[0] != '.' && !entry.FullName.StartsWith("__MACOSX/", StringComparison.Ordinal) && entry.Name != "Thumbs.db";

    /// <summary>Looks at where the list of files lies before it is read: its length is a bound of what reading it takes.</summary>
    private static void CheckDirectory(Stream file)
    {
        var tail = new byte[Math.Min(file.Length, EndLength + LongestComment)];
        file.Position = file.Length - tail.Length;
        file.ReadExactly(tail);
        file.Position = 0;
        var at = tail.AsSpan().LastIndexOf("PK\u0005\u0006"u8);
        if (at < 0 || at + EndLength > tail.Length)
        {
            throw Broken(null);
        }

        var end = tail.AsSpan(at);
        var (count, from) = (BinaryPrimitives.ReadUInt16LittleEndian(end[10..]), BinaryPrimitives.ReadUInt32LittleEndian(end[16..]));
        if (count == ushort.MaxValue || from == uint.MaxValue)
        {
            throw new ImportRefused("the archive is a zip64 one, of very many files or of more than 4 GB; unpack it and import what is in it");
        }

        var place = file.Length - tail.Length + at;
        if (from > place)
        {
            throw Broken(null);
        }

        if (count > MostFiles || place - from > MostDirectory)
        {
            throw new ImportRefused($"the archive lists {count:N0} files in {place - from:N0} bytes; at most {MostFiles:N0} files in {MostDirectory:N0} bytes are looked at. Unpack it and import what is in it");
        }
    }

    private static ImportRefused Broken(Exception? fault) => new($"the zip file is broken or was cut off{(fault is null ? "" : $": {fault.Message}")}. Hand it in again", fault);
}
