using System.CommandLine;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary>The options that say which jobs are meant.</summary>
internal sealed class JobFilterOptions
{
    private readonly Option<string?> _state = new("--state") { Description = string.Join(", ", JobStates.All.Select(s => s.Text())), HelpName = "STATE" };
    private readonly Option<string?> _queue = new("--queue") { Description = "Of this queue", HelpName = "QUEUE" };
    private readonly Option<string?> _kind = new("--kind") { Description = "Of this kind", HelpName = "KIND" };
    private readonly Option<string?> _error = new("--error") { Description = "Whose error, or that of the last attempt, contains this", HelpName = "TEXT" };
    private readonly Option<string?> _tag = new("--tag") { Description = "With this tag", HelpName = "TAG" };
    private readonly Option<long?> _batch = new("--batch") { Description = "Of this batch", HelpName = "ID" };

    public void AddTo(Command command)
    {
        command.Add(_state);
        command.Add(_queue);
        command.Add(_kind);
        command.Add(_error);
        command.Add(_tag);
        command.Add(_batch);
    }

    /// <summary>True when any of them was given.</summary>
    public bool IsGiven(Run run) => run.Has(_state) || run.Has(_queue) || run.Has(_kind) || run.Has(_error) || run.Has(_tag) || run.Has(_batch);

    public JobFilter Read(Run run) => new()
    {
        State = State(run.Get(_state)), Queue = run.Get(_queue), Kind = run.Get(_kind), Error = run.Get(_error), Tag = run.Get(_tag), Batch = run.Get(_batch),
    };

    /// <summary>Reads a state; null stays null.</summary>
    public static JobState? State(string? text) => text is null ? null
        : JobStates.TryParse(text, out var state) ? state
        : throw new CommandFault(ExitCode.Misuse, $"--state: '{text}' is no state; expected one of {string.Join(", ", JobStates.All.Select(s => s.Text()))}");
}
