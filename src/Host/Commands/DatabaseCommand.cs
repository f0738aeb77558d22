using System.CommandLine;
using Rondo.Host.Settings;
using Rondo.Polling;
using Rondo.Polling.Ledger;
using Rondo.Storage;
using Rondo.Storage.Schema;

namespace Rondo.Host.Commands;

/// <summary><c>rondo database</c>.</summary>
internal static class DatabaseCommand
{
    public static Command Create(Cli cli)
    {
        var dryRun = new Option<bool>("--dry-run") { Description = "Only say what would be done" };
        var migrate = new Command("migrate", "Bring the schema to this version; makes the database when there is none. A server does the same at its start.") { dryRun };
        cli.Act(
            migrate,
            run => MigrateAsync(run, run.Get(dryRun)),
            "rondo database migrate",
            "rondo database migrate --database postgres://rondo:secret@127.0.0.1/rondo --dry-run");
        return new Command("database", "Look after the database") { migrate };
    }

    private static async Task<int> MigrateAsync(Run run, bool dryRun)
    {
        var address = run.Settings.Database;
        if (run.IsDatabaseMissing && dryRun)
        {
            Report(run, address, [.. Modules.Migrations], dryRun);
            return ExitCode.Ok;
        }

        if (dryRun)
        {
            await using var database = Database.Open(address, DatabaseUse.Command, run.Time);
            await database.MeasureClockAsync(run.Stop);
            var state = await Modules.Migrator(database, DatabaseUse.Command).StateAsync();
            Report(run, address, [.. state.Where(s => s.AppliedAt is null).Select(s => s.Migration)], dryRun);
            return ExitCode.Ok;
        }

        Report(run, address, await ApplyAsync(run), dryRun);
        return ExitCode.Ok;
    }

    /// <summary>Makes the database when there is none, and brings its schema to this version; returns what was applied.</summary>
    public static async Task<IReadOnlyList<Migration>> ApplyAsync(Run run)
    {
        var address = run.Settings.Database;
        if (address.Kind == DatabaseKind.Sqlite)
        {
            DataFolder.Prepare(run.Shell.Variable, address.Target);
        }

        await using var database = Database.Open(address, DatabaseUse.Command, run.Time);
        await database.MeasureClockAsync(run.Stop);
        var applied = await Modules.Migrator(database, DatabaseUse.Command).ApplyAsync();
        await Upkeep.PrepareAsync(database, new PollingOptions(), run.Stop);
        return applied;
    }

    private static void Report(Run run, DatabaseAddress address, IReadOnlyList<Migration> migrations, bool dryRun)
    {
        foreach (var migration in migrations)
        {
            run.Say($"{(dryRun ? "would apply" : "applied")} {Name(migration)}");
        }

        run.Say(migrations.Count == 0 ? $"{address} is up to date" : $"{address}: {migrations.Count} migrations {(dryRun ? "to apply" : "applied")}");
        run.WriteJson(new { database = address.Shown, dry_run = dryRun, migrations = migrations.Select(Name), total = Modules.Migrations.Count });
    }

    private static string Name(Migration migration) => $"{migration.Module}/{migration.Number:0000}_{migration.Name}";
}
