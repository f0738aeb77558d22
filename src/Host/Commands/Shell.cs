using Rondo.Jobs.Logs;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary>What a command has around it. Tests bring their own.</summary>
internal sealed record Shell
{
    /// <summary>Where results go.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Where errors and logs go.</summary>
    public required TextWriter Error { get; init; }

    /// <summary>What is piped in.</summary>
    public TextReader Input { get; init; } = TextReader.Null;

    /// <summary>Asks for a line that is not shown, on a terminal; null when there is none.</summary>
    public Func<string, string>? ReadHidden { get; init; }

    /// <summary>Time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>An environment variable, or null.</summary>
    public Func<string, string?> Variable { get; init; } = Environment.GetEnvironmentVariable;

    /// <summary>The configuration file that is read when it exists and none was named.</summary>
    public string UsualConfig { get; init; } = "/etc/rondo/rondo.json";

    /// <summary>True when a person watches the output on a terminal.</summary>
    public bool IsTerminal { get; init; }

    /// <summary>Cancelled by Ctrl-C or SIGTERM.</summary>
    public CancellationToken Stop { get; init; }

    /// <summary>The surroundings of this process.</summary>
    public static Shell OfProcess(CancellationToken stop) => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Input = Console.In,
        ReadHidden = Console.IsInputRedirected ? null : SecretInput.ReadHidden,
        IsTerminal = !Console.IsOutputRedirected && Environment.GetEnvironmentVariable("TERM") is not (null or "" or "dumb"),
        Stop = stop,
    };

    /// <summary>The output as Spectre sees it; without a terminal no colours, and lines as long as they need be.</summary>
    public IAnsiConsole OpenConsole()
    {
        var console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(Output),
            Ansi = IsTerminal ? AnsiSupport.Detect : AnsiSupport.No,
            ColorSystem = IsTerminal ? ColorSystemSupport.Detect : ColorSystemSupport.NoColors,
            Interactive = IsTerminal ? InteractionSupport.Detect : InteractionSupport.No,
        });
        if (!IsTerminal)
        {
            console.Profile.Width = 1_000;
        }

        return console;
    }

    /// <summary>A logger factory whose lines go to standard error, one each: with priorities for the journal of systemd, with the time elsewhere.</summary>
    public ILoggerFactory Logs(LogLevel least) => LoggerFactory.Create(logs =>
    {
        logs.SetMinimumLevel(least);
        logs.AddFilter("Microsoft", LogLevel.Warning);

        // The files of queues, where there are any, hold what handlers say however little the rest of the log tells.
        logs.AddFilter<JobLogFiles>("rondo", LogLevel.Information);
        logs.AddFilter<JobLogFiles>("rondo.jobs", LogLevel.Debug);
        if (Variable("JOURNAL_STREAM") is { Length: > 0 })
        {
            logs.AddSystemdConsole(format => format.IncludeScopes = true);
        }
        else
        {
            logs.AddSimpleConsole(format =>
            {
                format.SingleLine = true;
                format.IncludeScopes = true;
                format.UseUtcTimestamp = true;
                format.TimestampFormat = "yyyy-MM-dd'T'HH:mm:ss.fff'Z' ";
                format.ColorBehavior = Microsoft.Extensions.Logging.Console.LoggerColorBehavior.Disabled;
            });
        }

        logs.Services.Configure<Microsoft.Extensions.Logging.Console.ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace);
    });
}
