using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Invocation;

namespace Rondo.Host.Commands;

/// <summary>The library's help, followed by examples.</summary>
internal sealed class ExampleHelp(HelpAction usual, IReadOnlyDictionary<Command, string[]> examples) : SynchronousCommandLineAction
{
    /// <inheritdoc/>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        usual.Invoke(parseResult);
        if (examples.GetValueOrDefault(parseResult.CommandResult.Command) is { Length: > 0 } lines)
        {
            var output = parseResult.InvocationConfiguration.Output;
            output.WriteLine("Examples:");
            foreach (var line in lines)
            {
                output.WriteLine("  " + line);
            }

            output.WriteLine();
        }

        return ExitCode.Ok;
    }
}
