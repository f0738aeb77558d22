using System.Diagnostics.CodeAnalysis;

namespace Rondo.Loops;

/// <summary>What the supervisor saw of one loop, for health answers and metrics.</summary>
/// <param name="Name">The loop.</param>
/// <param name="Passes">Finished passes.</param>
/// <param name="Failures">Passes that failed.</param>
/// <param name="Restarts">Times it was given up as stuck.</param>
/// <param name="PassAgeMs">How long the current pass has been running, 0 when asleep.</param>
/// <param name="LastError">Why the last pass failed, or null.</param>
public sealed record LoopHealth(string Name, long Passes, long Failures, long Restarts, double PassAgeMs, string? LastError);

/// <summary>
/// Starts a process's loops, notices one that is stuck in a pass by its progress, gives it up (its token is cancelled, and if it ever
/// returns it finds itself replaced) and starts it again. A loop that gets stuck three times in a row without a finished pass in between
/// is beyond repair from inside: <see cref="Broken"/> completes and the process should end, for its own supervisor to restart. A vital loop
/// (<see cref="Loop.IsVital"/>) is at the first time.
/// </summary>
public sealed class LoopSupervisor : IAsyncDisposable
{
    private static readonly TimeSpan _tick = TimeSpan.FromSeconds(1);

    // Nobody looked for so long: the process stood still, and with it every pass.
    private static readonly TimeSpan _standstill = TimeSpan.FromSeconds(3);
    private readonly TimeProvider _time;
    private readonly Chance _chance;
    private readonly Action<Loop, Exception> _failed;
    private readonly Action<Loop> _stuck;
    private readonly List<Entry> _entries = [];
    private readonly TaskCompletionSource<string> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ITimer _timer;
    private bool _stopped;
    private long _lookedAt;
    private long _resumedAt;

    /// <summary>Creates a supervisor; <paramref name="failed"/> and <paramref name="stuck"/> are told about trouble (the host logs it).</summary>
    public LoopSupervisor(TimeProvider time, Chance chance, Action<Loop, Exception>? failed = null, Action<Loop>? stuck = null)
    {
        _time = time;
        _chance = chance;
        _failed = failed ?? ((_, _) => { });
        _stuck = stuck ?? (_ => { });
        _lookedAt = time.GetTimestamp();
        _timer = time.CreateTimer(_ => Check(), null, _tick, _tick);
    }

    /// <summary>Completes with the reason when a loop cannot be kept running.</summary>
    public Task<string> Broken => _broken.Task;

