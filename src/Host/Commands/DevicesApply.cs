using System.CommandLine;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices apply</c>.</summary>
internal static class DevicesApply
{
    private const int MostWarnings = 20;

    public static Command Create(Cli cli)
    {
        var file = new Argument<string>("FILE") { Description = "The device file (docs/operations/devices.md), or - for standard input" };
        var dryRun = new Option<bool>("--dry-run") { Description = "Only print what would change" };
        var prune = new Option<bool>("--prune") { Description = "Also remove stored devices that the file does not have" };
        var command = new Command("apply", "Make the stored devices what a file says; applying it again changes nothing. With a mistake in the file nothing is applied.")
        {
            file, dryRun, prune,
        };
        return cli.Act(
            command,
            run => ApplyAsync(run, run.Get(file)!, run.Get(prune), run.Get(dryRun)),
            "rondo devices apply devices.yaml --dry-run",
            "rondo devices apply devices.yaml --prune");
    }

    private static async Task<int> ApplyAsync(Run run, string file, bool prune, bool dryRun)
    {
        var reading = DeviceFile.Parse(await ReadAsync(file, run.Stop), file);
        foreach (var warning in reading.Warnings)
        {
            run.Warn($"{warning.File}:{warning.Line}:{warning.Column}: warning: {Place(warning)}{warning.Message}");
        }

        if (!reading.IsGood)
        {
            foreach (var mistake in reading.Mistakes)
            {
                run.Warn(mistake.ToString());
            }

            run.WriteJson(new { applied = false, reading.Mistakes, reading.Warnings });
            run.Warn($"rondo: {Number(reading.Mistakes.Count, "mistake")} in {file}; nothing was applied");
            return ExitCode.Misuse;
        }

        var wish = new FleetWish<string> { Wanted = reading.Devices, Prune = prune };
        if (run.IsDatabaseMissing && run.IsDatabaseUsual)
        {
            // As a server makes it. One that was named and is not there is more likely a slip in its name.
            if (dryRun)
            {
                return Tell(run, file, reading, Devices.Preview([], _ => wish), dryRun);
            }

            await DatabaseCommand.ApplyAsync(run);
        }

        return await run.UseDatabaseAsync(async database =>
        {
            var change = await Devices.ChangeAsync(database, _ => wish, dryRun, run.Stop);
            if (!dryRun && change.Mistakes.Count == 0)
            {
                await run.HintAsync(database);
            }

            return Tell(run, file, reading, change, dryRun);
        });
    }

    private static int Tell(Run run, string file, DeviceFileReading reading, FleetChange<string> change, bool dryRun)
    {
        if (change.Mistakes.Count > 0)
        {
            // Between the file and what is stored. One that shows at a device outside of it (a loop of parents) is the file's doing all the same.
            var conflicts = change.Mistakes.Select(m => reading.Locate(m, file) ?? new FileMistake(file, 1, 1, m.Path, m.Message)).ToArray();
            foreach (var conflict in conflicts)
            {
                run.Warn(conflict.ToString());
            }

            run.WriteJson(new { applied = false, mistakes = conflicts, reading.Warnings });
            run.Warn($"rondo: {file} contradicts devices that are stored; nothing was applied");
            return ExitCode.Misuse;
        }

        var diff = change.Diff;
        var loads = BusLoad.Above(change.Fleet, BusTime);
        foreach (var load in loads.Take(MostWarnings))
        {
            run.Warn($"warning: {load}. Raise intervals or read fewer points.");
        }

        if (loads.Count > MostWarnings)
        {
            run.Warn($"warning: {loads.Count - MostWarnings} more endpoints are as busy");
        }

        Print(run, diff, dryRun);
        run.WriteJson(new
        {
            applied = !dryRun,
            added = diff.Added.Select(d => d.Name),
            changed = diff.Changed.Select(c => new { c.After.Name, c.Fields }),
            removed = diff.Removed.Select(d => d.Name),
            diff.Unchanged,
            diff.Kept,
            reading.Warnings,
            bus_loads = loads.Select(l => new { l.Address, l.Load, l.Groups }),
        });
        return ExitCode.Ok;
    }

    private static void Print(Run run, FleetDiff diff, bool dryRun)
    {
        foreach (var device in diff.Added)
        {
            run.Say($"+ {device.Name}  {device.Address} unit {device.Modbus.Unit}{string.Concat(device.Groups.Select(g => $", {g.Name} every {Durations.Show(g.Interval)} {Number(g.Points.Count, "point")}"))}");
        }

        foreach (var change in diff.Changed)
        {
            run.Say($"~ {change.After.Name}");
            foreach (var field in change.Fields)
            {
                run.Say($"    {field}");
            }
        }

        foreach (var device in diff.Removed)
        {
            run.Say($"- {device.Name}  {device.Address} unit {device.Modbus.Unit}");
        }

        var kept = diff.Kept == 0 ? "" : $", {diff.Kept} not in the file and kept (--prune removes them)";
        run.Say($"{(dryRun ? "would be: " : "")}{diff.Added.Count} added, {diff.Changed.Count} changed, {diff.Removed.Count} removed, {diff.Unchanged} unchanged{kept}");
    }

    private static TimeSpan BusTime(DeviceSpec device, GroupSpec group) =>
        ModbusReadPlan.Build(device.Modbus, [.. group.Points.Select(p => p.Modbus)]).EstimatedBusTimeOn(device.Endpoint);

    private static string Place(FileMistake mistake) => mistake.Path.Length == 0 ? "" : mistake.Path + ": ";

    private static string Number(int count, string what) => count == 1 ? $"1 {what}" : $"{count} {what}s";

    private static async Task<byte[]> ReadAsync(string file, CancellationToken stop)
    {
        if (file == "-")
        {
            await using var input = Console.OpenStandardInput();
            using var all = new MemoryStream();
            await input.CopyToAsync(all, stop);
            return all.ToArray();
        }

        if (file.Length == 0 || file.Contains('\0'))
        {
            throw new CommandFault(ExitCode.Misuse, "no file is named; expected a path, or - for standard input");
        }

        if (Directory.Exists(file))
        {
            throw new CommandFault(ExitCode.Misuse, $"{file} is a folder; expected a device file (several are applied one after the other)");
        }

        try
        {
            if (new FileInfo(file).Length > DeviceFile.MaxBytes)
            {
                throw new CommandFault(ExitCode.Misuse, $"{file} is larger than {DeviceFile.MaxBytes / 1024 / 1024} MiB; split it, or use profile and repeat");
            }

            return await File.ReadAllBytesAsync(file, stop);
        }
        catch (Exception fault) when (fault is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CommandFault(ExitCode.Misuse, $"there is no file {file}");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandFault(ExitCode.Misuse, $"{file} cannot be read: {fault.Message}");
        }
    }
}
