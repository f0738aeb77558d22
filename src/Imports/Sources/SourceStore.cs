using Rondo.Storage;

namespace Rondo.Imports.Sources;

/// <summary>The SQL of what was fetched, and only the SQL.</summary>
internal static class SourceStore
{
    private static readonly Sql _known = new("imports.source.known", "select name, version from import_source_file where source = @source");

    private static readonly Sql _seen = new("imports.source.seen", """
        insert into import_source_file (source, name, version, import_id, seen_at) values (@source, @name, @version, @import, @now)
        on conflict (source, name) do update set version = excluded.version, import_id = excluded.import_id, seen_at = excluded.seen_at
        """);

    private static readonly Sql _forget = new("imports.source.forget", "delete from import_source_file where source = @source and name = @name");

    public static Dictionary<string, string> Known(Transaction tx, string source) => tx.Query<Row>(_known, new { source }).ToDictionary(r => r.Name, r => r.Version, StringComparer.Ordinal);

    public static void Seen(Transaction tx, string source, SourceFile file, long? import) => tx.Execute(_seen, new { source, name = file.Name, version = file.Version, import, now = tx.Now });

    public static void Forget(Transaction tx, string source, string name) => tx.Execute(_forget, new { source, name });

    private sealed class Row
    {
        public string Name { get; init; } = "";

        public string Version { get; init; } = "";
    }
}
