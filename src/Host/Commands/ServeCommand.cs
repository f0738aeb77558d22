using System.CommandLine;
using Rondo.Host.Settings;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo serve</c>.</summary>
internal static class ServeCommand
{
    public static Command Create(Cli cli)
    {
        var roles = new Option<string?>("--roles") { Description = "What this server does: poll, work, api [default: poll,work,api]", HelpName = "LIST" };
        var http = new Option<string?>("--http") { Description = "Where the HTTP API listens; beyond this machine https with the setting http.certificate [default: http://127.0.0.1:8750]", HelpName = "ADDRESS" };
        var insecure = new Option<bool>("--insecure") { Description = "Listen beyond this machine without https, where everybody on the way can read the tokens" };
        var redis = new Option<string?>("--redis") { Description = "A Redis that carries hints between servers beside PostgreSQL; nothing depends on it [default: none]", HelpName = "HOST:PORT" };
        var format = LogFormatOption.Create();
        var verbose = new Option<bool>("--verbose", "-v") { Description = "Log more" };
        var command = new Command("serve", "Run the server: polls the devices of the database until it is told to stop (SIGTERM, Ctrl-C)") { roles, http, insecure, redis, format, verbose };
        return cli.Act(
            command,
            run => ServeAsync(run, [("roles", "--roles", run.Get(roles)), ("http.address", "--http", run.Get(http)), ("http.insecure", "--insecure", run.Get(insecure) ? "true" : null), ("redis", "--redis", run.Get(redis)), LogFormatOption.Of(run, format)], run.Get(verbose)),
            "rondo serve",
            "rondo serve --database sqlite:/var/lib/rondo/rondo.db",
            "rondo serve --database postgres://rondo:secret@127.0.0.1/rondo --roles poll",
            "rondo serve --database postgres://rondo:secret@127.0.0.1/rondo --redis 127.0.0.1:6379");
    }

    private static async Task<int> ServeAsync(Run run, IReadOnlyList<(string Key, string Option, string? Text)> own, bool verbose)
    {
        var reading = run.ReadSettings(own);
        if (reading.Settings is not { } settings)
        {
            throw new CommandFault(ExitCode.Misuse, string.Join("\nrondo: ", reading.Problems));
        }

        run.Adopt(settings);
        if (settings.Database.Kind == DatabaseKind.Sqlite)
        {
            DataFolder.Prepare(run.Shell.Variable, settings.Database.Target);
        }

        using var files = JobLogs.Open(settings.Jobs.Log, run.Time);
        using var logs = run.Shell.Logs(verbose ? LogLevel.Debug : LogLevel.Information, settings.LogFormat).With(files);
        using var systemd = Systemd.SystemdNotifier.FromEnvironment();
        return await new Watch(settings, run.Time, logs, systemd, state => run.WriteJson(state), files).RunAsync(run.Stop);
    }
}
