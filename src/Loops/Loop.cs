using System.Diagnostics.CodeAnalysis;
using Rondo.Metrics;

namespace Rondo.Loops;

/// <summary>
/// The one base of every background loop. A loop says what one pass does and how long to sleep after it; starting, sleeping, waking,
/// backing off after a failure, counting progress and being replaced when stuck is written here and in <see cref="LoopSupervisor"/>, once.
/// </summary>
public abstract class Loop
{
    private readonly TimeProvider _time;
    private readonly WakeSignal _wake;
    private long _passes;
    private long _failures;
    private long _generation;
    private long _passStartedAt;
    private long _lastPassAt;
    private long _aliveAt;
    private long _patience;
    private volatile string? _lastError;

    /// <summary>Creates the loop; nothing runs before a <see cref="LoopSupervisor"/> starts it.</summary>
    protected Loop(string name, TimeProvider time)
    {
        Name = name;
        _time = time;
        _wake = new WakeSignal(time);
        _lastPassAt = time.GetTimestamp();
    }

    /// <summary>Name in logs, health and metrics, for example <c>polling.record</c>.</summary>
    public string Name { get; }

    /// <summary>Passes finished since the start; the progress that the lease and the watchdog look at.</summary>
    public long Passes => Interlocked.Read(ref _passes);

    /// <summary>Passes that ended with an exception.</summary>
    public long Failures => Interlocked.Read(ref _failures);

    /// <summary>How often the loop was given up as stuck and started again.</summary>
    public long Restarts => Math.Max(0, Interlocked.Read(ref _generation) - 1);

    /// <summary>How long passes took, those that failed included.</summary>
    public Timing PassTimes { get; } = new();

    /// <summary>Message of the last failed pass, until a pass succeeds.</summary>
    public string? LastError => _lastError;

    /// <summary>A pass that gives no sign of life for longer is taken for stuck. Default 60 s; set it above the longest bounded wait inside a pass, or <see cref="Expect"/> that one.</summary>
    public virtual TimeSpan StuckAfter => TimeSpan.FromSeconds(60);

    /// <summary>
    /// True for a loop without which its node must not keep its role: once stuck it is not started again beside whatever holds it, but the process ends, for its
    /// supervisor to start it afresh, and another node takes over. Default false.
    /// </summary>
    public virtual bool IsVital => false;

    /// <summary>True for a loop that blocks a thread of its own (write lanes, the slot timer) instead of sharing the pool.</summary>
    protected virtual bool OwnThread => false;

