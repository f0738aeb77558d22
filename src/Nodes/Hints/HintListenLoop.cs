using Rondo.Loops;
using Rondo.Storage.Postgres;

namespace Rondo.Nodes;

/// <summary>
/// Hears the hints of other processes, on one connection of its own. A pass waits 10 s at most, so that it never looks stuck; a lost connection
/// is made again after the loop's growing delay, and then everybody is woken once, since something may have been said meanwhile.
/// </summary>
internal sealed class HintListenLoop(Hints hints, PostgresDatabase database, TimeProvider time) : Loop("hints.listen", time), IDisposable
{
    // After so long a silence the server is asked whether it is still there.
    private static readonly TimeSpan _wait = TimeSpan.FromSeconds(10);
    private PostgresListener? _connected;

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        // Taken out while in use: a generation that was given up and the one in its place must not wait on one connection.
        var listener = Interlocked.Exchange(ref _connected, null);
        try
        {
            if (listener is null)
            {
                listener = database.Listen(Hints.Channel, payload => hints.Heard(payload));
                hints.Listening(true);
            }

            await listener.WaitAsync(_wait, stop).ConfigureAwait(false);
        }
        catch
        {
            hints.Listening(false);
            listener?.Dispose();
            throw;
        }

        Interlocked.Exchange(ref _connected, listener)?.Dispose();
        return TimeSpan.Zero;
    }

    public void Dispose() => Interlocked.Exchange(ref _connected, null)?.Dispose();
}
