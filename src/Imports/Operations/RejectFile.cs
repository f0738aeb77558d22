using System.Globalization;
using System.Text;
using Rondo.Imports.Files;
using Rondo.Imports.Formats;
using Rondo.Imports.Profiles;

namespace Rondo.Imports;

/// <summary>
/// Rejected rows as a file that can be corrected and handed in again: the header and the rows of the original, and behind them why each was rejected, in columns that no profile
/// reads. What a spreadsheet would run is text in it.
/// </summary>
public static class RejectFile
{
    private static readonly string[] _ours = ["rondo_line", "rondo_column", "rondo_value", "rondo_reason"];

    /// <summary>Writes the head.</summary>
    public static void Begin(TextWriter to, ImportRow row)
    {
        if (IsNem12(row))
        {
            to.Write($"100,NEM12,{row.CreatedAt.ToDateTime():yyyyMMddHHmm},RONDO,RONDO\r\n");
            return;
        }

        to.Write(Line((row.Header?.Split('\u001f') ?? []).Concat(_ours)));
    }

    /// <summary>Writes rows.</summary>
    public static void Write(TextWriter to, ImportRow row, IReadOnlyList<ImportRejectRow> rejects, ref string? context)
    {
        var separator = Separator(row, rejects);
        foreach (var reject in rejects)
        {
            if (IsNem12(row))
            {
                if (reject.Context is not null && reject.Context != context)
                {
                    context = reject.Context;
                    to.Write(context + "\r\n");
                }

                to.Write(reject.Raw.ReplaceLineEndings(" ") + "\r\n");
                continue;
            }

            var fields = Fields(reject.Raw, separator);
            if (row.Header is { } header)
            {
                // Ours stand under their names, whatever was wrong with the row.
                var count = header.Split('\u001f').Length;
                fields = [.. fields.Take(count), .. Enumerable.Repeat("", Math.Max(0, count - fields.Count))];
            }

            to.Write(Line(fields.Concat([reject.Line.ToString(CultureInfo.InvariantCulture), reject.Field, reject.Value, reject.Reason])));
        }
    }

    /// <summary>Writes the end.</summary>
    public static void End(TextWriter to, ImportRow row)
    {
        if (IsNem12(row))
        {
            to.Write("900\r\n");
        }
    }

    private static bool IsNem12(ImportRow row) => ProfileReader.Read(row.ProfileText, row.Profile).Shape == FileShape.Nem12;

    private static char Separator(ImportRow row, IReadOnlyList<ImportRejectRow> rejects)
    {
        var profile = ProfileReader.Read(row.ProfileText, row.Profile);
        return Separators.Find(new StringReader(string.Join('\n', rejects.Take(20).Select(r => r.Raw))), profile).Separator;
    }

    private static List<string> Fields(string raw, char separator)
    {
        var records = new RecordReader(new StringReader(raw), separator);
        List<string> fields = [];
        if (records.Read())
        {
            for (var i = 0; i < records.Count; i++)
            {
                fields.Add(records[i].ToString());
            }
        }

        return fields;
    }

    /// <summary>A line of a CSV that no spreadsheet runs anything of.</summary>
    internal static string Line(IEnumerable<string> fields)
    {
        var line = new StringBuilder();
        foreach (var field in fields)
        {
            var text = IsFormula(field) ? "'" + field : field;
            line.Append(line.Length == 0 ? "" : ",").Append(text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text);
        }

        return line.Append("\r\n").ToString();
    }

    /// <summary>What spreadsheets take for a formula and is no number.</summary>
    private static bool IsFormula(string field) =>
        field.Length > 0 && field[0] is '=' or '+' or '-' or '@' or '\t' or '\r' && !NumberText.TryParse(field, hasComma: false, out _) && !NumberText.TryParse(field, hasComma: true, out _);
}
