using System.CommandLine;
using Rondo.Imports;
using Rondo.Imports.Profiles;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports profile list|show</c>.</summary>
internal static class ImportsProfile
{
    public static Command Create(Cli cli) => new("profile", "How files are read") { List(cli), Show(cli), ImportsGuess.Create(cli) };

    /// <summary>What reading a file gave.</summary>
    public static void Say(Run run, string file, ImportTrial trial)
    {
        if (trial.Refusal is { } refusal)
        {
            run.Say($"{file} by profile {trial.Profile}: {refusal}");
            return;
        }

        run.Say($"{file} by profile {trial.Profile}: {trial.Rows:N0} rows, {trial.Values:N0} values of {trial.Series:N0} series{(trial.From is { } from ? $" from {from} to {trial.To}" : "")}, {trial.Missing:N0} missing, {trial.Rejected:N0} rows rejected");
        if (trial.First.Count > 0)
        {
            run.WriteTable(
                ["meter", "channel", "start (UTC)", "minutes", "value", "unit", "quality"],
                trial.First.Select(v => (IReadOnlyList<string?>)[v.Meter, v.Channel, v.Start.ToString(), $"{v.Minutes}", $"{v.Value}", v.Unit, v.Quality]));
        }

        if (trial.Rejects.Count > 0)
        {
            run.WriteTable(["line", "column", "value", "reason"], trial.Rejects.Select(r => (IReadOnlyList<string?>)[$"{r.Line}", r.Field, r.Value, r.Reason]));
        }
    }

    private static Command List(Cli cli) => cli.Act(
        new Command("list", "The profiles there are"),
        run =>
        {
            var all = new ProfileCatalogue(run.Settings.Imports.Profiles).All();
            run.WriteTable(["name", "shape", "zone", "from", "description"], all.Select(p => (IReadOnlyList<string?>)[p.Profile.Name, p.Profile.ShapeText, p.Profile.Zone, p.IsShipped ? "shipped" : "own", p.Profile.Description]));
            run.WriteJson(new { profiles = all.Select(p => new { p.Profile.Name, shape = p.Profile.ShapeText, p.Profile.Zone, is_shipped = p.IsShipped, p.Profile.Description }) });
            return Task.FromResult(ExitCode.Ok);
        },
        "rondo imports profile list");

    private static Command Show(Cli cli)
    {
        var name = new Argument<string>("NAME") { Description = "The profile" };
        return cli.Act(
            new Command("show", "A profile as YAML: a beginning for one of your own") { name },
            run =>
            {
                try
                {
                    var profile = new ProfileCatalogue(run.Settings.Imports.Profiles).Find(run.Get(name)!);
                    run.Say(profile.Text.TrimEnd());
                    run.WriteJson(new { profile.Name, yaml = profile.Text });
                    return Task.FromResult(ExitCode.Ok);
                }
                catch (ImportRefused refused)
                {
                    throw new CommandFault(ExitCode.Problem, refused.Message);
                }
            },
            "rondo imports profile show wide-half-hours > mine.yaml");
    }
}
