using System.CommandLine;
using Rondo.Imports;
using Rondo.Imports.Profiles;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports add</c>.</summary>
internal static class ImportsAdd
{
    public static Command Create(Cli cli)
    {
        var files = new Argument<string[]>("FILE") { Description = "The files", Arity = ArgumentArity.ZeroOrMore };
        var profile = new Option<string?>("--profile") { Description = "How they are read: the name of a profile, or a file of one (ending in .yaml) [default: the one that fits best]", HelpName = "NAME" };
        var meter = new Option<string?>("--meter") { Description = "The meter, for files whose rows name none", HelpName = "NAME" };
        var priority = new Option<string>("--priority") { Description = "low, normal or high", DefaultValueFactory = _ => "normal" }.AcceptOnlyFromAmong("low", "normal", "high");
        var tags = new Option<string[]>("--tag") { Description = "A word to find it by; may be repeated", HelpName = "TAG" };
        var note = new Option<string?>("--note") { Description = "A remark for people", HelpName = "TEXT" };
        var meta = new Option<string[]>("--meta") { Description = "A name and a value of your own, NAME=VALUE; may be repeated", HelpName = "NAME=VALUE" };
        var retries = new Option<int>("--max-retries") { Description = "Runs after the first one, at most", DefaultValueFactory = _ => 3, HelpName = "N" };
        var rejects = new Option<long?>("--max-rejects") { Description = "When more rows than these would be rejected, the whole file is refused and nothing stored", HelpName = "N" };
        var unknown = new Option<string?>("--unknown") { Description = "What becomes of meters nobody knows: create, refuse (the whole file) or skip [default: as the profile says]" }.AcceptOnlyFromAmong("create", "refuse", "skip");
        var webhook = new Option<string?>("--webhook") { Description = "Called once with what came of the import, signed as jobs of the kind http are", HelpName = "URL" };
        var watch = new Option<string?>("--watch") { Description = "Import what is put into this folder, until Ctrl-C; each file ends up in its folder done or failed, with a report beside it", HelpName = "DIR" };
        var noWait = new Option<bool>("--no-wait") { Description = "Do not show how the imports go until they have ended; without a terminal it is not shown anyway" };
        var dry = new Option<bool>("--dry-run") { Description = "Only read them, and say what would be stored" };
        return cli.Act(
            new Command("add", "Hand in files; each is an import of its own. The same file again changes nothing.") { files, profile, meter, priority, tags, note, meta, retries, rejects, unknown, webhook, watch, noWait, dry },
            run =>
            {
                var wanted = new Wanted(run.Get(files)!, run.Get(profile), run.Get(meter), (file, read) => new ImportRequest
                {
                    File = Path.GetFileName(file), Profile = read, Meter = run.Get(meter), Priority = run.Get(priority)!, Tags = run.Get(tags) ?? [], Note = run.Get(note), Metadata = JobsEnqueue.Pairs(run.Get(meta) ?? []),
                    MaxRetries = run.Get(retries), MaxRejects = run.Get(rejects), Webhook = run.Get(webhook), Unknown = ImportRequest.UnknownOf(run.Get(unknown)),
                });
                if (run.Get(watch) is { } folder)
                {
                    return wanted.Files.Length > 0 || run.Get(dry)
                        ? throw new CommandFault(ExitCode.Misuse, "--watch takes its files from the folder; it goes with neither FILE nor --dry-run")
                        : ImportsWatch.RunAsync(run, folder, (name, path) => wanted.Request(name, new ProfileCatalogue(ImportsCommand.Options(run).Profiles).Choose(wanted.Profile, path, name, wanted.Meter, ImportsCommand.Options(run).MaxUnpacked, run.Stop)));
                }

                if (wanted.Files.Length == 0)
                {
                    throw new CommandFault(ExitCode.Misuse, "which files? Expected FILE…, or --watch DIR");
                }

                return run.Get(dry) ? TryAsync(run, wanted) : AddAsync(run, wanted, run.Shell.IsTerminal && !run.IsJson && !run.Get(noWait));
            },
            "rondo imports add may.csv --profile long-csv",
            "rondo imports add *.csv --profile wide-half-hours --tag supplier-a --priority high",
            "rondo imports add may.csv --dry-run",
            "rondo imports add roof.csv --meter roof-1",
            "rondo imports add --watch /srv/meters --profile long-csv");
    }

    private sealed record Wanted(string[] Files, string? Profile, string? Meter, Func<string, Profile, ImportRequest> Request);

    private static async Task<int> AddAsync(Run run, Wanted wanted, bool isFollowed)
    {
        var options = ImportsCommand.Options(run);
        var found = wanted.Files.Select(f => (Path: f, Profile: ProfileOf(run, options, f, wanted))).ToList();
        return await ImportsCommand.UseAsync(run.Labelled("imports.add", string.Join(", ", wanted.Files.Take(5).Select(Path.GetFileName))), async (imports, hint) =>
        {
            List<object> added = [];
            List<long> ids = [];
            foreach (var file in found)
            {
                try
                {
                    await using var bytes = File.OpenRead(file.Path);
                    var answer = await imports.AddAsync(wanted.Request(file.Path, file.Profile), bytes, run.Stop);
                    run.Say(answer.IsNew ? $"import {answer.Id}: {file.Path} is queued, by profile {file.Profile.Name}" : $"{file.Path} was already imported by import {answer.Id}; nothing has changed");
                    ids.Add(answer.Id);
                    added.Add(new { file = file.Path, id = answer.Id, is_new = answer.IsNew, profile = file.Profile.Name });
                }
                catch (ImportRefused refused)
                {
                    throw new CommandFault(ExitCode.Problem, $"{file.Path}: {refused.Message}");
                }
                catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
                {
                    throw new CommandFault(ExitCode.Problem, $"{file.Path} cannot be read: {fault.Message}");
                }
            }

            run.WriteJson(new { imports = added });
            await hint();
            return !isFollowed || await ImportsFollow.RunAsync(run, imports, ids) ? ExitCode.Ok : ExitCode.Problem;
        });
    }

    private static Task<int> TryAsync(Run run, Wanted wanted)
    {
        var options = ImportsCommand.Options(run);
        List<ImportTrial> trials = [];
        foreach (var file in wanted.Files)
        {
            try
            {
                var trial = ImportTrial.Read(file, ProfileOf(run, options, file, wanted).For(wanted.Meter, file), null, options.MaxUnpacked, run.Stop);
                ImportsProfile.Say(run, file, trial);
                trials.Add(trial);
            }
            catch (ImportRefused refused)
            {
                throw new CommandFault(ExitCode.Problem, $"{file}: {refused.Message}");
            }
        }

        run.WriteJson(new { is_dry_run = true, files = wanted.Files.Zip(trials, (file, trial) => new { file, trial }) });
        return Task.FromResult(trials.Exists(t => t.Rejected > 0) ? ExitCode.Problem : ExitCode.Ok);
    }

    private static Profile ProfileOf(Run run, ImportOptions options, string file, Wanted wanted)
    {
        try
        {
            return new ProfileCatalogue(options.Profiles).Choose(wanted.Profile, file, file, wanted.Meter, options.MaxUnpacked, run.Stop);
        }
        catch (ImportRefused refused)
        {
            throw wanted.Profile is null ? new CommandFault(ExitCode.Problem, $"{file}: {refused.Message}") : new CommandFault(ExitCode.Misuse, refused.Message);
        }
    }
}
