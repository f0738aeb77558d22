using System.CommandLine;
using Rondo.Nodes;

namespace Rondo.Host.Commands;

/// <summary><c>rondo nodes list</c>.</summary>
internal static class NodesCommand
{
    public static Command Create(Cli cli)
    {
        var all = new Option<bool>("--all") { Description = "Also those that ended" };
        var list = new Command("list", "The nodes (running servers) this database knows. Exit code 1 when none runs.") { all };
        cli.Act(
            list,
            run => run.UseDatabaseAsync(async database =>
            {
                var (nodes, running) = await database.ReadAsync(
                    "nodes.list",
                    tx =>
                    {
                        var rows = NodeRegister.All(tx);
                        return (rows, rows.Where(n => NodeRegister.IsRunning(n, database.Address, tx.Now)).Select(n => n.Id).ToHashSet());
                    },
                    run.Stop);
                var shown = nodes.Where(n => run.Get(all) || n.State == "live").ToArray();
                run.WriteTable(
                    ["node", "runs", "state", "host", "pid", "roles", "version", "started", "ended", "revision"],
                    shown.Select(n => (IReadOnlyList<string?>)
                    [
                        n.Id, running.Contains(n.Id) ? "yes" : "no", n.State, n.Host, n.Pid.ToString(), n.Roles, n.Version, n.StartedAt.ToString(), n.EndedAt?.ToString(), n.SeenRevision.ToString(),
                    ]));
                run.Say(running.Count == 0 ? "no node runs. Start one: rondo serve" : $"{running.Count} running");
                run.WriteJson(new
                {
                    running = running.Count,
                    nodes = shown.Select(n => new { n.Id, running = running.Contains(n.Id), n.State, n.Host, n.Pid, n.Roles, n.Version, n.StartedAt, n.EndedAt, n.ExpiresAt, n.SeenRevision }),
                });
                return running.Count > 0 ? ExitCode.Ok : ExitCode.Problem;
            }),
            "rondo nodes list",
            "rondo nodes list --all --json");
        return new Command("nodes", "Running servers") { list };
    }
}