    /// <summary>First and longest delay after failures.</summary>
    protected virtual (TimeSpan First, TimeSpan Cap) BackoffRange => (TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));

    /// <summary>Raised after each pass; silent unless a test listens.</summary>
    internal TestSignal Passed { get; } = new();

    /// <summary>Clock of the loop.</summary>
    protected TimeProvider Time => _time;

    /// <summary>One pass. Returns how long to sleep unless woken; zero or less for "again at once".</summary>
    protected abstract ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop);

    /// <summary>Cuts the current or the next sleep short.</summary>
    public void Wake() => _wake.Set();

    /// <summary>A sign of life inside a long pass.</summary>
    protected void Beat() => Interlocked.Exchange(ref _aliveAt, _time.GetTimestamp());

    /// <summary>The pass is about to wait for something that is bounded by <paramref name="wait"/> elsewhere (a query with its own time-out); over when disposed.</summary>
    protected Expectation Expect(TimeSpan wait) => new(this, wait);

    /// <summary>
    /// True while the current pass has given no sign of life for <see cref="StuckAfter"/>. What lies before <paramref name="resumedAt"/> does not count: then
    /// the whole process stood still (SIGSTOP, a suspended machine), and a pass that was under way is not to blame.
    /// </summary>
    internal bool IsStuck(long resumedAt)
    {
        var started = Interlocked.Read(ref _passStartedAt);
        if (started == 0)
        {
            return false;
        }

        var alive = Math.Max(Math.Max(started, Interlocked.Read(ref _aliveAt)), resumedAt);
        return _time.GetElapsedTime(alive) >= StuckAfter + TimeSpan.FromTicks(Interlocked.Read(ref _patience));
    }

    /// <summary>How long the current pass has been running; zero while the loop sleeps.</summary>
    public TimeSpan PassAge
    {
        get
        {
            var started = Interlocked.Read(ref _passStartedAt);
            return started == 0 ? TimeSpan.Zero : _time.GetElapsedTime(started);
        }
    }

    /// <summary>How long ago the last pass ended.</summary>
    public TimeSpan SinceLastPass => _time.GetElapsedTime(Interlocked.Read(ref _lastPassAt));

    /// <summary>Runs one pass now, outside any supervisor. For tests and for commands that work without a server.</summary>
    internal ValueTask<TimeSpan> PassAsync(CancellationToken stop = default) => RunOnceAsync(stop);

    internal Task StartGeneration(Random random, Action<Loop, Exception> failed, CancellationToken stop)
    {
        var generation = Interlocked.Increment(ref _generation);
        Interlocked.Exchange(ref _passStartedAt, 0);
        return OwnThread
            ? Task.Factory.StartNew(
                () => RunAsync(generation, random, failed, stop).AsTask().GetAwaiter().GetResult(),
                CancellationToken.None,
                TaskCreationOptions.LongRunning,
                TaskScheduler.Default)
            : Task.Run(() => RunAsync(generation, random, failed, stop).AsTask(), CancellationToken.None);
    }

    [SuppressMessage("Design", "CA1031", Justification = "The loop base is the one place where a pass may fail with anything.")]
    private async ValueTask RunAsync(long generation, Random random, Action<Loop, Exception> failed, CancellationToken stop)
    {
        var backoff = new Backoff(BackoffRange.First, BackoffRange.Cap, random);
        using var onStop = stop.Register(static wake => ((WakeSignal)wake!).Set(), _wake);

        // A generation that was given up as stuck and comes back later finds a newer one in its place and leaves.
        while (!stop.IsCancellationRequested && Interlocked.Read(ref _generation) == generation)
        {
            TimeSpan sleep;
            Interlocked.Exchange(ref _passStartedAt, Math.Max(1, _time.GetTimestamp()));
            try
            {
                sleep = await RunOnceAsync(stop).ConfigureAwait(false);
                backoff.Reset();
                _lastError = null;
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                Interlocked.Increment(ref _failures);
                _lastError = fault.Message;
                failed(this, fault);
                sleep = backoff.Next();
            }

            if (Interlocked.Read(ref _generation) != generation)
            {
                return;
            }

            var ended = _time.GetTimestamp();
            PassTimes.Add(_time.GetElapsedTime(Interlocked.Exchange(ref _passStartedAt, 0), ended));
            Interlocked.Exchange(ref _lastPassAt, ended);
            Interlocked.Increment(ref _passes);
            Passed.Raise();
            if (sleep > TimeSpan.Zero && !stop.IsCancellationRequested)
            {
                if (OwnThread)
                {
                    _wake.Wait(sleep);
                }
                else
                {
                    try
                    {
                        await _wake.WaitAsync(sleep, stop).ConfigureAwait(false);
                    }
                    catch (OperationCanceledException)
                    {
                        return;
                    }
                }
            }
        }
    }

    /// <summary>A bounded wait inside a pass.</summary>
    protected readonly struct Expectation : IDisposable
    {
        private readonly Loop _loop;

        internal Expectation(Loop loop, TimeSpan wait)
        {
            _loop = loop;
            loop.Beat();
            Interlocked.Exchange(ref loop._patience, wait.Ticks);
        }

        /// <inheritdoc/>
        public void Dispose()
        {
            // The sign of life first: in between the pass would look stuck.
            _loop.Beat();
            Interlocked.Exchange(ref _loop._patience, 0);
        }
    }
}
