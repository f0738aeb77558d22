using Rondo.Imports;
using Rondo.Imports.Folders;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary><c>rondo imports add --watch DIR</c>: what is put into a folder is imported, until Ctrl-C.</summary>
internal static class ImportsWatch
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _everyAfterFault = TimeSpan.FromSeconds(10);

    /// <summary>Watches.</summary>
    /// <param name="run">The command.</param>
    /// <param name="folder">The folder.</param>
    /// <param name="request">How a file is to be read: by its name and where it lies.</param>
    public static Task<int> RunAsync(Run run, string folder, Func<string, string, ImportRequest> request)
    {
        var path = Path.GetFullPath(folder);
        return ImportsCommand.UseAsync(run.Labelled("imports.add", path), async (imports, hint) =>
        {
            using var watched = new WatchedFolder(path, run.Settings.Imports.WatchSettle, imports, request, news => Tell(run, news), run.Time);
            if (Directory.Exists(path))
            {
                run.Say($"watching {path} until Ctrl-C; a running server (role work) imports what is handed in, and files end up in done or failed there");
            }

            for (var isFirst = true; !run.Stop.IsCancellationRequested; isFirst = false)
            {
                var pause = _every;
                try
                {
                    await watched.LookAsync(run.Stop);
                    await hint();
                }
                catch (ImportRefused refused) when (isFirst)
                {
                    throw new CommandFault(ExitCode.Problem, refused.Message);
                }
                catch (Exception fault) when (fault is ImportRefused or StorageFault)
                {
                    run.Warn($"rondo: {fault.Message}");
                    pause = _everyAfterFault;
                }
                catch (OperationCanceledException) when (run.Stop.IsCancellationRequested)
                {
                    break;
                }

                await Task.Delay(pause, run.Time, run.Stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }

            return ExitCode.Ok;
        });
    }

    private static void Tell(Run run, FolderNews news)
    {
        run.Say(news.Text);
        run.WriteJson(news);
    }
}
