namespace Rondo.Storage;

/// <summary>
/// Runs what blocks (a query, a file) on a thread that is its own meanwhile. The runtime's pool has as many threads as processors to begin with, and adds one
/// every half a second: two queries that take their time would hold up every device. A thread that has nothing to do is used again, and ends after a while:
/// making one takes longer than most queries do.
/// </summary>
internal static class OwnThread
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);
    private static readonly Lock _gate = new();
    private static readonly List<Worker> _idle = [];

    /// <summary>Completes with what <paramref name="work"/> returned or threw; cancelled when <paramref name="stop"/> is before it begins.</summary>
    public static Task<T> RunAsync<T>(Func<T> work, CancellationToken stop)
    {
        var errand = new Errand<T>(work, stop);
        Worker? worker = null;
        lock (_gate)
        {
            if (_idle.Count > 0)
            {
                // The last one that had something to do, so that those nobody needs end.
                worker = _idle[^1];
                _idle.RemoveAt(_idle.Count - 1);
            }
        }

        (worker ?? new Worker()).Give(errand.Run);
        return errand.Task;
    }

    private sealed class Errand<T>(Func<T> work, CancellationToken stop)
    {
        private readonly TaskCompletionSource<T> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly ExecutionContext? _context = ExecutionContext.Capture();

        public Task<T> Task => _result.Task;

        public void Run()
        {
            if (_context is null)
            {
                RunHere();
            }
            else
            {
                ExecutionContext.Run(_context, static errand => ((Errand<T>)errand!).RunHere(), this);
            }
        }

        [System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1031", Justification = "Whatever it is, whoever asked gets it.")]
        private void RunHere()
        {
            if (stop.IsCancellationRequested)
            {
                _result.SetCanceled(stop);
                return;
            }

            try
            {
                _result.SetResult(work());
            }
            catch (OperationCanceledException fault) when (fault.CancellationToken == stop && stop.IsCancellationRequested)
            {
                _result.SetCanceled(stop);
            }
            catch (Exception fault)
            {
                _result.SetException(fault);
            }
        }
    }

    private sealed class Worker
    {
        private readonly object _turn = new();
        private Action? _errand;
        private bool _isStarted;

        public void Give(Action errand)
        {
            lock (_turn)
            {
                _errand = errand;
                Monitor.Pulse(_turn);
            }

            if (!_isStarted)
            {
                _isStarted = true;
                new Thread(Run) { IsBackground = true, Name = "rondo-database" }.Start();
            }
        }

        private void Run()
        {
            while (Next() is { } errand)
            {
                errand();
                lock (_gate)
                {
                    _idle.Add(this);
                }
            }
        }

        private Action? Next()
        {
            lock (_turn)
            {
                while (_errand is null)
                {
                    if (!Monitor.Wait(_turn, _patience) && _errand is null && IsDismissed())
                    {
                        return null;
                    }
                }

                var errand = _errand;
                _errand = null;
                return errand;
            }
        }

        // Unless somebody has chosen it just now, and will give it something.
        private bool IsDismissed()
        {
            lock (_gate)
            {
                return _idle.Remove(this);
            }
        }
    }
}
