using Rondo.Jobs;
using Rondo.Storage;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary>How a job goes, on a terminal, until it has ended: a bar with how far it says it is.</summary>
internal static class JobFollow
{
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(500);

    /// <summary>Follows it; true when it has ended well, or whoever looked pressed Ctrl-C, which ends only the looking.</summary>
    public static async Task<bool> RunAsync(Run run, Database database, long id)
    {
        var jobs = JobsCommand.Operations(run, database, new HashSet<string>());
        var (isGood, last) = (true, "");
        var console = run.Shell.OpenConsole();
        await console.Progress().Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).StartAsync(async bars =>
        {
            var bar = bars.AddTask($"job {id}", maxValue: 1);
            while (!run.Stop.IsCancellationRequested)
            {
                if (await jobs.ShowAsync(id, CancellationToken.None) is not { } found)
                {
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

                await Task.Delay(_every, run.Time, run.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            bar.StopTask();
        });

        // A bar is as wide as the terminal; what came of it is told whole.
        run.Say(last);
        return isGood;
    }

    private static string Line(JobDetails job) =>
        $"job {job.Job.Id}: {job.Job.State}{(job.Progress is { } at ? $", {ImportsCommand.Text(at.Done)}{(at.Total is { } total ? $" of {ImportsCommand.Text(total)}" : "")}{(at.Note is { } note ? $" {note}" : "")}" : "")}";
}
