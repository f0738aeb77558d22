using System.Globalization;
using Rondo.SystemTests.Cluster;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Jobs;

/// <summary>
/// One start of tests/JobWorker. In a pid namespace of its own (<paramref name="isApart"/>) it is like one on another machine: only its lease tells whether it lives.
/// </summary>
internal sealed class WorkerProcess(string database, bool isApart, string failPoints, params string[] more)
    : ChildProcess(
        isApart ? NodeProcess.Apart[0] : Executable,
        isApart ? [.. NodeProcess.Apart[1..], Executable, database, .. more] : [database, .. more],
        failPoints.Length > 0 ? new Dictionary<string, string?> { ["RONDO_FAIL_POINTS"] = failPoints } : null)
{
    private int _worker;

    public static string Executable { get; } = FindBuilt();

    /// <summary>Writes that came too late, as it logged them.</summary>
    public int Refused => Errors.Count(line => line.Contains("came too late and was refused", StringComparison.Ordinal));

    protected override int SignalledId
    {
        get
        {
            if (isApart && _worker == 0)
            {
                try
                {
                    _worker = NodeProcess.OnlyChild(NodeProcess.OnlyChild(Id));
                }
                catch (Exception fault) when (fault is InvalidOperationException or IOException)
                {
                    // Not yet there, or gone; what wraps it takes it along.
                    return Id;
                }
            }

            return isApart ? _worker : Id;
        }
    }

    public async Task<string> ReadyAsync() => (await WaitForLineAsync("ready "))["ready ".Length..];

    /// <summary>SIGTERM; ends in order, within <paramref name="seconds"/>.</summary>
    public async Task EndAsync(double seconds = 20)
    {
        var code = await StopAsync(TimeSpan.FromSeconds(seconds));
        Assert.True(code == 0, string.Create(CultureInfo.InvariantCulture, $"{CommandLine} ended with {code}:\n{string.Join('\n', Errors.TakeLast(30))}"));
    }

    private static string FindBuilt()
    {
        var here = new DirectoryInfo(AppContext.BaseDirectory);
        var built = Path.Combine(here.Parent!.Parent!.FullName, "JobWorker", here.Name, "Rondo.JobWorker");
        return File.Exists(built) ? built : throw new FileNotFoundException("The worker is not built: dotnet build Rondo.slnx", built);
    }
}
