using System.IO.Compression;
using System.Xml;

namespace Rondo.Imports.Files;

/// <summary>
/// Looks at an Excel file before its sheets are read: whoever reads them holds one row, all shared texts and all formats at once, and none of these may be absurd. Sheets
/// themselves may be as large as files may be.
/// </summary>
internal static class SheetGuard
{
    /// <summary>Largest part that is held whole, unpacked.</summary>
    private const int MostHeld = 32 * 1024 * 1024;

    /// <summary>Largest list of texts that cells refer to, unpacked.</summary>
    private const int MostShared = 64 * 1024 * 1024;

    private const string Shared = "xl/sharedStrings.xml";
    private const int Block = 256 * 1024;
    private const int LongestTag = 16;

    /// <summary>Refuses what would not fit.</summary>
    public static void Check(ZipArchive book, long maxUnpacked)
    {
        var total = 0L;
        foreach (var part in book.Entries)
        {
            // What is said here is held to when it is unpacked; a part that is not packed is as long as it lies there.
            var size = Math.Max(part.Length, part.CompressedLength);
            total += size;
            if (total > maxUnpacked || total < 0)
            {
                throw new ImportRefused($"the Excel file unpacks to more than {maxUnpacked:N0} bytes; split it, or raise imports.max_unpacked");
            }

            var isShared = string.Equals(part.FullName, Shared, StringComparison.OrdinalIgnoreCase);
            if (isShared && size > MostShared)
            {
                throw new ImportRefused($"the texts of the Excel file come to more than {MostShared:N0} bytes; save the sheet as CSV and import that");
            }

            if (!isShared && size > MostHeld)
            {
                RequireRows(part);
            }
        }
    }

    /// <summary>Whether days are counted from 1904, as old Macs do.</summary>
    public static bool Is1904(ZipArchive book)
    {
        using var xml = XmlReader.Create(book.GetEntry("xl/workbook.xml")!.Open(), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
        while (xml.Read())
        {
            if (xml.NodeType == XmlNodeType.Element && xml.LocalName == "workbookPr")
            {
                return xml.GetAttribute("date1904") is "1" or "true";
            }
        }

        return false;
    }

    /// <summary>A large part is rows, none of which is large.</summary>
    private static void RequireRows(ZipArchiveEntry part)
    {
        using var bytes = part.Open();
        var block = new byte[Block];
        var (length, sinceRow) = (0, 0L);
        for (var isEnd = false; !isEnd;)
        {
            length += bytes.ReadAtLeast(block.AsSpan(length), Block - length, throwOnEndOfStream: false);
            isEnd = length < Block;

            // A tag that is cut at the end of the block is looked at with the next one.
            var whole = isEnd ? length : length - LongestTag;
            var seen = block.AsSpan(0, length);
            var at = 0;
            while (at < whole && seen[at..whole].IndexOf((byte)'<') is var next and >= 0)
            {
                at += next + 1;
                sinceRow += next + 1;
                Require(sinceRow);
                var tag = seen[at..Math.Min(length, at + LongestTag - 1)];
                if (tag.StartsWith("!"u8))
                {
                    throw new ImportRefused("the Excel file has comments or raw text between its rows, which no spreadsheet program writes; save the sheet as CSV and import that");
                }

                sinceRow = IsRow(tag) ? 0 : sinceRow;
            }

            sinceRow += whole - at;
            Require(sinceRow);
            seen[whole..].CopyTo(block);
            length -= whole;
        }

        static void Require(long sinceRow)
        {
            if (sinceRow > MostHeld)
            {
                throw new ImportRefused($"a part of the Excel file has more than {MostHeld:N0} bytes without a row; save the sheet as CSV and import that");
            }
        }
    }

    /// <summary><c>row</c>, also behind a prefix of a few letters.</summary>
    private static bool IsRow(ReadOnlySpan<byte> tag)
    {
        var colon = tag.IndexOf((byte)':');
        var name = colon is >= 0 and < 10 ? tag[(colon + 1)..] : tag;
        return name.StartsWith("row"u8) && name.Length > 3 && " >/\t\r\n"u8.Contains(name[3]);
    }
}
