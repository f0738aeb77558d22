using System.CommandLine;
using Rondo.Host.Logs;

namespace Rondo.Host.Commands;

/// <summary><c>--log-format</c>, of whatever runs jobs or polls.</summary>
internal static class LogFormatOption
{
    /// <summary>The option.</summary>
    public static Option<string?> Create() => new("--log-format")
    {
        Description = $"How lines of the log are written: {LogFormats.Words} [default: auto, that is systemd for its journal, else pretty]",
        HelpName = "FORMAT",
    };

    /// <summary>What was given of it, for the settings.</summary>
    public static (string Key, string Option, string? Text) Of(Run run, Option<string?> option) => ("log.format", option.Name, run.Get(option));
}
