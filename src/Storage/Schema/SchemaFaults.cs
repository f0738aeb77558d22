namespace Rondo.Storage.Schema;

/// <summary>Why a program does not run on a schema, and what to do.</summary>
internal static class SchemaFaults
{
    private const int Named = 5;

    public static StorageFault NotServed(DatabaseAddress address, string oldest, Version program, IReadOnlyList<AppliedMigration> unknown) => Fault(
        $"the schema in {address} serves Rondo {oldest} and later, and this is Rondo {program.ToString(3)}"
        + (unknown.Count == 0 ? "" : $", which does not know its migrations {List(unknown, m => Name(m.Module, m.Number, m.Name))}")
        + $". Use Rondo {oldest} or later here. Going back takes the database's backup from before that upgrade.");

    public static StorageFault StillRunning(DatabaseAddress address, Migration migration, IReadOnlyList<RunningProgram> running) => Fault(
        $"migration {Name(migration.Module, migration.Number, migration.Name)} was not applied to {address}: from it on only Rondo {migration.Serves} and later can run, and "
        + $"{running.Count} older {(running.Count == 1 ? "node still runs" : "nodes still run")}: {List(running, r => $"{r.Node} (Rondo {r.Version} on {r.Host})")}. "
        + $"Stop or upgrade them (rondo nodes list shows them), then run: rondo database migrate --database {address}");

    public static StorageFault Changed(DatabaseAddress address, AppliedMigration row) => Fault(
        $"migration {Name(row.Module, row.Number, row.Name)} was changed after it was applied to {address}. Use the program that made this database, or restore the migration.");

    public static StorageFault Missing(DatabaseAddress address, int missing, int all) => Fault(
        $"the schema in {address} lacks {missing} of {all} migrations. Run: rondo database migrate --database {address}");

    public static StorageFault MayNotMigrate(DatabaseAddress address, StorageFault fault) => new(
        StorageFaultKind.Schema,
        $"the schema in {address} is not up to date, and the role that this runs as may not change it ({fault.InnerException?.Message}). As the role that owns the schema, run: "
        + "rondo database migrate --database postgres://OWNER:PASSWORD@HOST/DATABASE (docs/operations/roles.md)",
        fault);

    private static StorageFault Fault(string message) => new(StorageFaultKind.Schema, message);

    private static string Name(string module, int number, string name) => $"{module}/{number:0000} ({name})";

    private static string List<T>(IReadOnlyList<T> all, Func<T, string> name) =>
        string.Join(", ", all.Take(Named).Select(name)) + (all.Count > Named ? $" and {all.Count - Named} more" : "");
}
