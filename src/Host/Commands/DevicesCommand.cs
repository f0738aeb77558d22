using System.CommandLine;

namespace Rondo.Host.Commands;

/// <summary><c>rondo devices</c>.</summary>
internal static class DevicesCommand
{
    public static Command Create(Cli cli) => new("devices", "Configure devices and try them")
    {
        DevicesApply.Create(cli),
        DevicesList.Create(cli),
        DevicesShow.Create(cli),
        DevicesRemove.Create(cli),
        DevicesTest.Create(cli),
        DevicesProbe.Create(cli),
        DevicesSecret.Create(cli),
    };
}
