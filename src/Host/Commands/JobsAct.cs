using System.CommandLine;
using Rondo.Jobs;

namespace Rondo.Host.Commands;

/// <summary><c>rondo jobs retry|cancel|discard|release</c>: one job, or all that a filter finds.</summary>
internal static class JobsAct
{
    public static Command Create(Cli cli, JobVerb verb)
    {
        var word = Word(verb);
        var (what, done) = verb switch
        {
            JobVerb.Retry => ("Run a job again that has ended, with all its attempts, or a scheduled one at once. All: those that are dead, unless --state says otherwise.", "runs again"),
            JobVerb.Cancel => ("End a job; a running one when its node obeys. All: those that have not ended, unless --state says otherwise.", "is cancelled"),
            JobVerb.Discard => ("Give up a job that waits or is dead. All: those that are dead, unless --state says otherwise.", "is given up"),
            _ => ("Take a running job from its node, whose writes about it are refused from then on, and have it run again. All: those that run.", "is taken from its node and runs again"),
        };
        var id = new Argument<long?>("ID") { Description = "The job", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command(word, what + " Exit code 1 when it cannot be done.") { id };
        var all = new Option<bool>("--all") { Description = "All jobs that the other options find, 200 in a transaction; without it one of these has to be given" };
        var dry = new Option<bool>("--dry-run") { Description = "Only say how many, and the first ten" };
        var filter = new JobFilterOptions();
        command.Add(all);
        command.Add(dry);
        filter.AddTo(command);
        return cli.Act(
            command,
            run => (run.Get(id), run.Get(all) || filter.IsGiven(run)) switch
            {
                ({ } one, false) when !run.Get(dry) => OneAsync(run, verb, one, done),
                (null, true) => AllAsync(run, verb, filter, run.Get(dry)),
                ({ }, _) => throw new CommandFault(ExitCode.Misuse, $"jobs {word}: the id of one job, or options that choose, or --all; not both"),
                _ => throw new CommandFault(ExitCode.Misuse, $"jobs {word}: which one? expected the id of a job, options that choose (--queue, --state, …), or --all"),
            },
            $"rondo jobs {word} 4711",
            $"rondo jobs {word} --queue payments --error timeout --dry-run",
            $"rondo jobs {word} --all");
    }

    private static string Word(JobVerb verb) => verb.ToString().ToLowerInvariant();

    private static Task<int> OneAsync(Run run, JobVerb verb, long id, string done) => JobsCommand.UseAsync(run.Labelled("jobs." + Word(verb), $"{id}"), async (jobs, _) =>
    {
        var change = await jobs.ActAsync(verb, id, run.Stop);
        if (change.Job is not { } job)
        {
            throw JobsCommand.Unknown(id);
        }

        if (change.Refusal is { } refusal)
        {
            throw new CommandFault(ExitCode.Problem, $"{Word(verb)} job {id}: {refusal}. rondo jobs explain {id} tells more");
        }

        run.Say(verb == JobVerb.Cancel && job.State == "running" ? $"job {id} is running; its node {job.Node} is asked to end it" : $"job {id} {done} ({job.State})");
        run.WriteJson(new { id, verb = Word(verb), state = job.State });
        return ExitCode.Ok;
    });

    private static Task<int> AllAsync(Run run, JobVerb verb, JobFilterOptions filter, bool isDryRun) => JobsCommand.UseAsync(run.Labelled("jobs." + Word(verb), filter.Read(run).ToString()), async (jobs, _) =>
    {
        var bulk = await jobs.ActOnAllAsync(verb, filter.Read(run), isDryRun, run.Stop);
        var first = bulk.First.Count == 0 ? "" : $"; the first: {string.Join(", ", bulk.First)}";
        run.Say(isDryRun ? $"{Word(verb)} would be tried with {bulk.Found:N0} jobs{first}" : $"{Word(verb)}: done with {bulk.Done:N0} of {bulk.Found:N0} jobs{first}");
        foreach (var refusal in bulk.Refusals)
        {
            run.Say($"refused: {refusal}");
        }

        run.WriteJson(new { verb = Word(verb), bulk.Found, bulk.Done, bulk.Refused, bulk.First, bulk.Refusals, bulk.IsDryRun });
        return bulk.Refused == 0 ? ExitCode.Ok : ExitCode.Problem;
    });
}
