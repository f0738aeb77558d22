using System.CommandLine;
using Rondo.Imports;
using Rondo.Imports.Guessing;
using Rondo.Imports.Profiles;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports profile guess</c>.</summary>
internal static class ImportsGuess
{
    public static Command Create(Cli cli)
    {
        var file = new Argument<string>("FILE") { Description = "The file" };
        var save = new Option<string?>("--save") { Description = "Keep the proposed profile: under this name in the folder imports.profiles, or as this file (ending in .yaml)", HelpName = "NAME" };
        var order = new Option<string?>("--date-order") { Description = "Which number of a date such as 01/02/2026 is the day, where the file does not tell" }.AcceptOnlyFromAmong("day-first", "month-first");
        return cli.Act(
            new Command("guess", "Look at a file and propose a profile: how sure each part is and why, the YAML to save and edit, ten values as they would be read, and what the profiles there are make of it") { file, save, order },
            run =>
            {
                try
                {
                    return Task.FromResult(Guess(run, run.Get(file)!, run.Get(save), run.Get(order)));
                }
                catch (ImportRefused refused)
                {
                    throw new CommandFault(ExitCode.Problem, refused.Message);
                }
            },
            "rondo imports profile guess may.csv",
            "rondo imports profile guess may.csv --save supplier-a",
            "rondo imports profile guess may.csv --date-order day-first --save ./supplier-a.yaml");
    }

    private static int Guess(Run run, string file, string? save, string? order)
    {
        var options = ImportsCommand.Options(run);
        var place = save is null ? null : PlaceOf(save, options.Profiles);
        var known = order switch { "day-first" => DateOrder.DayFirst, "month-first" => DateOrder.MonthFirst, _ => DateOrder.Unknown };
        var guess = ProfileGuesser.Guess(file, place is null ? null : Path.GetFileNameWithoutExtension(place), known, run.Settings.TimeZone, options.MaxUnpacked, run.Stop);
        var trials = ImportTrial.Guess(file, file, new ProfileCatalogue(options.Profiles).All().Select(p => p.Profile), null, options.MaxUnpacked, run.Stop);
        Say(run, file, guess, trials);
        var saved = place is not null && guess.IsGood ? Save(run, place, guess.Yaml!, isByName: !save!.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase)) : null;
        run.WriteJson(new { guess.Name, is_good = guess.IsGood, is_unclear = guess.IsUnclear, guess.Yaml, guess.Parts, guess.Trial, saved, profiles = trials });
        return place is not null && saved is null ? throw new CommandFault(ExitCode.Problem, $"the profile was not saved: {WhyNot(guess)}")
            : guess.IsGood ? ExitCode.Ok : ExitCode.Problem;
    }

    private static void Say(Run run, string file, ProfileGuess guess, IReadOnlyList<ImportTrial> trials)
    {
        run.WriteTable(["part", "value", "sure", "why"], guess.Parts.Select(p => (IReadOnlyList<string?>)[p.Part, p.Value, p.Certainty, p.Why]));
        if (guess.Yaml is { } yaml)
        {
            run.Say(yaml.TrimEnd());
        }

        if (guess.Trial is { } trial)
        {
            ImportsProfile.Say(run, file, trial);
        }

        var fitting = trials.Where(t => t is { Refusal: null, Values: > 0 } && t.Rejected * 2 <= t.Rows).ToList();
        run.Say(fitting.Count == 0 ? "of the profiles there are none fits" : "profiles there are that read it: " + string.Join(", ", fitting.Select(t => $"{t.Profile} ({t.Values:N0} values of {t.Rows:N0} rows, {t.Rejected:N0} rejected)")));
        if (!guess.IsGood)
        {
            run.Say(WhyNot(guess));
        }
    }

    private static string WhyNot(ProfileGuess guess) =>
        guess.IsUnclear ? "not clear: " + string.Join("; ", guess.Parts.Where(p => p.Certainty == "unclear").Select(p => $"{p.Part}: {p.Why}"))
        : guess.Trial?.Refusal ?? "no value of the file could be read by what is proposed";

    /// <summary>Where it is kept; checked before anything is looked at.</summary>
    private static string PlaceOf(string save, string? folder)
    {
        var place = save.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase) ? Path.GetFullPath(save)
            : folder is not null ? Path.Combine(folder, save + ".yaml")
            : throw new CommandFault(ExitCode.Misuse, "--save: there is no folder for profiles of your own; set imports.profiles, or name a file: --save ./" + save + ".yaml");
        if (save.Contains('/', StringComparison.Ordinal) && !save.EndsWith(".yaml", StringComparison.OrdinalIgnoreCase))
        {
            throw new CommandFault(ExitCode.Misuse, $"--save: '{save}' is neither the name of a profile nor a file that ends in .yaml");
        }

        return !File.Exists(place) ? place : throw new CommandFault(ExitCode.Problem, $"{place} is there already; save under another name, or remove it first");
    }

    private static string Save(Run run, string place, string yaml, bool isByName)
    {
        try
        {
            if (Path.GetDirectoryName(place) is { Length: > 0 } folder)
            {
                Directory.CreateDirectory(folder);
            }

            using var to = new StreamWriter(new FileStream(place, FileMode.CreateNew));
            to.Write(yaml);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandFault(ExitCode.Problem, $"the profile cannot be written to {place}: {fault.Message}");
        }

        run.Say($"saved as {place}; use it with: rondo imports add FILE --profile {(isByName ? Path.GetFileNameWithoutExtension(place) : place)}");
        return place;
    }
}
