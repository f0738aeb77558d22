using System.Text.RegularExpressions;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>One of several nodes: a name that stays, and one process after another that bears it. Whatever is done to it is written down.</summary>
internal sealed partial class ClusterNode(string name, NodePlace place, FaultLog faults) : IAsyncDisposable
{
    // Replaced, never changed: it is read while faults are under way.
    private volatile NodeProcess[] _processes = [];
    private bool _isUp;
    private string _failPoints = "";
    private Fault? _starting;
    private Fault? _pause;
    private Fault? _cut;

    public string Name => name;

    public bool IsRunning => _processes.Length > 0 && !_processes[^1].HasExited;

    public bool IsPaused => _pause is not null;

    public NodeProcess Process => _processes[^1];

    /// <summary>Everything it logged, over all its processes.</summary>
    public IEnumerable<string> Lines => _processes.SelectMany(process => process.Errors);

    /// <summary>Every identity it has had, oldest first.</summary>
    public IReadOnlyList<string> Incarnations => [.. Lines.Select(line => Started().Match(line)).Where(match => match.Success).Select(match => match.Groups[1].Value)];

    /// <summary>The identity it has now.</summary>
    public string Incarnation => Incarnations[^1];

    /// <summary>Groups that it says it has armed.</summary>
    public int Armed => Process.Errors.Reverse().Select(line => ArmedGroups().Match(line)).Where(match => match.Success)
        .Select(match => int.Parse(match.Groups[1].Value + match.Groups[2].Value, null)).FirstOrDefault();

    /// <summary>Outcomes that it says were refused because it was dead already.</summary>
    public long Refused => Lines.Select(line => BatchRefused().Match(line)).Where(match => match.Success).Sum(match => long.Parse(match.Groups[1].Value, null));

    /// <summary>True once the process that runs has taken in the configuration, claimed and armed.</summary>
    public bool IsReady => IsRunning && Process.Errors.Any(line => line.Contains("Ready:", StringComparison.Ordinal));

    /// <summary>Starts a process; one before it that has ended by itself is written down. <paramref name="failPoints"/> as RONDO_FAIL_POINTS has them.</summary>
    public void Start(string failPoints = "")
    {
        if (_isUp)
        {
            Ended();
            faults.Add(new Fault(FaultKind.Exit, name, Site.Now, Site.Now) { Code = Process.ExitCode });
        }

        _isUp = true;
        _failPoints = failPoints;
        _starting = faults.Begin(FaultKind.Start, name);
        _processes = [.. _processes, new NodeProcess(place, failPoints)];
    }

    /// <summary>Until it has taken in the configuration, claimed and armed.</summary>
    public async Task ReadyAsync()
    {
        for (var tries = 1; tries < 3; tries++)
        {
            await Process.UntilAsync(() => Task.FromResult(IsReady || Process.FoundNoDatabase), "a line with “Ready:”");
            if (IsReady)
            {
                break;
            }

            _processes = [.. _processes, new NodeProcess(place, _failPoints)];
        }

        await Process.WaitForLineAsync("Ready:");
        NoteReady();
    }

    /// <summary>Its start is over when it is ready.</summary>
    public void NoteReady()
    {
        if (_starting is not null && IsReady)
        {
            _starting.End();
            _starting = null;
        }
    }

    public async Task StartAsync(string failPoints = "")
    {
        Start(failPoints);
        await ReadyAsync();
    }

    /// <summary>Waits until it works again under another identity than <paramref name="former"/>.</summary>
    public Task ComesBackAsync(string former, TimeSpan? within = null) => Process.UntilAsync(
        () => Task.FromResult(Incarnation != former && Process.Errors.SkipWhile(line => !line.Contains($"Node {Incarnation} started", StringComparison.Ordinal))
            .Any(line => line.Contains("Ready:", StringComparison.Ordinal))),
        $"another incarnation than {former}",
        within);

    public async Task Kill9Async()
    {
        var kill = faults.Begin(FaultKind.Kill, name);
        await Process.Kill9Async();
        kill.End();
        Ended();
    }

    /// <summary>SIGSTOP, until <see cref="Cont"/>.</summary>
    public void Pause()
    {
        _pause = faults.Begin(FaultKind.Pause, name);
        Process.Pause();
    }

    /// <summary>The process has stopped itself, at the place that RONDO_FAIL_POINTS names.</summary>
    public async Task UntilPausedItselfAsync(TimeSpan within)
    {
        var seen = new Fault(FaultKind.Pause, name, Site.Now);
        await Process.UntilAsync(
            () =>
            {
                // What counts as the beginning is the last moment at which it still ran.
                var now = Site.Now;
                var isPaused = Process.IsPaused;
                seen = isPaused ? seen : seen with { From = now };
                return Task.FromResult(isPaused);
            },
            "a stop at its fail point",
            within);
        _pause = faults.Add(seen);
    }

    public void Cont()
    {
        Process.Cont();
        _pause?.End();
        _pause = null;
    }

    /// <summary>SIGTERM; the node ends in order.</summary>
    public async Task StopAsync()
    {
        var stop = faults.Begin(FaultKind.Stop, name);
        var code = await Process.StopAsync(TimeSpan.FromSeconds(60));
        stop.End();
        Ended();
        Assert.True(code == 0, $"{name} ended with {code}:\n{string.Join('\n', Process.Errors.TakeLast(20))}");
    }

    /// <summary>Keeps it from its database: packets are swallowed, or (<paramref name="isReset"/>) connections broken and refused.</summary>
    public void Cut(bool isReset = false)
    {
        _cut = faults.Begin(FaultKind.Cut, name);
        if (isReset)
        {
            place.Way.Break();
        }
        else
        {
            place.Way.Cut();
        }
    }

    public void Heal()
    {
        place.Way.Heal();
        _cut?.End();
        _cut = null;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var process in _processes)
        {
            await process.DisposeAsync();
        }

        await place.Way.DisposeAsync();
    }

    private void Ended()
    {
        _isUp = false;
        _starting?.End();
        _starting = null;
        _pause?.End();
        _pause = null;
    }

    [GeneratedRegex(@" Node (\S+) started on ")]
    private static partial Regex Started();

    [GeneratedRegex(@" endpoints, (\d+) groups armed| owned by another node, (\d+) left")]
    private static partial Regex ArmedGroups();

    [GeneratedRegex(@" A batch of (\d+) outcomes was refused")]
    private static partial Regex BatchRefused();
}
