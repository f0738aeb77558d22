using System.CommandLine;

namespace Rondo.Host.Commands;

/// <summary><c>rondo polling</c>.</summary>
internal static class PollingCommand
{
    public static Command Create(Cli cli) => new("polling", "Start, stop, watch and prove polling")
    {
        PollingSwitch.Create(cli, on: true),
        PollingSwitch.Create(cli, on: false),
        PollingNow.Create(cli),
        PollingStatusCommand.Create(cli),
        PollingAudit.Create(cli),
        PollingValidate.Create(cli),
    };
}
