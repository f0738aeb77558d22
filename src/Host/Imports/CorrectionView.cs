using System.Runtime.CompilerServices;
using Rondo.Imports;
using Rondo.Storage;

namespace Rondo.Host.Imports;

/// <summary>A value that an import replaced, as the command line and the API show it.</summary>
/// <param name="Series">The series.</param>
/// <param name="At">Start of the interval.</param>
/// <param name="OldValue">What it was before.</param>
/// <param name="OldQuality"><c>actual</c> or <c>estimated</c>.</param>
/// <param name="FormerImport">Whose it was; null for nobody's that is known.</param>
/// <param name="NewValue">What took its place; null for what was replaced by a version that did not write it down.</param>
/// <param name="NewQuality"><c>actual</c> or <c>estimated</c>, or null.</param>
/// <param name="Import">The import that replaced it.</param>
/// <param name="CorrectedAt">When.</param>
/// <param name="ReplacedBy">The import that has replaced the new value since, or null.</param>
internal sealed record CorrectionView(
    string Series, Instant At, double OldValue, string OldQuality, long? FormerImport, double? NewValue, string? NewQuality, long Import, Instant CorrectedAt, long? ReplacedBy)
{
    public static CorrectionView Of(ImportCorrectionRow row) => new(
        row.Series, row.At, row.OldValue, CorrectionFile.Quality(row.OldMark)!, row.FormerImport, row.NewValue, CorrectionFile.Quality(row.NewMark), row.ImportId, row.CorrectedAt, row.ReplacedBy);

    /// <summary>All that an import replaced as a file, page by page.</summary>
    public static async IAsyncEnumerable<string> FileAsync(ImportOperations imports, long id, [EnumeratorCancellation] CancellationToken stop)
    {
        var text = new StringWriter();
        CorrectionFile.Begin(text);
        for (CorrectionPlace after = default; await imports.CorrectionsAsync(id, after, ImportOperations.PageSize, stop) is { Count: > 0 } page; after = CorrectionPlace.Of(page[^1]))
        {
            CorrectionFile.Write(text, page);
            yield return text.ToString();
            text.GetStringBuilder().Clear();
        }

        yield return text.ToString();
    }
}
