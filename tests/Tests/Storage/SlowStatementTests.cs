using System.Collections.Concurrent;
using System.Diagnostics;
using Npgsql;
using Rondo.Host.Metrics;
using Rondo.Loops;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;
using Rondo.Tests.Http;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>Time of statements by name, and who is in the way of those that are slow; with statements that are really blocked.</summary>
public sealed class SlowStatementTests
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);
    private static readonly Sql Read = new("test.read", "select count(*) from thing");
    private static readonly Sql Write = new("test.write", "update thing set n = n + 1");
    private readonly ConcurrentQueue<SlowStatement> _told = new();

    [Theory]
    [BothDatabases]
    public async Task The_time_of_each_statement_is_counted_by_its_name(DatabaseKind kind)
    {
        await using var store = await OpenAsync(kind);
        for (var n = 0; n < 3; n++)
        {
            await store.Database.ReadAsync("test", tx => tx.First<long>(Read));
        }

        await store.Database.WriteAsync("test", tx => { tx.Execute(Write); });
        Assert.Empty(await store.Database.ReadAsync("test", tx => tx.Stream<long>(new Sql("test.stream", "select n from thing where n < 0")).ToList()));
        Assert.Equal(3, Count(store, "test.read"));
        Assert.Equal(1, Count(store, "test.write"));
        Assert.Equal(1, Count(store, "test.stream"));
        Assert.True(Count(store, "commit") > 0);

        // A statement that fails took its time as well.
        await Assert.ThrowsAsync<StorageFault>(() => store.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test.wrong", "update nothing set n = 1")); }));
        Assert.Equal(1, Count(store, "test.wrong"));
    }

    [Fact]
    public async Task On_SQLite_statements_of_the_hot_path_are_counted_too()
    {
        await using var store = await OpenAsync(DatabaseKind.Sqlite);
        await store.Database.WriteAsync("test", tx =>
        {
            var work = (SqliteWork)tx;
            for (var n = 0; n < 17; n++)
            {
                work.Prepared(Write).Execute();
            }

            var read = work.Prepared(Read);
            while (read.Step())
            {
                Assert.Equal(1, read.Int64(0));
            }
        });

        // The first and every 16th after it.
        Assert.Equal(2, Count(store, "test.write"));
        Assert.Equal(1, Count(store, "test.read"));
    }

    [Fact]
    public async Task On_PostgreSQL_the_session_that_blocks_is_named_with_its_state_and_its_statement()
    {
        await using var store = await OpenAsync(DatabaseKind.Postgres);
        await using var supervisor = new LoopSupervisor(TimeProvider.System, new Chance(1));
        supervisor.Start(new BlockerLoop((PostgresDatabase)store.Database.Inner, TimeProvider.System));

        // One of ours, whose statements have names; it stays in its transaction.
        await using (var other = store.OpenAsCommand())
        {
            using var release = new ManualResetEventSlim();
            var holding = new TaskCompletionSource();
            var holder = other.WriteAsync("test.hold", tx =>
            {
                tx.Execute(new Sql("test.holder", "update thing set n = n"));
                holding.SetResult();
                release.Wait(TimeSpan.FromSeconds(20));
            });
            await holding.Task;
            var blocked = store.Database.WriteAsync("test.work", tx => { tx.Execute(Write); });
            await BlockerIsSeenAsync(store);

            // Behind a pooler nobody knows the session: it is found by the name of its statement.
            var found = Assert.Single(await store.Database.AskAsync("test", tx => BlockerStore.Read(tx, ["test.write", "test.none"])));
            Assert.Equal("test.write", found.Statement);
            Assert.EndsWith("statement test.holder", found.ToString(), StringComparison.Ordinal);
            release.Set();
            await Task.WhenAll(holder, blocked);
        }

        var told = Assert.Single(_told, s => s.Statement == "test.write");
        Assert.Equal("test.work", told.Work);
        Assert.True(told.Took >= Slow);
        Assert.Matches(@"^session \d+ \([^,]+, user \w+\), idle in transaction in a transaction of \d+\.\d s, statement test\.holder$", told.Blocker);

        // Somebody else's, whose values are not shown.
        _told.Clear();
        await using (var stranger = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(store.Address.Target) { ApplicationName = "nightly report" }.ConnectionString))
        {
            await stranger.OpenAsync();
            await using var tx = await stranger.BeginTransactionAsync();
            await using (var lockAll = new NpgsqlCommand("update thing set n = 4711, name = 'secret''s' where n > 0 or name = 'x'", stranger, tx))
            {
                await lockAll.ExecuteNonQueryAsync();
            }

            var blocked = store.Database.WriteAsync("test.work", tx => { tx.Execute(Write); });
            await BlockerIsSeenAsync(store);
            await tx.RollbackAsync();
            await blocked;
        }

        told = Assert.Single(_told, s => s.Statement == "test.write");
        Assert.Contains("(nightly report, user ", told.Blocker, StringComparison.Ordinal);
        Assert.EndsWith("statement: update thing set n = ?, name = ? where n > ? or name = ?", told.Blocker, StringComparison.Ordinal);
        await supervisor.StopAsync(TimeSpan.FromSeconds(5));
    }

    [Fact]
    public async Task On_SQLite_the_work_that_held_the_write_lane_is_named()
    {
        await using var store = await OpenAsync(DatabaseKind.Sqlite);
        var began = new TaskCompletionSource();
        using var release = new ManualResetEventSlim();
        var holder = store.Database.WriteLongAsync("test.hold", tx =>
        {
            began.TrySetResult();
            return release.Wait(TimeSpan.FromSeconds(20));
        });
        await began.Task;
        var blocked = store.Database.WriteAsync("test.work", tx => { tx.Execute(Write); });
        await PassAsync(Slow * 2);
        release.Set();
        await Task.WhenAll(holder, blocked);

        var told = Assert.Single(_told, s => s.Statement == StatementTimes.LaneWait);
        Assert.Equal("test.work", told.Work);
        Assert.Matches("^test.hold held it for [0-9]+ ms", told.Blocker);
    }

    [Fact]
    public async Task On_SQLite_the_process_that_holds_the_file_is_named()
    {
        var program = Requires.Program("sqlite3", "sqlite3");
        await using var store = await OpenAsync(DatabaseKind.Sqlite);
        using var process = Process.Start(new ProcessStartInfo(program, [store.Address.Target]) { RedirectStandardInput = true, UseShellExecute = false })!;
        try
        {
            await process.StandardInput.WriteLineAsync("begin immediate;");
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            await Eventually.TrueAsync(() => FileWriter.Of(store.Address.Target) == $"process {process.Id} (sqlite3)", "it holds the file");
            var blocked = store.Database.WriteAsync("test.work", tx => { tx.Execute(Write); });
            await PassAsync(Slow * 2);
            await process.StandardInput.WriteLineAsync("rollback;");
            await process.StandardInput.FlushAsync(TestContext.Current.CancellationToken);
            await blocked;
        }
        finally
        {
            process.StandardInput.Close();
            process.Kill();
            await process.WaitForExitAsync(TestContext.Current.CancellationToken);
        }

        var told = Assert.Single(_told, s => s.Statement == StatementTimes.LaneWait);
        Assert.StartsWith($"process {process.Id} (sqlite3) held it for ", told.Blocker, StringComparison.Ordinal);
    }

    [Fact]
    public void Of_the_systems_locks_the_writers_is_found()
    {
        string[] locks =
        [
            "1: POSIX  ADVISORY  READ 11 fe:01:77 124 124",
            "2: POSIX  ADVISORY  WRITE 12 fe:01:7 120 120",
            "3: FLOCK  ADVISORY  WRITE 13 fe:01:77 0 EOF",
            "4: -> POSIX  ADVISORY  WRITE 14 fe:01:77 120 120",
            "5: POSIX  ADVISORY  WRITE 15 fe:01:77 121 121",
            "6: POSIX  ADVISORY  WRITE 16 fe:01:77 120 120",
            "7: nonsense",
        ];
        Assert.Equal(16, FileWriter.Find(locks, 77));
        Assert.Null(FileWriter.Find(locks, 78));
    }

    [Fact]
    public void The_log_says_so_many_a_minute_and_how_many_it_did_not_say()
    {
        var time = new FakeTime();
        using var log = new CapturedLogs();
        var count = 0;
        var slow = new SlowLog(time, log, () => count++);
        for (var n = 0; n < SlowLog.PerMinute + 5; n++)
        {
            slow.Tell(new SlowStatement("jobs.claim", "jobs.claim", TimeSpan.FromSeconds(1), "session 7"));
        }

        Assert.Equal(SlowLog.PerMinute, log.Lines.Count);
        Assert.StartsWith("Warning: Statement jobs.claim of jobs.claim took 1000 ms; it waited for session 7", log.Lines.First(), StringComparison.Ordinal);
        time.Advance(TimeSpan.FromMinutes(1));
        slow.Tell(new SlowStatement(StatementTimes.LaneWait, "jobs.enqueue", TimeSpan.FromSeconds(2), null));
        Assert.StartsWith("Warning: jobs.enqueue waited 2000 ms for the write lane (and 5 more since the last line)", log.Lines.Last(), StringComparison.Ordinal);
        Assert.Equal(SlowLog.PerMinute + 6, count);
    }

    private static long Count(TestStore store, string statement) => store.Database.Statements.ByName.All.Where(s => s.Label == statement).Sum(s => s.Cell.Total.Count);

    private async Task<TestStore> OpenAsync(DatabaseKind kind)
    {
        var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table thing (n bigint not null, name text)");
        await store.ExecuteAsync("insert into thing (n) values (1)");
        store.Database.Statements.SlowAfter = Slow;
        store.Database.Statements.Slow = _told.Enqueue;
        return store;
    }

    /// <summary>Until the loop has seen who blocks, and the statement is slow.</summary>
    private static async Task BlockerIsSeenAsync(TestStore store)
    {
        var database = (PostgresDatabase)store.Database.Inner;
        await Eventually.TrueAsync(() => database.Flights.Longer(database.Statements, Slow).Any(f => f.Statement == "test.write" && f.Blocker(f.Began) is not null), "the blocker is seen");
    }

    private static Task PassAsync(TimeSpan time)
    {
        var began = Stopwatch.GetTimestamp();
        return Eventually.TrueAsync(() => Stopwatch.GetElapsedTime(began) >= time, "time passes");
    }
}
