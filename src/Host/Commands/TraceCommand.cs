using System.CommandLine;
using Rondo.Host.Tracing;

namespace Rondo.Host.Commands;

/// <summary><c>rondo trace ID</c>.</summary>
internal static class TraceCommand
{
    public static Command Create(Cli cli)
    {
        var id = new Argument<string>("ID") { Description = "A correlation id (X-Correlation-Id, --correlation) or a trace id (32 hexadecimal digits)" };
        return cli.Act(
            new Command("trace", "The path of a request: what it changed, its jobs with their attempts, their events. Exit code 1 when nothing is known of it.") { id },
            run => TraceReader.IsId(run.Get(id)!)
                ? JobsCommand.UseAsync(run, async (jobs, database) =>
                {
                    var path = await TraceReader.ReadAsync(database, jobs, run.Get(id)!, isAdmin: true, run.Stop);
                    run.WriteTable(["at", "what", "", "correlation", "trace"], path.Steps.Select(s => (IReadOnlyList<string?>)[s.At.ToString(), s.What, s.Summary, s.CorrelationId, s.TraceId]));
                    run.Say(path.Steps.Count == 0 ? $"nothing is known of {path.Id}: it never was, changed nothing, or its time is over" : path.IsCut ? "there is more than is told here" : $"{path.Steps.Count} steps");
                    run.WriteJson(path);
                    return path.Steps.Count == 0 ? ExitCode.Problem : ExitCode.Ok;
                })
                : throw new CommandFault(ExitCode.Misuse, "this is neither a correlation id nor a trace id; expected 1 to 64 letters, digits, '-', '_', '.', ':'"),
            "rondo trace order-4711",
            "rondo trace 0af7651916cd43dd8448eb211c80319c --json");
    }
}
