using Rondo.Storage;

namespace Rondo.Jobs.Pump;

/// <summary>Why the token of an attempt was cancelled.</summary>
internal enum StopReason
{
    None,
    Timeout,
    Cancelled,

    /// <summary>The job was taken away: somebody else has it, or nobody.</summary>
    Lost,

    /// <summary>The node stops.</summary>
    Stopping,
}

/// <summary>One line of a job's log.</summary>
internal sealed record LogLine(int Line, Instant At, string Level, string Text);

/// <summary>What an attempt said in its last moment: how far it was, where it said so, and lines.</summary>
internal sealed record LastWords(JobProgress? Progress, List<LogLine> Lines)
{
    /// <summary>How many rows they are.</summary>
    public int Count => Lines.Count + (Progress is null ? 0 : 1);
}

/// <summary>An attempt under way on this node.</summary>
internal sealed class RunningJob(ClaimedJob job, JobKind kind, CancellationTokenSource stop, long startedAt, Instant startedInstant)
{
    private readonly Lock _gate = new();
    private List<LogLine>? _lines;
    private (JobProgress? Progress, List<LogLine>? Lines) _onTheWay;
    private JobProgress? _progress;
    private Instant? _saidAt;
    private int _lineCount;
    private bool _isSettled;

    public ClaimedJob Job { get; } = job;

    public JobKind Kind { get; } = kind;

    public long StartedAt { get; } = startedAt;

    public Instant StartedInstant { get; } = startedInstant;

    public StopReason StopReason { get; private set; }

    /// <summary>True once the database knows that it began.</summary>
    public bool IsMarked { get; set; }

    /// <summary>True when its own transaction ended it.</summary>
    public bool IsFinished { get; set; }

    /// <summary>Somebody decides what came of it: the handler's end, or whoever gave it up. True for the first.</summary>
    public bool Settle()
    {
        // With the lock of Stop: after it nobody decides on a cancel any more.
        lock (_gate)
        {
            var isFirst = !_isSettled;
            _isSettled = true;
            return isFirst;
        }
    }

    public bool IsSettled => Volatile.Read(ref _isSettled);

    /// <summary>Cancels its token, once.</summary>
    public void Stop(StopReason reason)
    {
        lock (_gate)
        {
            if (StopReason != StopReason.None || IsSettled)
            {
                return;
            }

            StopReason = reason;
        }

        // Whatever is registered with the token runs on another thread than the loop that watches.
        _ = Task.Run(stop.Cancel);
    }

    public void Say(JobProgress progress)
    {
        lock (_gate)
        {
            // The clock of the database may step back; what is said later is later.
            _saidAt = _saidAt is { } last && progress.At <= last ? new Instant(last.Micros + 1) : progress.At;
            _progress = progress with { At = _saidAt.Value };
        }
    }

    /// <summary>A line; false when it is dropped.</summary>
    public bool Say(string level, string text, Instant at)
    {
        lock (_gate)
        {
            _lineCount++;
            if (_lineCount <= JobContext.MaxLines)
            {
                (_lines ??= []).Add(new LogLine(_lineCount, at, level, _lineCount == JobContext.MaxLines ? "more lines were dropped" : text));
            }

            return _lineCount <= JobContext.MaxLines;
        }
    }

    /// <summary>What was said since the last time.</summary>
    public (JobProgress? Progress, List<LogLine>? Lines) Take()
    {
        lock (_gate)
        {
            var said = (_progress, _lines);
            (_progress, _lines, _onTheWay) = (null, null, said);
            return said;
        }
    }

    /// <summary>What was taken is stored.</summary>
    public void Told()
    {
        lock (_gate)
        {
            _onTheWay = default;
        }
    }

    /// <summary>What is not known to be stored, for the end of the attempt: after it nothing is taken. What is on its way as well is stored once.</summary>
    public LastWords? TakeLast()
    {
        lock (_gate)
        {
            var last = Last();
            (_progress, _lines, _onTheWay) = (null, null, default);
            return last;
        }
    }

    /// <summary>The same for an end that may yet be undone: it stays.</summary>
    public LastWords? PeekLast()
    {
        lock (_gate)
        {
            return Last();
        }
    }

    /// <summary>What could not be stored is said again.</summary>
    public void PutBack(JobProgress? progress, List<LogLine>? lines)
    {
        lock (_gate)
        {
            _onTheWay = default;
            _progress ??= progress;
            _lines = lines is null ? _lines : [.. lines, .. _lines ?? []];
        }
    }

    private LastWords? Last()
    {
        var progress = _progress ?? _onTheWay.Progress;
        List<LogLine> lines = [.. _onTheWay.Lines ?? [], .. _lines ?? []];
        return progress is null && lines.Count == 0 ? null : new LastWords(progress, lines);
    }
}
