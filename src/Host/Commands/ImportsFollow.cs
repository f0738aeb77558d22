using System.Globalization;
using Rondo.Imports;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary>How imports go, on a terminal, until all of them have ended: a bar for each, with rows, rows a second, rejected rows and the time that is left.</summary>
internal static class ImportsFollow
{
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(500);

    /// <summary>Follows them; true when all have ended well. Whoever presses Ctrl-C ends only the looking.</summary>
    public static Task<bool> RunAsync(Run run, ImportOperations imports, IReadOnlyList<long> ids) =>
        RunAsync(run.Shell.OpenConsole(), id => imports.FindAsync(id, CancellationToken.None), ids, run.Time, run.Say, run.Stop);

    /// <summary>The same of whatever <paramref name="find"/> tells. One that is not there any more has not ended well, as far as anybody can say.</summary>
    public static async Task<bool> RunAsync(IAnsiConsole console, Func<long, Task<ImportRow?>> find, IReadOnlyList<long> ids, TimeProvider time, Action<string> say, CancellationToken stop)
    {
        var isGood = true;
        var ended = new List<string>();
        await console.Progress().Columns(new SpinnerColumn(), new ProgressBarColumn(), new PercentageColumn(), new TaskDescriptionColumn { Alignment = Justify.Left }).StartAsync(async bars =>
        {
            var waiting = ids.Distinct().ToDictionary(id => id, id => bars.AddTask($"import {id}", maxValue: 1));
            while (waiting.Count > 0 && !stop.IsCancellationRequested)
            {
                foreach (var (id, bar) in waiting.ToList())
                {
                    if (await find(id) is not { } row)
                    {
                        isGood = false;
                        ended.Add($"import {id} is not there any more; what came of it cannot be told");
                        bar.StopTask();
                        waiting.Remove(id);
                        continue;
                    }

                    bar.Description = Markup.Escape(Line(row));
                    bar.Value = row.Bytes == 0 ? 0 : Math.Min(1, (double)row.BytesRead / row.Bytes);
                    if (row.StateNow is "done" or "dead" or "cancelled")
                    {
                        isGood &= row.StateNow == "done";
                        ended.Add(Line(row));
                        bar.StopTask();
                        waiting.Remove(id);
                    }
                }

                if (waiting.Count > 0)
                {
                    await Task.Delay(_every, time, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        });

        // A bar is as wide as the terminal; what came of it is told whole.
        ended.ForEach(say);
        return isGood;
    }

    /// <summary>One import in a line.</summary>
    public static string Line(ImportRow row)
    {
        var text = $"{row.Id} {row.File}: {row.StateNow}, {ImportsCommand.Text(row.Units)} rows";
        text += row.RowsPerS is { } speed && row.StateNow is "running" or "done" ? string.Create(CultureInfo.InvariantCulture, $", {speed:N0} rows/s") : "";
        text += row.Rejected > 0 ? $", {ImportsCommand.Text(row.Rejected)} rejected" : "";
        return text + (row.LeftS is { } left ? $", {Left(left)} left" : "") + (row.RetryAtNow is { } at ? $", again at {at}" : "");
    }

    /// <summary>Seconds as people read them.</summary>
    public static string Left(double seconds)
    {
        var span = TimeSpan.FromSeconds(Math.Min(Math.Ceiling(seconds), 100 * 86_400));
        return span.TotalHours >= 1 ? string.Create(CultureInfo.InvariantCulture, $"{(int)span.TotalHours} h {span.Minutes:00} min") : span.TotalMinutes >= 1 ? $"{span.Minutes} min {span.Seconds:00} s" : $"{span.Seconds} s";
    }
}
