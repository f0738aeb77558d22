using Rondo.Storage;

namespace Rondo.Imports.Retention;

/// <summary>The SQL of what is let go of.</summary>
internal static class PruneStore
{
    private const int Slice = 2_000;

    // Being taken back is work that is under way, whatever the state of the import.
    private const string Due = "state in ('done', 'dead', 'cancelled') and finished_at <= @before and (undo_job_id is null or undone_at is not null)";

    // By what a database is: a copy of it in another place is another one, which files of the first are none of.
    private static readonly Sql _vault = new("imports.vault", """
        select vault{only:postgres} || '-' || (select oid from pg_database where datname = current_database())::text{end} from import_head
        """);

    private static readonly Sql _lock = new("imports.vault.lock", "select no from import_head{update}");

    private static readonly Sql _count = new("imports.prune.count", $$"""select state, count(*) as imports, cast(sum(bytes) as {bigint}) as bytes from import where {{Due}} group by state order by state""");

    private static readonly Sql _files = new("imports.prune.files", $$"""
        select count(*) as files, cast(coalesce(sum(bytes), 0) as {bigint}) as bytes
        from (select max(bytes) as bytes from import group by hash having sum(case when {{Due}} then 0 else 1 end) = 0) f
        """);

    private static readonly Sql _active = new("imports.prune.active", """
        select count(*) from import where state in ('queued', 'running', 'failed') or (undo_job_id is not null and undone_at is null)
        """);

    private static readonly Sql _due = new("imports.prune.due", $"select id, state, file, hash, bytes, finished_at from import where {Due} and id > @after order by id limit @limit");

    private static readonly Sql _delete = new("imports.prune", $"delete from import where id = @id and {Due}");

    private static readonly Sql _lost = new("imports.lost", """
        select i.id from import i left join job j on j.id = i.job_id
        where i.state in ('queued', 'running', 'failed') and (j.id is null or j.state in ('done', 'dead', 'cancelled')) order by i.id limit @limit
        """);

    private static readonly Sql _named = new("imports.vault.named", """
        select distinct hash from import where hash in ({only:sqlite}select value from json_each(@hashes){end}{only:postgres}select jsonb_array_elements_text(@hashes::jsonb){end})
        """);

    private static readonly Sql _rows = new("imports.vault.rows", "select id, hash from import where id > @after order by id limit @limit");

    private static readonly (Sql Find, Sql Delete)[] _nameless =
    [
        Details("import_error", "no"),
        Details("import_reject", "no"),
        Details("import_run", "series_id, from_us"),

        // What a former import needs to know whose its values are stays until that one goes.
        Details("import_correction", "series_id, at", " and not exists (select 1 from import f where f.id = import_correction.former_import)"),
    ];

    /// <summary>Name of the database in the folder of files.</summary>
    public static string Vault(Transaction tx) => tx.First<string>(_vault)!;

    /// <summary>Until the transaction ends nobody else takes a file in or lets one go.</summary>
    public static void Lock(Transaction tx) => tx.First<int>(_lock);

    public static List<PrunedState> Count(Transaction tx, Instant before) => tx.Query<StateRow>(_count, new { before }).ConvertAll(s => new PrunedState(s.State, s.Imports, s.Bytes));

    /// <summary>Files that no other import needs than those which ended before.</summary>
    public static (long Files, long Bytes) Files(Transaction tx, Instant before)
    {
        var row = tx.First<FilesRow>(_files, new { before })!;
        return (row.Files, row.Bytes);
    }

    public static long Active(Transaction tx) => tx.First<long>(_active);

    public static List<PrunedImport> Find(Transaction tx, Instant before, long after, int limit) => tx.Query<PrunedImport>(_due, new { before, after, limit });

    /// <summary>Deletes what has ended before; what is run again or taken back since it was found stays.</summary>
    public static List<PrunedImport> Delete(Transaction tx, Instant before, int limit) =>
        [.. Find(tx, before, 0, limit).Where(i => tx.Execute(_delete, new { id = i.Id, before }) == 1)];

    /// <summary>Imports whose job has ended without a word.</summary>
    public static List<long> Lost(Transaction tx, int limit) => tx.Query<long>(_lost, new { limit });

    /// <summary>Which of these files an import names.</summary>
    public static HashSet<string> Named(Transaction tx, IEnumerable<string> hashes) =>
        tx.Query<string>(_named, new { hashes = System.Text.Json.JsonSerializer.Serialize(hashes) }).ToHashSet(StringComparer.Ordinal);

    public static List<VaultRow> Rows(Transaction tx, long after, int limit) => tx.Query<VaultRow>(_rows, new { after, limit });

    /// <summary>Deletes a slice of what belongs to imports that are no more; how many rows that were.</summary>
    public static int DeleteNameless(Transaction tx)
    {
        foreach (var (find, delete) in _nameless)
        {
            foreach (var id in tx.Query<long>(find))
            {
                if (tx.Execute(delete, new { id, slice = Slice }) is > 0 and var gone)
                {
                    return gone;
                }
            }
        }

        return 0;
    }

    // From one number to the next: as many looks as there are imports, however many rows they have.
    private static (Sql, Sql) Details(string table, string key, string only = "") => (
        new Sql("imports.nameless", $"""
            with recursive ids (id) as (
              select min(import_id) from {table}
              union all
              select (select min(t.import_id) from {table} t where t.import_id > ids.id) from ids where ids.id is not null)
            select id from ids where id is not null and not exists (select 1 from import i where i.id = ids.id)
            """),
        new Sql("imports.nameless.delete", $"""
            delete from {table} where import_id = @id and ({key}) in (select {key} from {table} where import_id = @id{only} order by {key} limit @slice)
            """));

    private sealed class StateRow
    {
        public string State { get; init; } = "";

        public long Imports { get; init; }

        public long Bytes { get; init; }
    }

    private sealed class FilesRow
    {
        public long Files { get; init; }

        public long Bytes { get; init; }
    }

    internal sealed class VaultRow
    {
        public long Id { get; init; }

        public string Hash { get; init; } = "";
    }
}
