using Microsoft.Extensions.Logging;
using Rondo.Jobs;
using Rondo.Jobs.Logs;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Logs;

/// <summary>Every line of a job carries queue, kind, id and attempt, and is in the file of its queue.</summary>
public sealed class JobLogTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_the_queue_its_handler_and_the_handlers_own_logs_say_is_in_the_file_of_the_queue()
    {
        using var files = new JobLogFiles(new JobLogOptions { Folder = _folder.Path }, TimeProvider.System);
        using var logs = LoggerFactory.Create(b => b.SetMinimumLevel(LogLevel.Debug).AddProvider(files));
        var own = logs.CreateLogger("the.handlers.own");
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        var node = await Node.RegisterAsync(store.Database, TimeProvider.System, "work", "test", default);
        var handlers = new JobHandlers().Add("work", new Handler(async (job, stop) =>
        {
            job.Log("half\ndone\u001b[31m", "warn");
            await Task.Yield();
            own.LogInformation("beside, after a wait, of {What}", "something");
            await Task.Run(() => own.LogError(new InvalidOperationException("deep"), "on another thread"), stop);
            return job.Attempt == 1 ? JobResult.Retry("not yet") : JobResult.Done;
        }), new HandlerOptions<Work> { Queue = "pay.ments-1_x", Backoff = RetryPolicy.List(TimeSpan.Zero) });
        await using var supervisor = new LoopSupervisor(TimeProvider.System, new Chance(1), (_, _) => { }, _ => { });
        var server = new JobServer(store.Database, node, handlers, JobRig.Fast, TimeProvider.System, new Chance(7), _ => { }, logs.CreateLogger("rondo.jobs"));
        await using var queue = new JobQueue(store.Database, handlers, _ => server.Wake());
        own.LogInformation("of no job");
        server.Start(supervisor);
        supervisor.Start(files.Loop(logs.CreateLogger("rondo.jobs")));
        var id = (await queue.EnqueueAsync(new Work("a"))).Id;
        var file = _folder.At("pay.ments-1_x.log");
        await Eventually.TrueAsync(() => File.Exists(file) && File.ReadAllLines(file).Count(line => line.Contains("attempt=2", StringComparison.Ordinal)) == 3, "both attempts are written");
        await supervisor.StopAsync(TimeSpan.FromSeconds(3));
        var lines = File.ReadAllLines(file);
        Assert.All(lines, line => Assert.Contains($" queue=pay.ments-1_x kind=work id={id} attempt=", line, StringComparison.Ordinal));
        var first = lines.Where(line => line.Contains("attempt=1", StringComparison.Ordinal)).Select(line => line[25..].Replace($"queue=pay.ments-1_x kind=work id={id} attempt=1 ", "", StringComparison.Ordinal)).ToArray();
        Assert.Equal("warn half\\ndone [31m", first[0]);
        Assert.Equal("info beside, after a wait, of something", first[1]);
        Assert.StartsWith("error on another thread | System.InvalidOperationException: deep", first[2], StringComparison.Ordinal);
        Assert.Contains("failed: not yet", first[3], StringComparison.Ordinal);
        Assert.Equal(4, first.Length);
        Assert.Equal([Path.GetFileName(file)], Directory.GetFiles(_folder.Path).Select(Path.GetFileName));
    }

    [Theory]
    [InlineData(".", "..log")]
    [InlineData("..", "...log")]
    [InlineData("a.log", "a.log.log")]
    [InlineData("A-b_9.x", "A-b_9.x.log")]
    [InlineData("../a", null)]
    [InlineData("a/b", null)]
    [InlineData("a b", null)]
    [InlineData("ä", null)]
    [InlineData("", null)]
    public void A_name_of_a_queue_is_a_name_of_a_file_or_nothing(string queue, string? expected)
    {
        using (var files = new JobLogFiles(new JobLogOptions { Folder = _folder.At("logs") }, TimeProvider.System))
        {
            JobsLog.Says(files.CreateLogger("rondo.jobs"), queue, "work", 7, 1, "info", "hello");
        }

        Assert.Equal(expected is null ? [] : [expected], Directory.Exists(_folder.At("logs")) ? Directory.GetFiles(_folder.At("logs")).Select(Path.GetFileName) : []);
        Assert.Empty(Directory.GetFiles(_folder.Path));
    }

    [Fact]
    public void A_disk_that_fails_is_said_once_and_that_it_works_again_too()
    {
        var said = new CapturedLogs();
        var time = new FakeTime();
        using var files = new JobLogFiles(new JobLogOptions { Folder = _folder.Path }, time);
        var log = files.CreateLogger("rondo.jobs");
        Directory.CreateDirectory(_folder.At("bad.log"));
        for (var n = 0; n < 5; n++)
        {
            JobsLog.Says(log, "bad", "work", n, 1, "info", "hello");
            JobsLog.Says(log, "good", "work", n, 1, "info", "hello");
            files.Write(said);
            time.Advance(TimeSpan.FromSeconds(2));
        }

        Assert.Contains("bad.log cannot be written", Assert.Single(said.Lines), StringComparison.Ordinal);
        Assert.Equal(5, File.ReadAllLines(_folder.At("good.log")).Length);
        Directory.Delete(_folder.At("bad.log"));
        files.Write(said);
        files.Write(said);
        Assert.Contains("bad.log is written again", said.Lines.Last(), StringComparison.Ordinal);
        Assert.Equal(2, said.Lines.Count);
        Assert.Equal(5, File.ReadAllLines(_folder.At("bad.log")).Length);
    }

    private sealed class Handler(Func<JobContext, CancellationToken, Task<JobResult>> handle) : IJobHandler<Work>
    {
        public Task<JobResult> Handle(Work args, JobContext job, CancellationToken stop) => handle(job, stop);
    }
}
