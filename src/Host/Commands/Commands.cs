using System.CommandLine;

namespace Rondo.Host.Commands;

/// <summary>Every command, listed by hand.</summary>
internal static class Commands
{
    public static IEnumerable<Command> All(Cli cli) =>
    [
        DemoCommand.Create(cli),
        ServeCommand.Create(cli),
        DevicesCommand.Create(cli),
        PollingCommand.Create(cli),
        ReadingsCommand.Create(cli),
        NodesCommand.Create(cli),
        JobsCommand.Create(cli),
        BatchesCommand.Create(cli),
        QueuesCommand.Create(cli),
        WorkersCommand.Create(cli),
        SchedulesCommand.Create(cli),
        ImportsCommand.Create(cli),
        WorkCommand.Create(cli),
        UsersCommand.Create(cli),
        TokensCommand.Create(cli),
        SecretsCommand.Create(cli),
        AuditCommand.Create(cli),
        TraceCommand.Create(cli),
        WatchCommand.Create(cli),
        LiveCommand.Create(cli),
        DatabaseCommand.Create(cli),
        ConfigCommand.Create(cli),
        SimulateCommand.Create(cli),
    ];
}
