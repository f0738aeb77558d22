using System.Globalization;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Clocks;

/// <summary>
/// A wall clock that is off, for processes that are given its <see cref="Variables"/> (libfaketime, which stands between a program and the C library). Their
/// monotonic clock is the true one, as on a machine whose clock somebody has set.
/// </summary>
internal sealed class FakeClock
{
    private readonly string _file;

    /// <param name="folder">Where the offset is kept; whoever uses the clock must be able to read there.</param>
    /// <param name="seconds">By how much it is ahead at first; negative for behind.</param>
    public FakeClock(string folder, int seconds = 0)
    {
        _file = Path.Combine(folder, "clock");
        Set(seconds);
    }

    public IReadOnlyDictionary<string, string> Variables => new Dictionary<string, string>
    {
        ["LD_PRELOAD"] = Library(),
        ["FAKETIME_TIMESTAMP_FILE"] = _file,
        ["FAKETIME_NO_CACHE"] = "1",
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",
        ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
    };

    /// <summary>Variables of a clock that is always as much off.</summary>
    public static IReadOnlyDictionary<string, string?> Off(int seconds) => new Dictionary<string, string?>
    {
        ["LD_PRELOAD"] = Library(),
        ["FAKETIME"] = Text(seconds),
        ["FAKETIME_DONT_FAKE_MONOTONIC"] = "1",

        // It would take a wait by the monotonic clock, as all of .NET's are, for one by the wall clock: everything would time out at once.
        ["FAKETIME_FORCE_MONOTONIC_FIX"] = "0",
    };

    /// <summary>Skips the test where it cannot be had.</summary>
    public static void Require() => Library();

    /// <summary>Sets it, at once for everybody: each look at the time reads the file.</summary>
    public void Set(int seconds)
    {
        // Never half written.
        File.WriteAllText(_file + ".new", Text(seconds) + "\n");
        File.Move(_file + ".new", _file, overwrite: true);
    }

    private static string Text(int seconds) => seconds.ToString("+0;-0;+0", CultureInfo.InvariantCulture) + "s";

    private static string Library()
    {
        var file = Directory.Exists("/usr/lib")
            ? Directory.GetDirectories("/usr/lib", "*-linux-gnu").Select(folder => Path.Combine(folder, "faketime", "libfaketimeMT.so.1")).FirstOrDefault(File.Exists)
            : null;
        Tools.Require(file is not null, "libfaketime (package faketime)");
        return file!;
    }
}
