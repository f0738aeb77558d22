using System.CommandLine;

namespace Rondo.Host.Commands;

/// <summary><c>rondo demo</c>.</summary>
internal static class DemoCommand
{
    public static Command Create(Cli cli)
    {
        var devices = new Option<int>("--devices") { Description = "Simulated meters, 1 to 10000", DefaultValueFactory = _ => 20, HelpName = "N" };
        var interval = new Option<string>("--interval") { Description = "How often each is polled, 100ms to 1h", DefaultValueFactory = _ => "1s", HelpName = "TIME" };
        var seconds = new Option<double?>("--seconds") { Description = "Stop after that long [default: at Ctrl-C]", HelpName = "N" };
        var keep = new Option<bool>("--keep") { Description = "Keep the database, and say where it is" };
        var command = new Command("demo", "See it work: simulated Modbus meters on this machine, polled into a temporary database, watched live, and proved complete at the end")
        {
            devices, interval, seconds, keep,
        };
        return cli.Act(
            command,
            run => new DemoRun(run, Settings(run.Get(devices), run.Get(interval)!, run.Get(seconds), run.Get(keep))).RunAsync(),
            "rondo demo",
            "rondo demo --devices 500 --interval 500ms",
            "rondo demo --seconds 10 --json");
    }

    private static DemoSettings Settings(int devices, string interval, double? seconds, bool keep)
    {
        if (devices is < 1 or > 10_000)
        {
            throw new CommandFault(ExitCode.Misuse, $"--devices: {devices} is out of range; expected 1 to 10000");
        }

        if (seconds is not (null or (> 0 and <= 86_400)))
        {
            throw new CommandFault(ExitCode.Misuse, $"--seconds: {seconds} is out of range; expected more than 0, at most 86400");
        }

        var span = TimeOptions.Span("--interval", interval, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        return span.Ticks % TimeSpan.TicksPerMillisecond == 0
            ? new DemoSettings(devices, span, seconds, keep)
            : throw new CommandFault(ExitCode.Misuse, $"--interval: {interval} is too fine; expected whole milliseconds");
    }
}

/// <summary>What a demo is made of.</summary>
/// <param name="Devices">Simulated meters.</param>
/// <param name="Interval">Their interval.</param>
/// <param name="Seconds">How long, or null until it is stopped.</param>
/// <param name="Keep">Whether the database stays.</param>
internal sealed record DemoSettings(int Devices, TimeSpan Interval, double? Seconds, bool Keep);
