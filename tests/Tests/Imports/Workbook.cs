using System.IO.Compression;
using System.Text;

namespace Rondo.Tests.Imports;

/// <summary>Excel files as spreadsheet programs write them. Cells are their XML without the place: <see cref="Text"/>, <see cref="Number"/>, <see cref="Date"/>.</summary>
internal static class Workbook
{
    private const string Main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    private const string Office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    private const string Package = "http://schemas.openxmlformats.org/package/2006";

    public static string Text(string text) => $"t=\"inlineStr\"><is><t>{text}</t></is>";

    public static string Shared(int index) => $"t=\"s\"><v>{index}</v>";

    public static string Number(string number) => $"><v>{number}</v>";

    /// <summary>A day with its time, as a number that is shown as such.</summary>
    public static string Date(string serial) => $"s=\"1\"><v>{serial}</v>";

    /// <summary>A time of the day.</summary>
    public static string Time(string fraction) => $"s=\"2\"><v>{fraction}</v>";

    public static string Formula(string formula, string value) => $"><f>{formula}</f><v>{value}</v>";

    /// <summary>Nothing, in a colour.</summary>
    public static string Empty => "s=\"0\">";

    /// <summary>Rows of a sheet.</summary>
    public static string Rows(params string[][] rows)
    {
        var text = new StringBuilder();
        for (var row = 0; row < rows.Length; row++)
        {
            text.Append($"<row r=\"{row + 1}\">");
            for (var column = 0; column < rows[row].Length; column++)
            {
                text.Append($"<c r=\"{Column(column)}{row + 1}\" {rows[row][column]}</c>");
            }

            text.Append("</row>");
        }

        return text.ToString();
    }

    /// <summary>A file of sheets.</summary>
    /// <param name="sheets">Name and rows of each; a name that begins with ! is hidden.</param>
    /// <param name="shared">Texts that cells refer to.</param>
    /// <param name="is1904">True for days that are counted from 1904.</param>
    /// <param name="more">Other parts.</param>
    public static byte[] Of((string Name, string Rows)[] sheets, string[]? shared = null, bool is1904 = false, params (string Name, string Text)[] more)
    {
        var ids = Enumerable.Range(1, sheets.Length).ToList();
        return Zip(
        [
            ("[Content_Types].xml", $"<Types xmlns=\"{Package}/content-types\"><Default Extension=\"xml\" ContentType=\"application/xml\"/></Types>"),
            ("_rels/.rels", $"<Relationships xmlns=\"{Package}/relationships\"><Relationship Id=\"r1\" Type=\"{Office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"),
            ("xl/workbook.xml", $"<workbook xmlns=\"{Main}\" xmlns:r=\"{Office}\"><workbookPr{(is1904 ? " date1904=\"1\"" : "")}/><sheets>"
                + string.Concat(ids.Select(i => $"<sheet name=\"{sheets[i - 1].Name.TrimStart('!')}\" sheetId=\"{i}\"{(sheets[i - 1].Name[0] == '!' ? " state=\"hidden\"" : "")} r:id=\"rId{i}\"/>")) + "</sheets></workbook>"),
            ("xl/_rels/workbook.xml.rels", $"<Relationships xmlns=\"{Package}/relationships\">"
                + string.Concat(ids.Select(i => $"<Relationship Id=\"rId{i}\" Type=\"{Office}/worksheet\" Target=\"worksheets/sheet{i}.xml\"/>"))
                + $"<Relationship Id=\"rId90\" Type=\"{Office}/styles\" Target=\"styles.xml\"/><Relationship Id=\"rId91\" Type=\"{Office}/sharedStrings\" Target=\"sharedStrings.xml\"/></Relationships>"),
            ("xl/styles.xml", $"<styleSheet xmlns=\"{Main}\"><cellXfs count=\"3\"><xf numFmtId=\"0\"/><xf numFmtId=\"22\" applyNumberFormat=\"1\"/><xf numFmtId=\"20\" applyNumberFormat=\"1\"/></cellXfs></styleSheet>"),
            ("xl/sharedStrings.xml", $"<sst xmlns=\"{Main}\">{string.Concat((shared ?? []).Select(s => $"<si><t>{s}</t></si>"))}</sst>"),
            .. ids.Select(i => ($"xl/worksheets/sheet{i}.xml", $"<worksheet xmlns=\"{Main}\"><sheetData>{sheets[i - 1].Rows}</sheetData></worksheet>")),
            .. more,
        ]);
    }

    /// <summary>An archive.</summary>
    public static byte[] Zip(params (string Name, string Text)[] files)
    {
        using var to = new MemoryStream();
        using (var zip = new ZipArchive(to, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, text) in files)
            {
                using var entry = zip.CreateEntry(name, CompressionLevel.Fastest).Open();
                entry.Write(Encoding.UTF8.GetBytes(text));
            }
        }

        return to.ToArray();
    }

    private static string Column(int index) => index < 26 ? $"{(char)('A' + index)}" : $"{(char)('A' + (index / 26) - 1)}{(char)('A' + (index % 26))}";
}
