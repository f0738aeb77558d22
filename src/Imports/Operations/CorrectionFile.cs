using System.Globalization;

namespace Rondo.Imports;

/// <summary>Replaced values as a file: one a line, old and new, and by which import.</summary>
public static class CorrectionFile
{
    /// <summary>Writes the head.</summary>
    public static void Begin(TextWriter to) => to.Write("series,at,old_value,old_quality,former_import,new_value,new_quality,import,corrected_at,replaced_by\r\n");

    /// <summary>Writes some of them.</summary>
    public static void Write(TextWriter to, IEnumerable<ImportCorrectionRow> rows)
    {
        foreach (var row in rows)
        {
            to.Write(RejectFile.Line(
            [
                row.Series, row.At.ToString(), Number(row.OldValue), Quality(row.OldMark)!, Number(row.FormerImport), Number(row.NewValue), Quality(row.NewMark) ?? "", Number(row.ImportId), row.CorrectedAt.ToString(), Number(row.ReplacedBy),
            ]));
        }
    }

    /// <summary>A mark as a word: <c>actual</c> or <c>estimated</c>; null for none.</summary>
    public static string? Quality(string? mark) => mark switch { null => null, "." => "actual", _ => "estimated" };

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    private static string Number(long? value) => value?.ToString(CultureInfo.InvariantCulture) ?? "";
}
