using System.Collections.Concurrent;
using System.Text;
using Microsoft.Extensions.Logging;
using Rondo.Loops;

namespace Rondo.Jobs.Logs;

/// <summary>
/// Writes every line about a job into the file of its queue: what the queue says of it, what its handler says through <see cref="JobContext.Log"/>, and what the handler writes to any
/// log of the factory this is added to. Lines wait in memory, bounded; a disk that is full or cannot be written stops nothing, and what it cost is counted and said.
/// </summary>
[ProviderAlias("jobs")]
public sealed class JobLogFiles : ILoggerProvider, ISupportExternalScope
{
    private const int MostQueues = 256;
    private const int LongestLine = 16_000;
    private readonly JobLogOptions _options;
    private readonly TimeProvider _time;
    private readonly ConcurrentDictionary<string, QueueLog> _logs = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> _faults = new(StringComparer.Ordinal);
    private static readonly TimeSpan _lastPatience = TimeSpan.FromSeconds(2);
    private readonly Lock _writing = new();
    private IExternalScopeProvider? _scopes;
    private volatile bool _isDisposed;

    /// <summary>Prepares it; nothing is written before the loop of <see cref="Loop"/> runs.</summary>
    /// <param name="options">Settings; the folder is named.</param>
    /// <param name="time">Time.</param>
    public JobLogFiles(JobLogOptions options, TimeProvider time)
    {
        options.Check();
        ArgumentException.ThrowIfNullOrEmpty(options.Folder, nameof(options));
        _options = options;
        _time = time;
    }

    /// <summary>Lines that were dropped because the disk did not take them fast enough.</summary>
    public long Dropped => _logs.Values.Sum(log => log.Dropped);

    /// <summary>The loop that writes.</summary>
    /// <param name="log">Where it says that a file cannot be written, once, and that it can be again.</param>
    public Loop Loop(ILogger log) => new WriteLoop(this, log, _time);

    /// <inheritdoc/>
    public ILogger CreateLogger(string categoryName) => new Logger(this);

    /// <inheritdoc/>
    public void SetScopeProvider(IExternalScopeProvider scopeProvider) => _scopes = scopeProvider;

    /// <summary>Writes what still waits.</summary>
    public void Dispose()
    {
        if (!_isDisposed)
        {
            _isDisposed = true;

            // A disk that hangs keeps nobody from ending.
            if (_writing.TryEnter(_lastPatience))
            {
                try
                {
                    WriteHeld(null, isLast: true);
                }
                finally
                {
                    _writing.Exit();
                }
            }
        }
    }

    /// <summary>Writes what waits; says in <paramref name="log"/> what changed about that.</summary>
    internal void Write(ILogger? log)
    {
        lock (_writing)
        {
            WriteHeld(log, isLast: false);
        }
    }

    private void WriteHeld(ILogger? log, bool isLast)
    {
        foreach (var (queue, file) in _logs)
        {
            file.Write(isLast);
            if (file.Fault is { } fault && _faults.TryAdd(queue, fault) && log is not null)
            {
                JobsLog.FileFails(log, file.File, QueueLog.MostLines, fault);
            }
            else if (file.Fault is null && _faults.TryRemove(queue, out _) && log is not null)
            {
                JobsLog.FileWritten(log, file.File, file.Dropped);
            }
        }
    }

    private void Add(LogLevel level, string queue, string kind, long id, int? attempt, string text, Exception? fault)
    {
        // A name of a queue is a name of a file: letters, digits, dots, dashes and underlines, with .log behind them.
        if (_isDisposed || !Names.IsFit(queue) || (!_logs.ContainsKey(queue) && _logs.Count >= MostQueues))
        {
            return;
        }

        var line = new StringBuilder(160).Append(QueueLog.Stamp(_time)).Append(' ').Append(Word(level)).Append(" queue=").Append(queue).Append(" kind=").Append(kind).Append(" id=").Append(id);
        if (attempt is { } number)
        {
            line.Append(" attempt=").Append(number);
        }

        AppendOneLine(line.Append(' '), text);
        if (fault is not null)
        {
            AppendOneLine(line.Append(" | "), fault.ToString());
        }

        _logs.GetOrAdd(queue, name => new QueueLog(name, _options, _time)).Add(line.ToString());
    }

    private static void AppendOneLine(StringBuilder line, string text)
    {
        foreach (var c in text)
        {
            if (line.Length >= LongestLine)
            {
                line.Append('…');
                return;
            }

            // One line is one line, and nothing in it steers a terminal.
            line.Append(c == '\n' ? "\\n" : c == '\r' ? "" : char.IsControl(c) && c != '\t' ? " " : c.ToString());
        }
    }

    private static string Word(LogLevel level) => level switch
    {
        LogLevel.Trace or LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        _ => "error",
    };

    private sealed class WriteLoop(JobLogFiles files, ILogger log, TimeProvider time) : Loop("jobs.log", time)
    {
        private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(250);

        // A disk may take its time, however long: nobody waits for it but this thread, and the process is not to end for it.
        public override TimeSpan StuckAfter => TimeSpan.FromDays(36_500);

        protected override bool OwnThread => true;

        protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
        {
            files.Write(log);
            return new(_every);
        }
    }

    private sealed class Logger(JobLogFiles files) : ILogger
    {
        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => files._scopes?.Push(state);

        public bool IsEnabled(LogLevel logLevel) => logLevel != LogLevel.None;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (JobLine.Of(state, files._scopes) is { } line)
            {
                files.Add(line.Level ?? logLevel, line.Queue, line.Kind, line.Id, line.Attempt, line.Text ?? formatter(state, exception), exception);
            }
        }
    }
}
