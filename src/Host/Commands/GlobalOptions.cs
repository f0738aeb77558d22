using System.CommandLine;

namespace Rondo.Host.Commands;

/// <summary>The options every command has.</summary>
internal sealed class GlobalOptions
{
    public Option<string?> Database { get; } = new("--database", "-d")
    {
        Description = "sqlite:PATH, or postgres://user:password@host:port/database",
        HelpName = "ADDRESS",
        Recursive = true,
    };

    public Option<string?> Config { get; } = new("--config", "-c")
    {
        Description = "Settings as JSON [default: /etc/rondo/rondo.json when it exists]",
        HelpName = "FILE",
        Recursive = true,
    };

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON document on one line", Recursive = true };

    public void AddTo(Command root)
    {
        root.Options.Add(Database);
        root.Options.Add(Config);
        root.Options.Add(Json);
    }
}
