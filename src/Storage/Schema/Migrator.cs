using Rondo.Storage.Postgres;

namespace Rondo.Storage.Schema;

/// <summary>
/// Brings a database to the schema of this program. Each migration runs in a transaction of its own under one lock, so that any number of
/// processes may start on an empty database at once; what is applied is remembered with its checksum.
/// <para>
/// Two versions may run side by side: the schema names the oldest program it serves. Migrations that this program does not know were made by a newer one; they
/// are none of its business while it is served. A migration that ends the service for older programs (<see cref="Migration.Serves"/>) waits until none runs.
/// </para>
/// </summary>
/// <param name="database">The database.</param>
/// <param name="migrations">All modules' migrations, modules in the order of their dependencies.</param>
/// <param name="program">Version of this program.</param>
/// <param name="stillRunning">Who still runs on this database, by version.</param>
public sealed class Migrator(Database database, IReadOnlyList<Migration> migrations, Version program, StillRunning stillRunning)
{
    /// <summary>Applies what is missing; returns what was applied.</summary>
    /// <exception cref="StorageFault">
    /// A migration failed (nothing of it was kept), was changed after it was applied, or would no longer serve a node that runs; or the schema does not serve this program.
    /// </exception>
    public async Task<IReadOnlyList<Migration>> ApplyAsync()
    {
        // Whether somebody's lease has run out is judged by the database clock, and a process that just started has not looked at it yet.
        await database.MeasureClockAsync().ConfigureAwait(false);
        var done = new List<Migration>();
        try
        {
            while (await database.WriteLongAsync("schema.migrate", ApplyNext).ConfigureAwait(false) is { } applied)
            {
                done.Add(applied);
            }
        }
        catch (StorageFault fault) when (PostgresFaults.IsNotAllowed(fault))
        {
            // A server runs as a role that may not change the schema, and somebody else migrates.
            throw SchemaFaults.MayNotMigrate(database.Address, fault);
        }

        return done;
    }

    /// <summary>What of this program's is applied and what is not, without changing anything.</summary>
    /// <exception cref="StorageFault">The schema does not serve this program, or a migration was changed after it was applied.</exception>
    public Task<IReadOnlyList<MigrationState>> StateAsync() => database.ReadAsync("schema.state", tx =>
    {
        var applied = Admit(SchemaStore.Read(tx));
        return (IReadOnlyList<MigrationState>)[.. migrations.Select(m =>
            new MigrationState(m, applied.TryGetValue((m.Module, m.Number), out var row) ? row.AppliedAt : null))];
    });

    /// <summary>Fails with an error that says what to do unless the schema has all that this program needs, and serves it.</summary>
    public async Task RequireCurrentAsync()
    {
        var state = await StateAsync().ConfigureAwait(false);
        var missing = state.Count(s => s.AppliedAt is null);
        if (missing > 0)
        {
            throw SchemaFaults.Missing(database.Address, missing, state.Count);
        }
    }

    private Migration? ApplyNext(Transaction tx)
    {
        SchemaStore.Begin(tx);
        var stored = SchemaStore.Read(tx);
        var applied = Admit(stored);
        foreach (var migration in migrations)
        {
            if (applied.ContainsKey((migration.Module, migration.Number)))
            {
                continue;
            }

            if (migration.Serves is { } oldest)
            {
                Contract(tx, stored, migration, oldest);
            }

            tx.Execute(new Sql($"schema.{migration.Module}.{migration.Number}", migration.Text));
            SchemaStore.Record(tx, migration, tx.Now);
            return migration;
        }

        return null;
    }

    private void Contract(Transaction tx, StoredSchema stored, Migration migration, Version oldest)
    {
        if (stillRunning(tx, oldest) is { Count: > 0 } running)
        {
            throw SchemaFaults.StillRunning(database.Address, migration, running);
        }

        // Raised, never lowered: a migration of another module, or one merged late, may ask for less than what is in force already.
        if (stored.Serves(oldest))
        {
            SchemaStore.Serve(tx, oldest);
        }
    }

    private Dictionary<(string, int), AppliedMigration> Admit(StoredSchema stored)
    {
        var known = migrations.ToDictionary(m => (m.Module, m.Number));
        if (!stored.Serves(program))
        {
            throw SchemaFaults.NotServed(
                database.Address, stored.Oldest, program, [.. stored.Applied.Where(row => !known.ContainsKey((row.Module, row.Number)))]);
        }

        foreach (var row in stored.Applied)
        {
            if (known.TryGetValue((row.Module, row.Number), out var migration) && !string.Equals(migration.Checksum, row.Checksum, StringComparison.Ordinal))
            {
                throw SchemaFaults.Changed(database.Address, row);
            }
        }

        return stored.Applied.ToDictionary(row => (row.Module, row.Number));
    }
}
