using System.Text.Json;
using Rondo.Host.Commands;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Commands as a user types them, in this process, in a folder and with an environment of their own.</summary>
internal sealed class CommandRun
{
    private readonly string _usualConfig;

    public CommandRun(TempFolder folder)
    {
        Folder = folder;
        _usualConfig = folder.At("usual.json");
        Variables["HOME"] = folder.Path;
        Variables["RONDO_KEYS_FOLDER"] = TestKeys.Folder;
        Database = "sqlite:" + folder.At("rondo.db");
    }

    public TempFolder Folder { get; }

    /// <summary>What every command gets as --database; null leaves it out.</summary>
    public string? Database { get; set; }

    public Dictionary<string, string> Variables { get; } = [];

    /// <summary>What is piped into the next command.</summary>
    public string Input { get; set; } = "";

    /// <summary>True for a person who watches.</summary>
    public bool IsTerminal { get; set; }

    public string Output { get; private set; } = "";

    public string Error { get; private set; } = "";

    /// <summary>The document that a command with --json printed.</summary>
    public JsonElement Json => JsonDocument.Parse(Output.Trim()).RootElement;

    /// <summary>Runs a command; returns its exit code.</summary>
    public Task<int> RunAsync(params string[] arguments) => RunAsync(CancellationToken.None, arguments);

    public async Task<int> RunAsync(CancellationToken stop, params string[] arguments)
    {
        var (output, error) = (new StringWriter(), new StringWriter());
        var shell = new Shell
        {
            Output = TextWriter.Synchronized(output),
            Error = TextWriter.Synchronized(error),
            Variable = name => Variables.GetValueOrDefault(name),
            UsualConfig = _usualConfig,
            Input = new StringReader(Input),
            Stop = stop,
            IsTerminal = IsTerminal,
        };
        var code = await Cli.RunAsync(Database is null ? arguments : [.. arguments, "--database", Database], shell);
        (Output, Error) = (output.ToString(), error.ToString());
        Assert.DoesNotContain("   at ", Error, StringComparison.Ordinal);
        return code;
    }

    /// <summary>Runs a command that must succeed.</summary>
    public async Task<CommandRun> GoodAsync(params string[] arguments)
    {
        var code = await RunAsync(arguments);
        Assert.True(code == 0, $"rondo {string.Join(' ', arguments)} ended with {code}: {Error}{Output}");
        return this;
    }

    /// <summary>A migrated database with the devices of a file.</summary>
    public async Task<CommandRun> WithDevicesAsync(string yaml)
    {
        await GoodAsync("database", "migrate");
        return await GoodAsync("devices", "apply", Folder.Write("devices.yaml", yaml));
    }
}
