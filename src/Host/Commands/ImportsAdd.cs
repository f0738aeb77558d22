using System.CommandLine;
using Rondo.Imports;
using Rondo.Imports.Profiles;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports add</c>.</summary>
internal static class ImportsAdd
{
    public static Command Create(Cli cli)
    {
        var files = new Argument<string[]>("FILE") { Description = "The files", Arity = ArgumentArity.OneOrMore };
        var profile = new Option<string?>("--profile") { Description = "How they are read: the name of a profile, or a file of one (ending in .yaml) [default: the one that fits best]", HelpName = "NAME" };
        var priority = new Option<string>("--priority") { Description = "low, normal or high", DefaultValueFactory = _ => "normal" }.AcceptOnlyFromAmong("low", "normal", "high");
        var tags = new Option<string[]>("--tag") { Description = "A word to find it by; may be repeated", HelpName = "TAG" };
        var note = new Option<string?>("--note") { Description = "A remark for people", HelpName = "TEXT" };
        var meta = new Option<string[]>("--meta") { Description = "A name and a value of your own, NAME=VALUE; may be repeated", HelpName = "NAME=VALUE" };
        var retries = new Option<int>("--max-retries") { Description = "Runs after the first one, at most", DefaultValueFactory = _ => 3, HelpName = "N" };
        var rejects = new Option<long?>("--max-rejects") { Description = "When more rows than these would be rejected, the whole file is refused and nothing stored", HelpName = "N" };
        var unknown = new Option<string?>("--unknown") { Description = "What becomes of meters nobody knows: create, refuse (the whole file) or skip [default: as the profile says]" }.AcceptOnlyFromAmong("create", "refuse", "skip");
        var dry = new Option<bool>("--dry-run") { Description = "Only read them, and say what would be stored" };
        return cli.Act(
            new Command("add", "Hand in files; each is an import of its own. The same file again changes nothing.") { files, profile, priority, tags, note, meta, retries, rejects, unknown, dry },
            run =>
            {
                var wanted = new Wanted(run.Get(files)!, run.Get(profile), f => new ImportRequest
                {
                    File = Path.GetFileName(f.Path), Profile = f.Profile, Priority = run.Get(priority)!, Tags = run.Get(tags) ?? [], Note = run.Get(note), Metadata = JobsEnqueue.Pairs(run.Get(meta) ?? []),
                    MaxRetries = run.Get(retries), MaxRejects = run.Get(rejects), Unknown = ImportRequest.UnknownOf(run.Get(unknown)),
                });
                return run.Get(dry) ? TryAsync(run, wanted) : AddAsync(run, wanted);
            },
            "rondo imports add may.csv --profile long-csv",
            "rondo imports add *.csv --profile wide-half-hours --tag supplier-a --priority high",
            "rondo imports add may.csv --dry-run");
    }

    private sealed record Wanted(string[] Files, string? Profile, Func<(string Path, Profile Profile), ImportRequest> Request);

    private static async Task<int> AddAsync(Run run, Wanted wanted)
    {
        var options = ImportsCommand.Options(run);
        var found = wanted.Files.Select(f => (Path: f, Profile: ProfileOf(run, options, f, wanted.Profile))).ToList();
        return await ImportsCommand.UseAsync(run.Labelled("imports.add", string.Join(", ", wanted.Files.Take(5).Select(Path.GetFileName))), async imports =>
        {
            List<object> added = [];
            foreach (var file in found)
            {
                try
                {
                    await using var bytes = File.OpenRead(file.Path);
                    var answer = await imports.AddAsync(wanted.Request(file), bytes, run.Stop);
                    run.Say(answer.IsNew ? $"import {answer.Id}: {file.Path} is queued, by profile {file.Profile.Name}" : $"{file.Path} was already imported by import {answer.Id}; nothing has changed");
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
            return ExitCode.Ok;
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
                var trial = ImportTrial.Read(file, ProfileOf(run, options, file, wanted.Profile), null, options.MaxUnpacked, run.Stop);
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

    private static Profile ProfileOf(Run run, ImportOptions options, string file, string? named)
    {
        try
        {
            var catalogue = new ProfileCatalogue(options.Profiles);
            if (named is not null)
            {
                return named.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) ? ProfileCatalogue.ReadFile(named) : catalogue.Find(named);
            }

            var trials = ImportTrial.Guess(file, catalogue.All().Select(p => p.Profile), options.MaxUnpacked, run.Stop);
            var best = trials[0];
            if (best.Refusal is { } refusal && trials.All(t => t.Refusal == refusal))
            {
                // It is the file, whatever the profile.
                throw new CommandFault(ExitCode.Problem, $"{file}: {refusal}");
            }

            return best is { Refusal: null, Values: > 0 } && best.Rejected * 2 <= best.Rows
                ? catalogue.Find(best.Profile)
                : throw new CommandFault(ExitCode.Problem, $"{file}: no profile fits. See what each makes of it: rondo imports profile guess {file}");
        }
        catch (ImportRefused refused)
        {
            throw new CommandFault(named is null ? ExitCode.Problem : ExitCode.Misuse, refused.Message);
        }
    }
}
