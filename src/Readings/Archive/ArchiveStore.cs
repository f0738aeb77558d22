using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Sqlite;

namespace Rondo.Readings.Archive;

/// <summary>The SQL of archived samples on SQLite, and only the SQL.</summary>
internal static class ArchiveStore
{
    private static readonly Sql _any = new("archive.any", "select exists (select 1 from sample_archive)");

    // Rows of one source do not overlap: of those that begin before a span the last one alone may reach into it.
    private const string Touched = """
        select from_at, to_at, samples, step, width, units from sample_archive
        where source_id = ?1 and from_at >= coalesce((select max(from_at) from sample_archive where source_id = ?1 and from_at <= ?2), ?2) and from_at < ?3 and to_at >= ?2
        order by from_at
        """;

    private const string Column = "select ordinal, base, scale, width, cells, texts, flags from sample_archive_column where source_id = ?1 and from_at = ?2";

    private static readonly Sql _touching = new("archive.touching", $"{Touched} limit ?4");

    private static readonly Sql _touchingBack = new("archive.touching.back", $"{Touched} desc limit ?4");

    private static readonly Sql _columns = new("archive.columns", $"{Column} order by ordinal");

    private static readonly Sql _column = new("archive.column", $"{Column} and ordinal = ?3");

    private static readonly Sql _insert = new("archive.insert", "insert into sample_archive (source_id, from_at, to_at, samples, step, width, units) values (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

    private static readonly Sql _insertColumn = new("archive.insert.column", """
        insert into sample_archive_column (source_id, from_at, ordinal, base, scale, width, cells, texts, flags) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
        """);

    private static readonly Sql _delete = new("archive.delete", "delete from sample_archive where source_id = ?1 and from_at = ?2");

    private static readonly Sql _deleteColumns = new("archive.delete.columns", "delete from sample_archive_column where source_id = ?1 and from_at = ?2");

    private static readonly Sql _deletePlain = new("archive.plain.delete", "delete from sample where source_id = ?1 and at >= ?2 and at <= ?3");

    private static readonly Sql _insertPlain = new("archive.plain.insert", "insert into sample (source_id, at, vals, flags) values (?1, ?2, ?3, ?4) on conflict do nothing");

    private static readonly Sql _sources = new("archive.sources", """
        select s.id, s.kind, r.seen_to, (select max(at) from sample where source_id = s.id) as newest from source s left join rollup_source r on r.source_id = s.id
        where s.id > @after and exists (select 1 from sample where source_id = s.id and at < @before) order by s.id limit @page
        """);

    /// <summary>True when anything is archived.</summary>
    public static bool IsAny(SqliteWork tx)
    {
        var any = tx.Prepared(_any);
        var found = false;
        while (any.Step())
        {
            found = any.Int64(0) != 0;
        }

        return found;
    }

    /// <summary>Rows that touch a span, without their columns.</summary>
    public static List<PackedSamples> Touching(SqliteWork tx, long source, Span span, int limit = int.MaxValue, bool isBackwards = false)
    {
        var select = tx.Prepared(isBackwards ? _touchingBack : _touching);
        select.Bind(1, source);
        select.Bind(2, span.From);
        select.Bind(3, span.Until);
        select.Bind(4, limit);
        var rows = new List<PackedSamples>();
        while (select.Step())
        {
            rows.Add(new PackedSamples(select.Int64(0), select.Int64(1), (int)select.Int64(2), select.Int64(3), (int)select.Int64(4), select.IsNull(5) ? null : select.Utf8(5).ToArray()));
        }

        return rows;
    }

    /// <summary>A row with its columns, or with one of them.</summary>
    public static PackedSamples WithColumns(SqliteWork tx, long source, PackedSamples packed, int? ordinal = null)
    {
        var select = tx.Prepared(ordinal is null ? _columns : _column);
        select.Bind(1, source);
        select.Bind(2, packed.From);
        if (ordinal is { } one)
        {
            select.Bind(3, one);
        }

        var columns = new List<PackedColumn>();
        while (select.Step())
        {
            columns.Add(new PackedColumn(
                (int)select.Int64(0), select.Int64(1), select.Int64(2), (int)select.Int64(3), select.IsNull(4) ? null : select.Utf8(4).ToArray(), select.Text(5), select.Text(6)));
        }

        return packed with { Columns = columns };
    }

    /// <summary>Puts a row in the place of the plain samples that it has.</summary>
    public static void Store(SqliteWork tx, long source, PackedSamples packed)
    {
        var insert = tx.Prepared(_insert);
        insert.Bind(1, source);
        insert.Bind(2, packed.From);
        insert.Bind(3, packed.To);
        insert.Bind(4, packed.Samples);
        insert.Bind(5, packed.Step);
        insert.Bind(6, packed.Width);
        insert.BindBlob(7, packed.Units);
        insert.Execute();
        foreach (var column in packed.Columns)
        {
            var add = tx.Prepared(_insertColumn);
            add.Bind(1, source);
            add.Bind(2, packed.From);
            add.Bind(3, column.Ordinal);
            add.Bind(4, column.Base);
            add.Bind(5, column.Scale);
            add.Bind(6, column.Width);
            add.BindBlob(7, column.Cells);
            add.Bind(8, column.Texts);
            add.Bind(9, column.Flags);
            add.Execute();
        }

        var delete = tx.Prepared(_deletePlain);
        delete.Bind(1, source);
        delete.Bind(2, packed.From);
        delete.Bind(3, packed.To);
        delete.Execute();
    }

    /// <summary>Takes a row away.</summary>
    public static void Delete(SqliteWork tx, long source, long from)
    {
        foreach (var sql in (Sql[])[_delete, _deleteColumns])
        {
            var delete = tx.Prepared(sql);
            delete.Bind(1, source);
            delete.Bind(2, from);
            delete.Execute();
        }
    }

    /// <summary>Puts the plain samples in the place of a row that has them.</summary>
    public static void Open(SqliteWork tx, long source, PackedSamples packed)
    {
        var samples = WithColumns(tx, source, packed).Unpack();
        Delete(tx, source, packed.From);
        var insert = tx.Prepared(_insertPlain);
        var room = new byte[256];
        foreach (var sample in samples)
        {
            insert.Bind(1, source);
            insert.Bind(2, sample.At);
            insert.BindText(3, SampleJson.Write(sample.Values, ref room));
            insert.Bind(4, sample.Flags);
            insert.Execute();
        }
    }

    /// <summary>Sources with plain samples from before an instant, in the order of their ids; newest is their newest sample of all.</summary>
    public static List<SourceRow> Sources(Transaction tx, long after, Instant before, int page) => tx.Query<SourceRow>(_sources, new { after, before, page });
}
