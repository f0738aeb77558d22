using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;

namespace Rondo.Loops;

/// <summary>
/// Named places where a test may hold the process up or end it: between a check and the write that relies on it, between two commits. Silent unless the
/// environment variable <c>RONDO_FAIL_POINTS</c> names them (<c>polling.record.fenced=stop@3</c>: at the third time it comes by), or a test in the same process does.
/// </summary>
public static class FailPoint
{
    private const int SigKill = 9;
    private const int SigStop = 19;
    private static readonly ConcurrentDictionary<string, Action> _actions = Read(Environment.GetEnvironmentVariable("RONDO_FAIL_POINTS"));

    /// <summary>The process has come to the place <paramref name="name"/>.</summary>
    public static void Reach(string name)
    {
        if (!_actions.IsEmpty && _actions.TryGetValue(name, out var action))
        {
            action();
        }
    }

    /// <summary>For tests: what happens at <paramref name="name"/>, until the answer is disposed.</summary>
    internal static IDisposable Set(string name, Action action)
    {
        _actions[name] = action;
        return new Removal(name);
    }

    /// <summary>Reads <c>name=action[@n]</c>, separated by commas; actions are <c>kill</c>, <c>stop</c> (SIGSTOP) and <c>hang</c>. Anything else is a mistake that must not pass unnoticed.</summary>
    internal static ConcurrentDictionary<string, Action> Read(string? text)
    {
        var actions = new ConcurrentDictionary<string, Action>(StringComparer.Ordinal);
        foreach (var part in (text ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
        {
            var (name, rest) = part.Split('=', 2) is [var n, var r] ? (n, r) : throw new FormatException($"RONDO_FAIL_POINTS: '{part}' is not name=action[@n]");
            var (word, count) = rest.Split('@', 2) is [var w, var c] ? (w, int.Parse(c, System.Globalization.CultureInfo.InvariantCulture)) : (rest, 1);
            Action act = word switch
            {
                "kill" => () => Signal(SigKill),
                "stop" => () => Signal(SigStop),
                "hang" => Hang,
                _ => throw new FormatException($"RONDO_FAIL_POINTS: '{word}' is not kill, stop or hang"),
            };
            var passed = 0;
            actions[name] = () =>
            {
                if (Interlocked.Increment(ref passed) == count)
                {
                    act();
                }
            };
        }

        return actions;
    }

    private static void Hang()
    {
        using var never = new ManualResetEventSlim();
        never.Wait();
    }

    private static void Signal(int signal)
    {
        using var self = Process.GetCurrentProcess();
        _ = Kill(self.Id, signal);
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);

    private sealed class Removal(string name) : IDisposable
    {
        public void Dispose() => _actions.TryRemove(name, out _);
    }
}
