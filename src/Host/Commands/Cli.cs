using System.CommandLine;
using System.CommandLine.Help;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary>The command line: what there is, and the one border where faults become a sentence and an exit code.</summary>
internal sealed class Cli
{
    private readonly Shell _shell;
    private readonly GlobalOptions _options = new();
    private readonly Dictionary<Command, string[]> _examples = [];

    private Cli(Shell shell) => _shell = shell;

    /// <summary>Parses and runs one command.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments, Shell shell)
    {
        var cli = new Cli(shell);
        var parsed = cli.Build().Parse(arguments, new ParserConfiguration { EnablePosixBundling = false, ResponseFileTokenReplacer = null });
        if (parsed.Errors.Count > 0 && parsed.Action is not (ExampleHelp or HelpAction))
        {
            foreach (var error in parsed.Errors)
            {
                await shell.Error.WriteLineAsync("rondo: " + error.Message);
            }

            await shell.Error.WriteLineAsync($"Try: {Path(parsed.CommandResult.Command)} --help");
            if (arguments.Contains("--json"))
            {
                await shell.Output.WriteLineAsync(Json.Write(new { error = string.Join("; ", parsed.Errors.Select(e => e.Message)), exit_code = ExitCode.Misuse }));
            }

            return ExitCode.Misuse;
        }

        // Our own signals and our own border: the library would end the process after a time-out, and print stack traces.
        return await parsed.InvokeAsync(
            new InvocationConfiguration { Output = shell.Output, Error = shell.Error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null },
            shell.Stop);
    }

    /// <summary>Gives <paramref name="command"/> its action.</summary>
    public Command Act(Command command, Func<Run, Task<int>> action, params string[] examples)
    {
        _examples[command] = examples;
        command.SetAction((parsed, stop) => GuardAsync(new Run(parsed, _options, _shell, stop), action));
        return command;
    }

    private RootCommand Build()
    {
        var root = new RootCommand("Keeps a fleet of field devices under control: polls every device exactly once per interval and keeps every reading once.");
        _options.AddTo(root);
        foreach (var command in Commands.All(this))
        {
            root.Subcommands.Add(command);
        }

        _examples[root] = ["rondo demo", "rondo serve --database sqlite:/var/lib/rondo/rondo.db", "rondo devices apply devices.yaml", "rondo polling status"];
        foreach (var option in root.Options)
        {
            if (option is HelpOption { Action: HelpAction action } help)
            {
                help.Action = new ExampleHelp(action, _examples);
            }
        }

        return root;
    }

    private async Task<int> GuardAsync(Run run, Func<Run, Task<int>> action)
    {
        var (code, message) = await FaultAsync(run, action);
        if (message is not null)
        {
            await _shell.Error.WriteLineAsync("rondo: " + message);
            if (run.IsJson)
            {
                await _shell.Output.WriteLineAsync(Json.Write(new { error = message, exit_code = code }));
            }
        }

        return code;
    }

    private static async Task<(int Code, string? Message)> FaultAsync(Run run, Func<Run, Task<int>> action)
    {
        try
        {
            return (await action(run), null);
        }
        catch (CommandFault fault)
        {
            return (fault.Code, fault.Message);
        }
        catch (StorageFault fault)
        {
            return (ExitCode.Problem, fault.Message);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            return (ExitCode.Problem, fault.Message);
        }
        catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
        {
            return (ExitCode.Interrupted, null);
        }
        catch (Exception bug) when (bug is not OutOfMemoryException)
        {
            // Nobody is helped by a stack trace who has not asked for one.
            var trace = run.Shell.Variable("RONDO_TRACE") is { Length: > 0 } ? "\n" + bug : " RONDO_TRACE=1 shows where";
            return (ExitCode.Problem, $"this is a bug in Rondo: {bug.GetType().Name}: {bug.Message}{trace}");
        }
    }

    private static string Path(Command command)
    {
        var names = new Stack<string>();
        for (Symbol? at = command; at is Command and not RootCommand; at = at.Parents.FirstOrDefault())
        {
            names.Push(at.Name);
        }

        return string.Join(' ', names.Prepend("rondo"));
    }
}
