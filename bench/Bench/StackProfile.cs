using System.Diagnostics;

namespace Rondo.Bench;

/// <summary>
/// Where the measured server spends its time, by dotnet-trace when that is installed. Tracing costs CPU itself, so a profiled run is not a
/// measured one.
/// </summary>
internal sealed class StackProfile : IDisposable
{
    private readonly Process _trace;
    private readonly string _file;

    private StackProfile(Process trace, string file)
    {
        _trace = trace;
        _file = file;
    }

    public static StackProfile? Start(Settings settings, int pid)
    {
        if (!settings.Profile)
        {
            return null;
        }

        var file = Path.Combine(settings.Folder, "trace.nettrace");
        try
        {
            var start = new ProcessStartInfo("dotnet-trace", ["collect", "-p", $"{pid}", "-o", file, "--profile", "dotnet-sampled-thread-time", "--duration", $"00:00:{Math.Min(settings.Seconds, 20):00}"])
            {
                RedirectStandardOutput = true,
                RedirectStandardInput = true,
                UseShellExecute = false,
            };
            return new StackProfile(Process.Start(start)!, file);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Report.Say("no profile: dotnet-trace is not installed (dotnet tool install --global dotnet-trace)");
            return null;
        }
    }

    public void Print()
    {
        _trace.StandardInput.Close();
        var said = _trace.StandardOutput.ReadToEnd();
        _trace.WaitForExit(TimeSpan.FromSeconds(60));
        if (!File.Exists(_file))
        {
            Report.Say($"no profile: {said.Trim()}");
            return;
        }

        using var report = Process.Start(new ProcessStartInfo("dotnet-trace", ["report", _file, "topN", "-n", "40"]) { RedirectStandardOutput = true, UseShellExecute = false })!;
        Report.Say("stacks by their own time (waiting included):\n" + report.StandardOutput.ReadToEnd());
        report.WaitForExit();
    }

    public void Dispose() => _trace.Dispose();
}
