using Rondo.Jobs;
using Rondo.Nodes;
using Rondo.Storage;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary>How a job goes, on a terminal, until it has ended: a bar with how far it says it is.</summary>
internal static class JobFollow
{
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(500);

    /// <summary>Follows it; true when it has ended well, nobody is there to begin it, or whoever looked pressed Ctrl-C, which ends only the looking.</summary>
    public static Task<bool> RunAsync(Run run, Database database, long id)
    {
        var jobs = JobsCommand.Operations(run, database, new HashSet<string>());
        return RunAsync(
            run.Shell.OpenConsole(),
            id,
            () => jobs.ShowAsync(id, CancellationToken.None),
            () => database.ReadAsync("jobs.workers", tx => NodeRegister.All(tx).Exists(n => n.HasRole("work") && NodeRegister.IsRunning(n, database.Address, tx.Now)), CancellationToken.None),
            run.Time,
            run.Say,
            run.Stop);
    }

    /// <summary>The same of what <paramref name="find"/> tells. One that is not there any more has not ended well, as far as anybody can say.</summary>
    public static async Task<bool> RunAsync(IAnsiConsole console, long id, Func<Task<JobDetails?>> find, Func<Task<bool>> isWorked, TimeProvider time, Action<string> say, CancellationToken stop)
    {
        var (isGood, last) = (true, "");
        await console.Progress().Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).StartAsync(async bars =>
        {
            var bar = bars.AddTask($"job {id}", maxValue: 1);
            while (!stop.IsCancellationRequested)
            {
                if (await find() is not { } found)
                {
                    (isGood, last) = (false, $"job {id} is not there any more; what came of it cannot be told");
                    break;
                }

                last = Line(found);
                bar.Description = Markup.Escape(last);
                bar.Value = found.Job.State == JobState.Done.Text() ? 1 : found.Progress is { Total: > 0 and var total } at ? Math.Min(1, (double)at.Done / total) : 0;
                if (JobStates.TryParse(found.Job.State, out var state) && state.IsFinal())
                {
                    isGood = state == JobState.Done;
                    break;
                }

                if (state == JobState.Ready && !await isWorked())
                {
                    last += "; no node with the role work runs to begin it. Start one: rondo serve";
                    break;
                }

                await Task.Delay(_every, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            bar.StopTask();
        });

        // A bar is as wide as the terminal; what came of it is told whole.
        say(last);
        return isGood;
    }

    private static string Line(JobDetails job) =>
        $"job {job.Job.Id}: {job.Job.State}{(job.Progress is { } at ? $", {ImportsCommand.Text(at.Done)}{(at.Total is { } total ? $" of {ImportsCommand.Text(total)}" : "")}{(at.Note is { } note ? $" {note}" : "")}" : "")}";
}
