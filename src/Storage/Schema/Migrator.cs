using Rondo.Storage.Postgres;

namespace Rondo.Storage.Schema;

/// <summary>
/// Brings a database to the schema of this program. Each migration runs in a transaction of its own under one lock, so that any number of
/// processes may start on an empty database at once; what is applied is remembered with its checksum.
/// </summary>
/// <param name="database">The database.</param>
/// <param name="migrations">All modules' migrations, modules in the order of their dependencies.</param>
public sealed class Migrator(Database database, IReadOnlyList<Migration> migrations)
{
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

    private static readonly Sql _applied = new("schema.applied", "select module, number, name, checksum, applied_at from schema_migration");

    private static readonly Sql _record = new("schema.record", """
        insert into schema_migration (module, number, name, checksum, applied_at) values (@Module, @Number, @Name, @Checksum, @AppliedAt)
        """);

    /// <summary>Applies what is missing; returns what was applied.</summary>
    /// <exception cref="StorageFault">A migration failed (nothing of it was kept), was changed after it was applied, or the schema is newer than this program.</exception>
    public async Task<IReadOnlyList<Migration>> ApplyAsync()
    {
        var done = new List<Migration>();
        while (await database.WriteLongAsync("schema.migrate", ApplyNext).ConfigureAwait(false) is { } applied)
        {
            done.Add(applied);
        }

        return done;
    }

    /// <summary>What is applied and what is not, without changing anything.</summary>
    public Task<IReadOnlyList<MigrationState>> StateAsync() => database.ReadAsync("schema.state", tx =>
    {
        List<Row> rows;
        try
        {
            rows = tx.Query<Row>(_applied);
        }
        catch (Exception fault) when (fault is Microsoft.Data.Sqlite.SqliteException or Npgsql.PostgresException { SqlState: "42P01" })
        {
            rows = [];
        }

        var applied = Checked(rows);
        return (IReadOnlyList<MigrationState>)[.. migrations.Select(m =>
            new MigrationState(m, applied.TryGetValue((m.Module, m.Number), out var row) ? row.AppliedAt : null))];
    });

    /// <summary>Fails with an error that says what to do unless the schema is exactly this program's.</summary>
    public async Task RequireCurrentAsync()
    {
        var state = await StateAsync().ConfigureAwait(false);
        var missing = state.Count(s => s.AppliedAt is null);
        if (missing > 0)
        {
            throw new StorageFault(
                StorageFaultKind.Schema,
                $"the schema in {database.Address} lacks {missing} of {state.Count} migrations. Run: rondo database migrate --database {database.Address}");
        }
    }

    private Migration? ApplyNext(Transaction tx)
    {
        if (tx is PostgresWork)
        {
            // Waiting for the others who migrate is what is wanted here; on SQLite the write lock itself does it.
            tx.Execute(new Sql("schema.patience", "set local lock_timeout = 0; set local statement_timeout = 0"));
            tx.Execute(_lock);
        }

        tx.Execute(_table);
        var applied = Checked(tx.Query<Row>(_applied));
        foreach (var migration in migrations)
        {
            if (applied.ContainsKey((migration.Module, migration.Number)))
            {
                continue;
            }

            tx.Execute(new Sql($"schema.{migration.Module}.{migration.Number}", migration.Text));
            tx.Execute(_record, new { migration.Module, migration.Number, migration.Name, migration.Checksum, AppliedAt = tx.Now });
            return migration;
        }

        return null;
    }

    private Dictionary<(string, int), Row> Checked(List<Row> rows)
    {
        var known = migrations.ToDictionary(m => (m.Module, m.Number));
        foreach (var row in rows)
        {
            if (!known.TryGetValue((row.Module, row.Number), out var migration))
            {
                throw new StorageFault(
                    StorageFaultKind.Schema,
                    $"the schema in {database.Address} has migration {row.Module}/{row.Number:0000} ({row.Name}), which this program does not know: it was made by a newer Rondo. Use that version.");
            }

            if (!string.Equals(migration.Checksum, row.Checksum, StringComparison.Ordinal))
            {
                throw new StorageFault(
                    StorageFaultKind.Schema,
                    $"migration {row.Module}/{row.Number:0000} ({row.Name}) was changed after it was applied to {database.Address}. Use the program that made this database, or restore the migration.");
            }
        }

        return rows.ToDictionary(r => (r.Module, r.Number));
    }

    private sealed class Row
    {
        public string Module { get; init; } = "";

        public int Number { get; init; }

        public string Name { get; init; } = "";

        public string Checksum { get; init; } = "";

        public Instant AppliedAt { get; init; }
    }
}
