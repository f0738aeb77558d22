using System.CommandLine;
using Rondo.Host.Settings;

namespace Rondo.Host.Commands;

/// <summary><c>rondo config</c>; no database is asked.</summary>
internal static class ConfigCommand
{
    public static Command Create(Cli cli) => new("config", "See and check the settings; needs no database")
    {
        cli.Act(
            new Command("show", "Every setting with its value and where it came from; secrets are masked"),
            Show,
            "rondo config show",
            "rondo config show --config /etc/rondo/rondo.json --json"),
        cli.Act(
            new Command("check", "Say what is wrong with the settings. Exit code 1 when something is, 64 when the file cannot be read."),
            Check,
            "rondo config check --config /etc/rondo/rondo.json"),
    };

    private static Task<int> Show(Run run)
    {
        var reading = run.ReadSettings([]);
        run.WriteTable(["setting", "value", "source", "meaning"], reading.Values.Zip(Setting.All, (v, s) => (IReadOnlyList<string?>)[v.Key, v.Value, v.Source, s.Meaning]));
        run.WriteJson(new { file = reading.File, settings = reading.Values, reading.Problems });
        return Task.FromResult(Problems(run, reading));
    }

    private static Task<int> Check(Run run)
    {
        var reading = run.ReadSettings([]);
        var code = Problems(run, reading);
        run.WriteJson(new { file = reading.File, ok = code == ExitCode.Ok, reading.Problems });
        if (code == ExitCode.Ok)
        {
            run.Say(reading.File is null ? "the settings are good (no file; defaults, environment and options)" : $"the settings in {reading.File} are good");
        }

        return Task.FromResult(code);
    }

    private static int Problems(Run run, SettingsReading reading)
    {
        foreach (var problem in reading.Problems)
        {
            run.Warn("rondo: " + problem);
        }

        return reading.Problems.Count == 0 ? ExitCode.Ok : reading.IsFileUnreadable ? ExitCode.Misuse : ExitCode.Problem;
    }
}
