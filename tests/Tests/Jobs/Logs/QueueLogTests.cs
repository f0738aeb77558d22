using System.Text.RegularExpressions;
using Rondo.Jobs.Logs;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Logs;

/// <summary>The log file of one queue, in the test's own time.</summary>
public sealed class QueueLogTests : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly FakeTime _time = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_file_that_would_grow_too_large_is_put_aside_and_only_so_many_are_kept()
    {
        var log = Log(o => o with { MaxSize = 10_000, Keep = 3 });
        for (var n = 0; n < 60; n++)
        {
            log.Add(Line($"{n:00}" + new string('x', 965)));
            log.Write();
        }

        Assert.Equal(["q.log", "q.log.1", "q.log.2", "q.log.3"], Files());
        Assert.All(Files(), name => Assert.InRange(new FileInfo(_folder.At(name)).Length, 1, 10_000));

        // Nothing is missing between the oldest that is kept and the newest.
        var numbers = string.Concat(Files().Reverse().Select(name => File.ReadAllText(_folder.At(name)))).Split('\n', StringSplitOptions.RemoveEmptyEntries)
            .Select(line => int.Parse(Regex.Match(line, " (\\d\\d)x").Groups[1].Value)).ToArray();
        Assert.Equal(Enumerable.Range(60 - numbers.Length, numbers.Length), numbers);
        Assert.InRange(numbers.Length, 31, 40);
    }

    [Fact]
    public void A_file_whose_first_line_is_too_old_is_put_aside_also_after_a_restart()
    {
        Write(Log(), "first");
        _time.Advance(TimeSpan.FromDays(6.9));
        Write(Log(), "second");
        Assert.Equal(["q.log"], Files());
        _time.Advance(TimeSpan.FromDays(0.2));
        Write(Log(), "third");
        Assert.Equal(["q.log", "q.log.1"], Files());
        Assert.Contains("third", File.ReadAllText(_folder.At("q.log")), StringComparison.Ordinal);
        Assert.Equal(2, File.ReadAllLines(_folder.At("q.log.1")).Length);

        // Nothing is kept when nothing is to be.
        _time.Advance(TimeSpan.FromDays(8));
        Write(Log(o => o with { Keep = 0 }), "fourth");
        Assert.DoesNotContain("third", string.Concat(Files().Select(name => File.ReadAllText(_folder.At(name)))), StringComparison.Ordinal);
    }

    [Fact]
    public void What_others_move_remove_or_cut_short_is_made_anew_and_nothing_is_overwritten()
    {
        var log = Log();
        Write(log, "one");
        File.Move(_folder.At("q.log"), _folder.At("q.log-moved"));
        Write(log, "two");
        File.Delete(_folder.At("q.log"));
        Write(log, "three");
        File.WriteAllText(_folder.At("q.log"), "");
        Write(log, "four");

        // Another process that shares the folder.
        Write(Log(), "five");
        Write(log, "six");
        Assert.Equal(["four", "five", "six"], File.ReadAllLines(_folder.At("q.log")).Select(line => line.Split(' ')[^1]));
        Directory.Delete(_folder.Path, recursive: true);
        Write(log, "seven");
        Assert.Single(File.ReadAllLines(_folder.At("q.log")));
    }

    [Fact]
    public void A_file_that_cannot_be_written_has_its_lines_wait_within_bounds_and_what_is_dropped_is_told()
    {
        Directory.CreateDirectory(_folder.At("q.log"));
        var log = Log();
        for (var n = 0; n < QueueLog.MostLines + 7; n++)
        {
            log.Add(Line($"{n}"));
        }

        log.Write();
        Assert.NotNull(log.Fault);
        Assert.Equal(7, log.Dropped);
        Directory.Delete(_folder.At("q.log"));

        // Not at once again.
        log.Write();
        Assert.NotNull(log.Fault);
        _time.Advance(TimeSpan.FromSeconds(2));
        log.Write();
        Assert.Null(log.Fault);
        var lines = File.ReadAllLines(_folder.At("q.log"));
        Assert.Equal(QueueLog.MostLines + 1, lines.Length);
        Assert.EndsWith("queue=q 7 lines before this one were dropped", lines[^1], StringComparison.Ordinal);
        Write(log, "next");
        Assert.EndsWith(" next", File.ReadAllLines(_folder.At("q.log"))[^1], StringComparison.Ordinal);
        log.Add(new string('x', QueueLog.MostText + 1));
        Assert.Equal(8, log.Dropped);
    }

    [Fact]
    public void A_full_disk_leaves_no_half_of_a_batch()
    {
        var isFull = true;
        var log = new QueueLog("q", new JobLogOptions { Folder = _folder.Path }, _time)
        {
            Into = (file, bytes) =>
            {
                file.Write(isFull ? bytes.AsSpan(0, bytes.Length / 2) : bytes);
                if (isFull)
                {
                    throw new IOException("No space left on device");
                }
            },
        };
        File.WriteAllText(_folder.At("q.log"), Line("before") + "\n");
        log.Add(Line("one"));
        Write(log, "two");
        Assert.Equal("No space left on device", log.Fault);
        Assert.Single(File.ReadAllLines(_folder.At("q.log")));
        isFull = false;
        _time.Advance(TimeSpan.FromSeconds(2));
        log.Write();
        Assert.Equal(["before", "one", "two"], File.ReadAllLines(_folder.At("q.log")).Select(line => line.Split(' ')[^1]));
    }

    [Fact]
    public void A_device_that_is_always_full_is_a_fault_like_any_other()
    {
        File.CreateSymbolicLink(_folder.At("q.log"), "/dev/full");
        var log = Log();
        Write(log, "one");
        Assert.NotNull(log.Fault);
        File.Delete(_folder.At("q.log"));
        _time.Advance(TimeSpan.FromSeconds(2));
        log.Write();
        Assert.Single(File.ReadAllLines(_folder.At("q.log")));
    }

    [Fact]
    public void A_file_that_another_process_holds_is_waited_for()
    {
        var log = Log();
        using (new FileStream(_folder.At("q.log"), FileMode.Create, FileAccess.Write, FileShare.None))
        {
            Write(log, "one");
            Assert.NotNull(log.Fault);
        }

        _time.Advance(TimeSpan.FromSeconds(2));
        log.Write();
        Assert.Single(File.ReadAllLines(_folder.At("q.log")));
    }

    private string[] Files() => [.. Directory.GetFiles(_folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    private QueueLog Log(Func<JobLogOptions, JobLogOptions>? change = null)
    {
        var options = new JobLogOptions { Folder = _folder.Path };
        return new QueueLog("q", change?.Invoke(options) ?? options, _time);
    }

    private string Line(string text) => $"{QueueLog.Stamp(_time)} info queue=q {text}";

    private void Write(QueueLog log, string text)
    {
        log.Add(Line(text));
        log.Write();
    }
}
