using Microsoft.Extensions.Logging;
using Rondo.Loops;

namespace Rondo.Imports.Folders;

/// <summary>Watches a folder for as long as a server runs. Of several servers with one folder one watches it, and another goes on when that has ended.</summary>
/// <param name="watched">The folder.</param>
/// <param name="time">Time.</param>
/// <param name="log">Where lines go.</param>
public sealed class FolderLoop(WatchedFolder watched, TimeProvider time, ILogger log) : Loop("imports.watch", time), IDisposable
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _everyRefused = TimeSpan.FromSeconds(15);
    private string? _told;

    /// <summary>A file of several GB is copied within one pass.</summary>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(15);

    /// <summary>Writes what came of a file to the log.</summary>
    public static void Tell(ILogger log, FolderNews news)
    {
        if (news.State is "failed" or "waiting")
        {
            ImportsLog.FileFailed(log, news.Text);
        }
        else
        {
            ImportsLog.FileMoved(log, news.Text);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => watched.Dispose();

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        try
        {
            await watched.LookAsync(stop).ConfigureAwait(false);
            _told = null;
            return _every;
        }
        catch (ImportRefused refused)
        {
            // Once, not four times a minute.
            if (_told != refused.Message)
            {
                ImportsLog.NotWatched(log, refused.Message);
            }

            _told = refused.Message;
            return _everyRefused;
        }
    }
}
