using Rondo.Storage.Postgres;

namespace Rondo.Storage.Schema;

/// <summary>The SQL of the schema's own tables, and only the SQL.</summary>
internal static class SchemaStore
{
    /// <summary>What a schema serves before any migration says otherwise: every program there ever was.</summary>
    private const string First = "0.1.0";

    private static readonly Sql _patience = new("schema.patience", "set local lock_timeout = 0; set local statement_timeout = 0");

    private static readonly Sql _lock = new("schema.lock", "select pg_advisory_xact_lock(7210526)");

    private static readonly Sql _table = new("schema.table", """
        create table if not exists schema_migration (
          module {text} not null,
          number {int} not null,
          name {text} not null,
          checksum {text} not null,
          applied_at {instant} not null,
          primary key (module, number)
        ){strict}
        """);

    private static readonly Sql _servesTable = new("schema.serves.table", """
        create table if not exists schema_serves (
          only_row {int} not null primary key check (only_row = 1),
          oldest {text} not null
        ){strict}
        """);

    private static readonly Sql _servesFirst = new("schema.serves.first", "insert into schema_serves (only_row, oldest) values (1, @First) on conflict do nothing");

    private static readonly Sql _isThere = new("schema.is_there", """
        select {only:postgres}to_regclass(@table) is not null{end}{only:sqlite}exists (select 1 from sqlite_schema where type = 'table' and name = @table){end}
        """);

    private static readonly Sql _applied = new("schema.applied", "select module, number, name, checksum, applied_at from schema_migration order by module, number");

    private static readonly Sql _oldest = new("schema.oldest", "select oldest from schema_serves");

    private static readonly Sql _record = new("schema.record", """
        insert into schema_migration (module, number, name, checksum, applied_at) values (@Module, @Number, @Name, @Checksum, @now)
        """);

    private static readonly Sql _serve = new("schema.serve", "update schema_serves set oldest = @oldest");

    /// <summary>Waits for the others who migrate; on SQLite the write lock itself does it. Then makes what is missing of the schema's own tables.</summary>
    public static void Begin(Transaction tx)
    {
        if (tx is PostgresWork)
        {
            tx.Execute(_patience);
            tx.Execute(_lock);
        }

        // Where they are, whoever may not change the schema can still look whether anything is missing.
        if (IsThere(tx, "schema_migration") && IsThere(tx, "schema_serves") && tx.First<string>(_oldest) is not null)
        {
            return;
        }

        tx.Execute(_table);
        tx.Execute(_servesTable);
        tx.Execute(_servesFirst, new { First });
    }

    /// <summary>What is stored, also where nothing is, or where 0.1.0 made it, which kept no <c>schema_serves</c>.</summary>
    public static StoredSchema Read(Transaction tx) => new(
        IsThere(tx, "schema_migration") ? tx.Query<AppliedMigration>(_applied) : [],
        IsThere(tx, "schema_serves") ? tx.First<string>(_oldest) ?? First : First);

    public static void Record(Transaction tx, Migration migration, Instant now) =>
        tx.Execute(_record, new { migration.Module, migration.Number, migration.Name, migration.Checksum, now });

    public static void Serve(Transaction tx, Version oldest) => tx.Execute(_serve, new { oldest = oldest.ToString(3) });

    private static bool IsThere(Transaction tx, string table) => tx.First<bool>(_isThere, new { table });
}

/// <summary>The schema as the database remembers it.</summary>
/// <param name="Applied">Every migration, also those of programs newer than this one.</param>
/// <param name="Oldest">The oldest program it serves.</param>
internal sealed record StoredSchema(List<AppliedMigration> Applied, string Oldest)
{
    /// <summary>False also when <see cref="Oldest"/> is written in a way that this program cannot read.</summary>
    public bool Serves(Version program) => Version.TryParse(Oldest, out var oldest) && program >= oldest;
}

/// <summary>One row of <c>schema_migration</c>.</summary>
internal sealed class AppliedMigration
{
    public string Module { get; init; } = "";

    public int Number { get; init; }

    public string Name { get; init; } = "";

    public string Checksum { get; init; } = "";

    public Instant AppliedAt { get; init; }
}
