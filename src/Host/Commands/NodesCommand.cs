using System.CommandLine;
using System.Globalization;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo nodes list|drain|resume</c>.</summary>
internal static class NodesCommand
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100);

    public static Command Create(Cli cli) => new("nodes", "Running servers: who polls what, whose lease is how old, whose clock is off") { List(cli), Drain(cli), Resume(cli) };

    private static Command List(Cli cli)
    {
        var all = new Option<bool>("--all") { Description = "Also those that ended" };
        var list = new Command("list", "The nodes (running servers) this database knows. Exit code 1 when none runs.") { all };
        return cli.Act(list, run => run.UseDatabaseAsync(database => ListAsync(run, database, run.Get(all))), "rondo nodes list", "rondo nodes list --all --json");
    }

    private static async Task<int> ListAsync(Run run, Database database, bool all)
    {
        var nodes = await ReadAsync(run, database);
        var shown = nodes.Where(n => all || n.State == "live").ToArray();
        var running = nodes.Count(n => n.IsRunning);
        run.WriteTable(
            ["node", "runs", "state", "host", "pid", "roles", "version", "owns", "lease", "progress", "clock", "started", "ended", "revision"],
            shown.Select(n => (IReadOnlyList<string?>)
            [
                n.Id, n.IsRunning ? "yes" : "no", n.IsDraining ? "draining" : n.State, n.Host, Text(n.Pid), string.Join(',', n.Roles), n.Version, Text(n.Endpoints),
                Ago(n.LeaseAgeS), Ago(n.ProgressAgeS), n.ClockOffsetS is { } offset ? offset.ToString("+0.000 s;-0.000 s", CultureInfo.InvariantCulture) : null,
                n.StartedAt.ToString(), n.EndedAt?.ToString(), Text(n.SeenRevision),
            ]));
        run.Say(running == 0 ? "no node runs. Start one: rondo serve" : $"{running} running");
        run.WriteJson(new { running, nodes = shown });
        return running > 0 ? ExitCode.Ok : ExitCode.Problem;
    }

    private static Command Drain(Cli cli)
    {
        var node = new Argument<string>("NODE") { Description = "Its id, or how it begins" };
        var force = new Option<bool>("--force") { Description = "Also when it is the only one that polls" };
        var drain = new Command(
            "drain",
            "Let a node give everything it owns to the others, between slots; it keeps running and takes nothing until it is resumed or started again. Waits up to 60 s; exit code 1 when it still owns something then.")
        { node, force };
        return cli.Act(
            drain, run => run.UseDatabaseAsync(database => SetAsync(run, database, run.Get(node)!, drains: true, run.Get(force))), "rondo nodes drain 4k7p", "rondo nodes drain 4k7p9x --json");
    }

    private static Command Resume(Cli cli)
    {
        var node = new Argument<string>("NODE") { Description = "Its id, or how it begins" };
        var resume = new Command("resume", "Let a drained node own its share again") { node };
        return cli.Act(resume, run => run.UseDatabaseAsync(database => SetAsync(run, database, run.Get(node)!, drains: false, isForced: true)), "rondo nodes resume 4k7p");
    }

    private static async Task<int> SetAsync(Run run, Database database, string name, bool drains, bool isForced)
    {
        var (result, id) = await NodeDrain.SetAsync(database, name, drains, isForced, run.Stop);
        if (result != DrainResult.Stored)
        {
            throw new CommandFault(ExitCode.Problem, NodeDrain.Why(result, id));
        }

        await run.HintAsync(database);
        var started = run.Time.GetTimestamp();
        var left = await OwnedAsync(run, database, id);
        var before = left;
        while (drains && left > 0 && run.Time.GetElapsedTime(started) < _patience)
        {
            await Task.Delay(_look, run.Time, run.Stop);
            var now = await OwnedAsync(run, database, id);
            if (now != left && now > 0)
            {
                run.Say($"{now} of {before} endpoints left");
            }

            left = now;
        }

        var took = run.Time.GetElapsedTime(started);
        run.WriteJson(new { node = id, is_draining = drains, endpoints = left, took_ms = Math.Round(took.TotalMilliseconds) });
        run.Say(!drains ? $"node {id} takes its share again"
            : left == 0 ? $"node {id} owns nothing any more ({before} endpoints given back in {took.TotalSeconds:0.0} s). It takes nothing until: rondo nodes resume {id}"
            : $"node {id} is to give everything back, and still owns {left} of {before} endpoints after {took.TotalSeconds:0} s. Does it run? rondo nodes list");
        return left == 0 || !drains ? ExitCode.Ok : ExitCode.Problem;
    }

    private static async Task<int> OwnedAsync(Run run, Database database, string id) =>
        (await ReadAsync(run, database)).FirstOrDefault(n => n.Id == id)?.Endpoints ?? 0;

    private static Task<IReadOnlyList<NodeView>> ReadAsync(Run run, Database database) =>
        database.ReadAsync("nodes.list", tx => NodeView.Read(tx, database.Address, me: ""), run.Stop);

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    private static string? Ago(double? seconds) => seconds is { } s ? s.ToString("0.0 s", CultureInfo.InvariantCulture) : null;
}
