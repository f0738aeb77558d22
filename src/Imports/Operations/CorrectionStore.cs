using System.Globalization;
using Rondo.Storage;

namespace Rondo.Imports;

/// <summary>A value that an import replaced.</summary>
public sealed class ImportCorrectionRow
{
    /// <summary>The series.</summary>
    public string Series { get; init; } = "";

    /// <summary>Number of the series; with <see cref="At"/> where the next page begins.</summary>
    public long SeriesId { get; init; }

    /// <summary>Start of the interval.</summary>
    public Instant At { get; init; }

    /// <summary>What it was before.</summary>
    public double OldValue { get; init; }

    /// <summary>Its mark as it is stored.</summary>
    public string OldMark { get; init; } = ".";

    /// <summary>Whose it was; null for nobody's that is known.</summary>
    public long? FormerImport { get; init; }

    /// <summary>What the import put in its place; null for what was replaced before this was written down.</summary>
    public double? NewValue { get; init; }

    /// <summary>Its mark as it is stored.</summary>
    public string? NewMark { get; init; }

    /// <summary>The import that replaced it.</summary>
    public long ImportId { get; init; }

    /// <summary>When.</summary>
    public Instant CorrectedAt { get; init; }

    /// <summary>The import that has replaced the new value since; null for none.</summary>
    public long? ReplacedBy { get; init; }
}

/// <summary>Where a page of corrections begins: behind this series and instant.</summary>
/// <param name="Series">Number of the series.</param>
/// <param name="Us">The instant, microseconds since 1970.</param>
public readonly record struct CorrectionPlace(long Series, long Us)
{
    /// <summary>Behind a row.</summary>
    public static CorrectionPlace Of(ImportCorrectionRow row) => new(row.SeriesId, row.At.Micros);

    /// <summary>Reads what <see cref="ToString"/> writes.</summary>
    public static bool TryParse(string text, out CorrectionPlace place)
    {
        place = default;
        var at = text.IndexOf('-', StringComparison.Ordinal);
        if (at < 1 || !long.TryParse(text.AsSpan(0, at), CultureInfo.InvariantCulture, out var series) || !long.TryParse(text.AsSpan(at + 1), CultureInfo.InvariantCulture, out var us) || us is < -62_135_596_800_000_000 or > 253_402_300_799_000_000)
        {
            return false;
        }

        place = new CorrectionPlace(series, us);
        return true;
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Series}-{Us}");
}

/// <summary>The SQL of what people ask about values that were replaced.</summary>
internal static class CorrectionStore
{
    private static readonly Sql _page = new("imports.corrections.page", """
        select c.series_id, s.name as series, c.at, c.old_value, c.old_mark, c.former_import, c.new_value, c.new_mark, c.import_id, c.corrected_at,
          (select min(d.import_id) from import_correction d where d.series_id = c.series_id and d.at = c.at and d.former_import = c.import_id) as replaced_by
        from import_correction c join series s on s.id = c.series_id
        where c.import_id = @id and (c.series_id, c.at) > (@series, @at) order by c.series_id, c.at limit @limit
        """);

    /// <summary>What an import replaced, behind a place, by series and time.</summary>
    public static List<ImportCorrectionRow> Page(Transaction tx, long id, CorrectionPlace after, int limit) =>
        tx.Query<ImportCorrectionRow>(_page, new { id, series = after.Series, at = new Instant(after.Us), limit });
}
