using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Rondo.SystemTests.Support;

/// <summary>
/// A real process of a test: its lines, its signals, its end. Every wait is bounded and fails with the last lines the process wrote; whatever
/// still runs when the test lets go is killed.
/// </summary>
public class ChildProcess : IAsyncDisposable
{
    public static readonly TimeSpan DefaultBound = TimeSpan.FromSeconds(60);

    private const int NoSuchProcess = 3;
    private static readonly HttpClient Http = new() { Timeout = TimeSpan.FromSeconds(5) };
    private readonly Process _process;
    private readonly Lock _gate = new();
    private readonly List<string> _output = [];
    private readonly List<string> _errors = [];

    public ChildProcess(string program, IEnumerable<string> arguments, IReadOnlyDictionary<string, string?>? environment = null, string? folder = null)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            WorkingDirectory = folder ?? "",
        };
        foreach (var (name, value) in environment ?? new Dictionary<string, string?>())
        {
            start.Environment[name] = value;
        }

        CommandLine = string.Join(' ', [Path.GetFileName(program), .. start.ArgumentList]);
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, line) => Keep(_output, line.Data);
        _process.ErrorDataReceived += (_, line) => Keep(_errors, line.Data);
        _process.Start();
        Id = _process.Id;
        _process.StandardInput.Close();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    private enum Signal
    {
        Interrupt = 2,
        Quit = 3,
        Kill = 9,
        Terminate = 15,
        Continue = 18,
        Stop = 19,
    }

    public int Id { get; }

    /// <summary>Who gets the signals; another than <see cref="Id"/> when what was started only wraps it.</summary>
    protected virtual int SignalledId => Id;

    /// <summary>State T of proc(5); false also when it is gone.</summary>
    public bool IsPaused
    {
        get
        {
            try
            {
                var stat = File.ReadAllText($"/proc/{SignalledId}/stat");
                return stat[stat.LastIndexOf(')') + 2] == 'T';
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    /// <summary>The command as a person would type it, for messages.</summary>
    public string CommandLine { get; }

    public bool HasExited => _process.HasExited;

    /// <summary>Null while it runs.</summary>
    public int? ExitCode => _process.HasExited ? _process.ExitCode : null;

    /// <summary>True when it has ended because the machine was too busy for its database to answer when it started: as any supervisor does, one starts it again.</summary>
    public bool FoundNoDatabase => HasExited && ExitCode == 1 && Array.Exists(Errors, line => line.Contains("did not answer in time", StringComparison.Ordinal));

    /// <summary>The lines of standard output so far.</summary>
    public string[] Output => Copy(_output);

    /// <summary>The lines of standard error so far.</summary>
    public string[] Errors => Copy(_errors);

    /// <summary>Memory in RAM, in bytes; 0 after the end.</summary>
    public long ResidentBytes
    {
        get
        {
            _process.Refresh();
            return _process.HasExited ? 0 : _process.WorkingSet64;
        }
    }

    /// <summary>User and system time so far.</summary>
    public TimeSpan CpuTime => _process.TotalProcessorTime;

    /// <summary>Waits for a line, on either stream, that contains a text; lines already written count. Returns it.</summary>
    public async Task<string> WaitForLineAsync(string text, TimeSpan? within = null)
    {
        string? found = null;
        await UntilAsync(
            () =>
            {
                found = Output.Concat(Errors).FirstOrDefault(line => line.Contains(text, StringComparison.Ordinal));
                return Task.FromResult(found is not null);
            },
            $"a line with “{text}”",
            within);
        return found!;
    }

    /// <summary>Waits until an address answers with a status that is accepted (any success when not said), and returns the body.</summary>
    public async Task<string> WaitForHttpAsync(Uri address, Func<int, bool>? accepts = null, TimeSpan? within = null, string? token = null)
    {
        var body = "";
        await UntilAsync(
            async () =>
            {
                try
                {
                    using var request = new HttpRequestMessage(HttpMethod.Get, address);
                    request.Headers.Authorization = token is null ? null : new("Bearer", token);
                    using var answer = await Http.SendAsync(request);
                    body = await answer.Content.ReadAsStringAsync();
                    return accepts?.Invoke((int)answer.StatusCode) ?? answer.IsSuccessStatusCode;
                }
                catch (Exception error) when (error is HttpRequestException or TaskCanceledException)
                {
                    return false;
                }
            },
            $"an answer from {address}",
            within);
        return body;
    }

    /// <summary>Waits for a fact while the process lives.</summary>
    public async Task UntilAsync(Func<Task<bool>> fact, string what, TimeSpan? within = null)
    {
        var bound = within ?? DefaultBound;
        var started = Stopwatch.GetTimestamp();
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(20));
        while (true)
        {
            // Read before the fact: the last lines of a process that ended, and one look after the bound, still count.
            var isOver = HasExited;
            var isLate = Stopwatch.GetElapsedTime(started) >= bound;
            if (isOver)
            {
                await EndOfStreamsAsync();
            }

            if (await fact())
            {
                return;
            }

            if (isOver || isLate)
            {
                Fail(isOver ? $"ended with code {_process.ExitCode} before {what}" : $"did not give {what} within {bound.TotalSeconds:0.#} s");
            }

            await again.WaitForNextTickAsync();
        }
    }

    /// <summary>Waits for the end and returns the exit code.</summary>
    public async Task<int> ExitAsync(TimeSpan? within = null)
    {
        var bound = within ?? DefaultBound;
        using var source = new CancellationTokenSource(bound);
        try
        {
            await _process.WaitForExitAsync(source.Token);
        }
        catch (OperationCanceledException)
        {
            Fail($"did not end within {bound.TotalSeconds:0.#} s");
        }

        return _process.ExitCode;
    }

    /// <summary>SIGTERM, then waits for the end; returns the exit code.</summary>
    public Task<int> StopAsync(TimeSpan? within = null) => SignalAndWaitAsync(Signal.Terminate, within);

    /// <summary>SIGINT (Ctrl-C), then waits for the end; returns the exit code.</summary>
    public Task<int> InterruptAsync(TimeSpan? within = null) => SignalAndWaitAsync(Signal.Interrupt, within);

    /// <summary>SIGQUIT, then waits for the end; returns the exit code.</summary>
    public Task<int> QuitAsync(TimeSpan? within = null) => SignalAndWaitAsync(Signal.Quit, within);

    /// <summary>SIGKILL: no handler runs, no buffer is flushed. Returns when the process is gone.</summary>
    public async Task Kill9Async()
    {
        Send(Signal.Kill);
        await ExitAsync();
    }

    /// <summary>SIGSTOP: the process stands still, its connections stay open.</summary>
    public void Pause() => Send(Signal.Stop);

    /// <summary>SIGCONT after <see cref="Pause"/>.</summary>
    public void Cont() => Send(Signal.Continue);

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            await Kill9Async();
        }

        _process.Dispose();
        GC.SuppressFinalize(this);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SendSignal(int pid, int signal);

    private Task<int> SignalAndWaitAsync(Signal signal, TimeSpan? within)
    {
        Send(signal);
        return ExitAsync(within);
    }

    private void Send(Signal signal)
    {
        // It may have ended by itself a moment ago; its id is kept for us until it is waited for.
        if (!_process.HasExited && SendSignal(SignalledId, (int)signal) != 0 && Marshal.GetLastPInvokeError() is not NoSuchProcess and var error)
        {
            throw new Win32Exception(error, $"kill -{(int)signal} {SignalledId} ({CommandLine})");
        }
    }

    /// <summary>The end of a process is seen before its last lines are read; a grandchild that holds the pipe open must not hold us.</summary>
    private async Task EndOfStreamsAsync()
    {
        using var source = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        try
        {
            await _process.WaitForExitAsync(source.Token);
        }
        catch (OperationCanceledException)
        {
            // What was read until now has to do.
        }
    }

    private void Fail(string what) =>
        Assert.Fail($"{CommandLine} (pid {Id}) {what}.\nstdout:\n{Tail(Output)}\nstderr:\n{Tail(Errors)}");

    private static string Tail(string[] lines) => string.Join('\n', lines.TakeLast(30).Select(line => $"  {line}"));

    private void Keep(List<string> lines, string? line)
    {
        if (line is not null)
        {
            lock (_gate)
            {
                lines.Add(line);
            }
        }
    }

    private string[] Copy(List<string> lines)
    {
        lock (_gate)
        {
            return [.. lines];
        }
    }
}
