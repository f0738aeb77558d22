using Rondo.Host.Logs;
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

    /// <summary>A log whose lines go to standard error, one each.</summary>
    /// <param name="least">The least level.</param>
    /// <param name="format">How they are written.</param>
    public ProgramLogs Logs(LogLevel least, LogFormat format) => new(least, format.In(Variable));
}