    /// <summary>Health of every loop.</summary>
    public IReadOnlyList<LoopHealth> Health
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries.Select(e => new LoopHealth(
                    e.Loop.Name, e.Loop.Passes, e.Loop.Failures, e.Loop.Restarts, e.Loop.PassAge.TotalMilliseconds, e.Loop.LastError))];
            }
        }
    }

    /// <summary>The loops, for their numbers.</summary>
    public IReadOnlyList<Loop> Loops
    {
        get
        {
            lock (_entries)
            {
                return [.. _entries.Select(e => e.Loop)];
            }
        }
    }

    /// <summary>True while no loop is stuck; the systemd watchdog and the node's lease are fed only then.</summary>
    public bool IsMakingProgress => !_broken.Task.IsCompleted && Stuck is null;

    /// <summary>Looks at every loop now, for a caller whose thread is its own: the timer needs the pool, which may be what is stuck. True while all make progress.</summary>
    public bool CheckProgress()
    {
        Check();
        return IsMakingProgress;
    }

    /// <summary>Name of a loop that is stuck now, a vital one first; null when none is.</summary>
    public string? Stuck
    {
        get
        {
            lock (_entries)
            {
                var resumedAt = ResumedAt_NeedsLock();
                return _entries.Where(e => e.Loop.IsStuck(resumedAt)).OrderBy(e => e.Loop.IsVital ? 0 : 1).FirstOrDefault()?.Loop.Name;
            }
        }
    }

    /// <summary>When the vital loop that has been quiet the longest was last seen between two passes or giving a sign of life; zero ago when all are well.</summary>
    public TimeSpan QuietFor
    {
        get
        {
            lock (_entries)
            {
                return _entries.Where(e => e.Loop.IsVital).Select(e => e.Loop.PassAge).DefaultIfEmpty().Max();
            }
        }
    }

    /// <summary>Starts <paramref name="loop"/>.</summary>
    public void Start(Loop loop)
    {
        lock (_entries)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            var entry = new Entry(loop);
            Launch(entry);
            _entries.Add(entry);
        }
    }

    /// <summary>Stops the loops in reverse order of their start, each bounded by <paramref name="patience"/>.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "A loop's last words must not keep the others from stopping.")]
    public async Task StopAsync(TimeSpan patience)
    {
        Entry[] entries;
        lock (_entries)
        {
            _stopped = true;
            entries = [.. _entries];
        }

        Array.Reverse(entries);
        foreach (var entry in entries)
        {
            await entry.Stop.CancelAsync().ConfigureAwait(false);
            try
            {
                await entry.Running.WaitAsync(patience, _time).ConfigureAwait(false);
            }
            catch (Exception fault) when (fault is not OutOfMemoryException)
            {
                _failed(entry.Loop, fault);
            }
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(TimeSpan.FromSeconds(5)).ConfigureAwait(false);
        await _timer.DisposeAsync().ConfigureAwait(false);
        foreach (var entry in _entries)
        {
            entry.Stop.Dispose();
        }
    }

    /// <summary>One look at every loop; the timer calls it each second, tests call it themselves.</summary>
    internal void Check()
    {
        lock (_entries)
        {
            if (_stopped)
            {
                return;
            }

            var resumedAt = ResumedAt_NeedsLock();
            foreach (var entry in _entries)
            {
                if (entry.StuckInARow >= 3 || !entry.Loop.IsStuck(resumedAt))
                {
                    // Three times is beyond repair from inside: reported, and left alone while the others are still looked after.
                    continue;
                }

                if (entry.Loop.IsVital)
                {
                    _broken.TrySetResult($"loop {entry.Loop.Name} made no progress for {entry.Loop.StuckAfter.TotalSeconds:0} s");
                    continue;
                }

                entry.StuckInARow = entry.Loop.Passes == entry.PassesWhenStuck ? entry.StuckInARow + 1 : 1;
                entry.PassesWhenStuck = entry.Loop.Passes;
                _stuck(entry.Loop);
                if (entry.StuckInARow >= 3)
                {
                    _broken.TrySetResult($"loop {entry.Loop.Name} was stuck {entry.StuckInARow} times in a row for more than {entry.Loop.StuckAfter.TotalSeconds:0} s each");
                    continue;
                }

                // Cancelled without waiting: a deadlocked pass would keep us here as well.
                _ = entry.Stop.CancelAsync();
                Launch(entry);
            }
        }
    }

    private long ResumedAt_NeedsLock()
    {
        var now = _time.GetTimestamp();
        if (_time.GetElapsedTime(_lookedAt, now) > _standstill)
        {
            _resumedAt = now;
        }

        _lookedAt = now;
        return _resumedAt;
    }

    private void Launch(Entry entry)
    {
        entry.Stop = new CancellationTokenSource();
        entry.Running = entry.Loop.StartGeneration(_chance.For(entry.Loop.Name), _failed, entry.Stop.Token);
    }

    private sealed class Entry(Loop loop)
    {
        public Loop Loop { get; } = loop;

        public CancellationTokenSource Stop { get; set; } = new();

        public Task Running { get; set; } = Task.CompletedTask;

        public int StuckInARow { get; set; }

        public long PassesWhenStuck { get; set; } = -1;
    }
}
