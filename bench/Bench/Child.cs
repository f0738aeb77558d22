using System.Diagnostics;

namespace Rondo.Bench;

/// <summary>
/// Another process of this program, talked to by lines. It ends by itself when its input is closed, so nothing is left behind however this one ends.
/// </summary>
internal sealed class Child : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);
    private readonly Process _process;
    private readonly string _what;

    private Child(Process process, string what)
    {
        _process = process;
        _what = what;
    }

    public int Id => _process.Id;

    /// <param name="settings">A runtimeconfig.json to run by instead of this program's own.</param>
    /// <param name="arguments">A hidden verb and its arguments.</param>
    public static Child Start(string? settings, params string[] arguments)
    {
        var dotnet = Environment.GetEnvironmentVariable("RONDO_BENCH_DOTNET") ?? "dotnet";
        string[] how = settings is null ? [] : ["--runtimeconfig", settings];
        return Start(new ProcessStartInfo(dotnet, ["exec", .. how, typeof(Child).Assembly.Location, .. arguments]), arguments[0]);
    }

    /// <summary>Another program that is talked to in the same way.</summary>
    public static Child StartProgram(string program, params string[] arguments) => Start(new ProcessStartInfo(program, arguments), Path.GetFileName(program));

    public async Task<string> ReadAsync(TimeSpan? patience = null)
    {
        try
        {
            return await _process.StandardOutput.ReadLineAsync().WaitAsync(patience ?? Patience)
                ?? throw new BenchFault($"the process “{_what}” ended; its own words are above");
        }
        catch (TimeoutException)
        {
            throw new BenchFault($"the process “{_what}” said nothing for {(patience ?? Patience).TotalSeconds} s");
        }
    }

    public async Task<string> AskAsync(string question, TimeSpan? patience = null)
    {
        await _process.StandardInput.WriteLineAsync(question);
        await _process.StandardInput.FlushAsync();
        return await ReadAsync(patience);
    }

    /// <summary>Closes its input and waits for its end; the exit code.</summary>
    public async Task<int> EndAsync()
    {
        _process.StandardInput.Close();
        await _process.WaitForExitAsync().WaitAsync(Patience);
        return _process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
    }

    private static Child Start(ProcessStartInfo start, string what)
    {
        (start.RedirectStandardInput, start.RedirectStandardOutput, start.UseShellExecute) = (true, true, false);
        return new Child(Process.Start(start)!, what);
    }
}
