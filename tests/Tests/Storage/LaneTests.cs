using System.Diagnostics;
using Microsoft.Data.Sqlite;
using Rondo.Storage;
using Rondo.Storage.Sqlite;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>The write lane of SQLite: group commit that harms nobody.</summary>
public sealed class LaneTests : IDisposable
{
    private static readonly Sql _table = new("test.table", "create table t (n integer primary key, x blob) strict");
    private static readonly Sql _insert = new("test.insert", "insert into t (n) values (@n)");
    private static readonly Sql _all = new("test.all", "select n from t order by n");
    private static readonly Sql _endless = new("test.endless", "insert into t (n) select x + 1000 from (with recursive c(x) as (select 1 union all select x + 1 from c) select x from c)");
    private static readonly Sql _count = new("test.count", "with recursive c(x) as (select 1 union all select x + 1 from c) select count(*) from c");

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task What_is_acknowledged_is_on_disk_for_another_connection()
    {
        await using var database = await OpenAsync(TimeProvider.System);
        await using var other = new SqliteConnection($"Data Source={_folder.At("t.db")};Pooling=False");
        await other.OpenAsync();
        for (var n = 0; n < 50; n++)
        {
            await Insert(database, n);
            await using var count = new SqliteCommand("select count(*) from t", other);
            Assert.Equal(n + 1L, await count.ExecuteScalarAsync());
        }
    }

    [Fact]
    public async Task Whatever_waits_goes_into_one_commit()
    {
        await using var database = await OpenAsync(new FakeTime());
        await using var other = new SqliteConnection($"Data Source={_folder.At("t.db")};Pooling=False");
        await other.OpenAsync();
        var seenInside = -1L;
        await InOneGroupAsync(database, () =>
        [
            Insert(database, 1),
            database.WriteAsync("look", _ =>
            {
                using var count = new SqliteCommand("select count(*) from t", other);
                seenInside = (long)count.ExecuteScalar()!;
            }),
            Insert(database, 2),
        ]);
        Assert.Equal(0, seenInside);
        Assert.Equal([1, 2], await AllAsync(database));
    }

    [Fact]
    public async Task A_failing_piece_does_not_harm_its_group()
    {
        await using var database = await OpenAsync(new FakeTime());
        Task[] pieces = [];
        await Assert.ThrowsAnyAsync<Exception>(() => InOneGroupAsync(database, () => pieces =
        [
            Insert(database, 1),
            database.WriteAsync("refused", tx =>
            {
                tx.Execute(_insert, new { n = 2 });
                tx.Execute(_insert, new { n = 2 });
            }),
            Insert(database, 3),
            database.WriteAsync("bug", tx =>
            {
                tx.Execute(_insert, new { n = 4 });
                throw new InvalidTimeZoneException("a bug in the caller's work");
            }),
            Insert(database, 5),
        ]));
        Assert.Equal([1, 3, 5], await AllAsync(database));
        Assert.Equal(StorageFaultKind.Conflict, (await Assert.ThrowsAsync<StorageFault>(() => pieces[1])).Kind);
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => pieces[3]);
        await Task.WhenAll(pieces[0], pieces[2], pieces[4]);
    }

    [Fact]
    public async Task What_runs_again_because_another_piece_failed_is_there_once()
    {
        await using var database = await OpenAsync(new FakeTime());
        var runs = new int[5];
        Task[] pieces = [];
        await Assert.ThrowsAnyAsync<Exception>(() => InOneGroupAsync(database, () => pieces = [.. Enumerable.Range(0, runs.Length).Select(n => database.WriteAsync($"piece {n}", tx =>
        {
            runs[n]++;
            tx.Execute(_insert, new { n });
            Assert.True(n % 2 == 0, "it fails");
        }))]));
        Assert.Equal([0, 2, 4], await AllAsync(database));

        // The first failure undoes all of it; after that each has its savepoint.
        Assert.Equal([2, 1, 1, 1, 1], runs);
    }

    [Fact]
    public async Task Who_blocks_and_finds_nobody_writing_writes_by_itself_and_what_came_meanwhile_is_written_after_it()
    {
        await using var database = await OpenAsync(TimeProvider.System);
        Task? meanwhile = null;
        Assert.Equal(Environment.CurrentManagedThreadId, database.Write("own", tx =>
        {
            tx.Execute(_insert, new { n = 1 });
            meanwhile ??= Insert(database, 2);
            return Environment.CurrentManagedThreadId;
        }));
        await meanwhile!;
        Assert.Equal([1, 2], await AllAsync(database));
        var faults = 0;
        await Task.WhenAll(Enumerable.Range(0, 8).Select(thread => Task.Run(() =>
        {
            for (var n = 0; n < 100; n++)
            {
                try
                {
                    database.Write("many", tx => tx.Execute(_insert, new { n = 10 + (thread % 4 * 100) + n }));
                }
                catch (StorageFault)
                {
                    Interlocked.Increment(ref faults);
                }
            }
        })));
        Assert.Equal(400, faults);
        Assert.Equal(402, (await AllAsync(database)).Count);
    }

    [Fact]
    public async Task Only_a_piece_that_need_not_be_flushed_and_is_alone_does_not_wait_for_the_disk()
    {
        const long Full = 2;
        const long Normal = 1;
        await using var database = await OpenAsync(new FakeTime());
        long Level(Transaction tx) => tx.First<long>(new Sql("test.level", "select synchronous from pragma_synchronous"));
        Assert.Equal(Full, database.Write("flushed", Level));
        Assert.Equal(Normal, database.WriteUnflushed("unflushed", Level));
        Assert.Equal(Full, await database.WriteAsync("flushed", Level));
        Task<long>? later = null;
        Assert.Equal(Normal, database.WriteUnflushed("unflushed", tx =>
        {
            later ??= database.WriteAsync("later", Level);
            return Level(tx);
        }));
        Assert.Equal(Full, await later!);
    }

    [Fact]
    public async Task What_a_piece_does_after_its_commit_cannot_harm_its_group_either()
    {
        await using var database = await OpenAsync(new FakeTime());
        Task[] pieces = [];
        await Assert.ThrowsAnyAsync<Exception>(() => InOneGroupAsync(database, () => pieces =
        [
            Insert(database, 1),
            database.WriteAsync("publish", tx =>
            {
                tx.Execute(_insert, new { n = 2 });
                tx.OnCommit(() => throw new InvalidTimeZoneException("a bug in what is published"));
            }),
            Insert(database, 3),
        ]));
        await pieces[0];
        await pieces[2];
        Assert.Equal([1, 2, 3], await AllAsync(database));
    }

    [Fact]
    public async Task What_is_to_follow_a_commit_never_follows_a_failure()
    {
        await using var database = await OpenAsync(TimeProvider.System);
        var published = new List<string>();
        await database.WriteAsync("good", tx => tx.OnCommit(() => published.Add("good")));
        await Assert.ThrowsAsync<InvalidTimeZoneException>(() => database.WriteAsync("bad", tx =>
        {
            tx.OnCommit(() => published.Add("bad"));
            throw new InvalidTimeZoneException();
        }));
        Assert.Equal(["good"], published);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Work_that_takes_too_long_is_interrupted_and_undone(bool byWriting)
    {
        await using var database = await OpenAsync(TimeProvider.System);
        Task[] pieces = [];
        var started = Stopwatch.GetTimestamp();
        await Assert.ThrowsAnyAsync<Exception>(() => InOneGroupAsync(database, () => pieces =
        [
            Insert(database, 1),
            database.WriteAsync("endless", tx =>
            {
                tx.Execute(_insert, new { n = 2 });
                if (byWriting)
                {
                    tx.Execute(_endless);
                }
                else
                {
                    tx.First<long>(_count);
                }
            }),
            Insert(database, 3),
        ]));
        var fault = await Assert.ThrowsAsync<StorageFault>(() => pieces[1]);
        Assert.Equal(StorageFaultKind.Busy, fault.Kind);
        Assert.Contains("1 s", fault.Message);
        Assert.InRange(Stopwatch.GetElapsedTime(started).TotalSeconds, 1, 8);

        // SQLite rolls the whole transaction back when it interrupts a write: the others run again and notice nothing.
        await pieces[0];
        await pieces[2];
        Assert.Equal([1, 3], await AllAsync(database));
    }

    [Fact]
    public async Task Work_that_dawdles_without_asking_the_database_is_undone_as_well()
    {
        var time = new FakeTime();
        await using var database = await OpenAsync(time);
        var fault = await Assert.ThrowsAsync<StorageFault>(() => database.WriteAsync("dawdle", tx =>
        {
            tx.Execute(_insert, new { n = 1 });
            time.Advance(TimeSpan.FromSeconds(1.5));
        }));
        Assert.Equal(StorageFaultKind.Busy, fault.Kind);
        Assert.Empty(await AllAsync(database));
        await database.WriteLongAsync("long", tx =>
        {
            tx.Execute(_insert, new { n = 2 });
            time.Advance(TimeSpan.FromMinutes(2));
            return true;
        });
        Assert.Equal([2], await AllAsync(database));
    }

    [Fact]
    public async Task Work_that_nobody_waits_for_any_more_is_not_begun()
    {
        await using var database = await OpenAsync(new FakeTime());
        using var stop = new CancellationTokenSource();
        var ran = false;
        Task cancelled = Task.CompletedTask;
        await InOneGroupAsync(database, () =>
        {
            cancelled = database.WriteAsync("late", _ => { ran = true; }, stop.Token);
            stop.Cancel();
            return [Insert(database, 1)];
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.False(ran);
    }

    [Fact]
    public async Task What_was_posted_before_the_end_is_still_written()
    {
        var database = await OpenAsync(TimeProvider.System);
        var pieces = Enumerable.Range(0, 200).Select(n => Insert(database, n)).ToArray();
        await database.DisposeAsync();
        await Task.WhenAll(pieces);
        await using var again = new SqliteDatabase(Address, DatabaseUse.Command, TimeProvider.System);
        Assert.Equal(200, (await AllAsync(again)).Count);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => Insert(database, 1000));
    }

    [Fact]
    public async Task A_writer_that_is_kept_out_for_ten_seconds_says_so_and_goes_on_afterwards()
    {
        var time = new FakeTime();
        await using var database = await OpenAsync(time);
        await using (var other = new SqliteConnection($"Data Source={_folder.At("t.db")};Pooling=False"))
        {
            await other.OpenAsync();
            await using (var begin = new SqliteCommand("begin immediate", other))
            {
                await begin.ExecuteNonQueryAsync();
            }

            var waiting = Insert(database, 1);
            await Eventually.TrueAsync(
                () =>
                {
                    time.Advance(TimeSpan.FromSeconds(1));
                    return waiting.IsCompleted;
                },
                "the writer gave up");
            var fault = await Assert.ThrowsAsync<StorageFault>(() => waiting);
            Assert.Equal(StorageFaultKind.Busy, fault.Kind);
            Assert.True(fault.IsTransient);
        }

        await Insert(database, 2);
        Assert.Equal([2], await AllAsync(database));
    }

    [Fact]
    public async Task Commands_beside_a_busy_server_get_their_turn()
    {
        await using var server = await OpenAsync(TimeProvider.System);
        await using var command = new SqliteDatabase(Address, DatabaseUse.Command, TimeProvider.System);
        using var stop = new CancellationTokenSource();
        var written = 0;

        // Always several pieces waiting: the lane never runs dry.
        var busy = Enumerable.Range(0, 8).Select(lane => Task.Run(async () =>
        {
            while (!stop.IsCancellationRequested)
            {
                var n = Interlocked.Increment(ref written);
                await server.WriteAsync("busy", tx =>
                {
                    for (var i = 0; i < 200; i++)
                    {
                        tx.Execute(_insert, new { n = (n * 1000) + i });
                    }
                });
            }
        })).ToArray();
        await Eventually.TrueAsync(() => Volatile.Read(ref written) > 8, "the server is busy");
        for (var n = 1; n <= 20; n++)
        {
            await Insert(command, -n);
        }

        await stop.CancelAsync();
        await Task.WhenAll(busy);
        Assert.Equal(20, (await AllAsync(server)).Count(n => n < 0));
    }

    private DatabaseAddress Address => TestStore.Parse("sqlite:" + _folder.At("t.db"));

    private static Task Insert(Database database, int n) => database.WriteAsync($"insert {n}", tx => { tx.Execute(_insert, new { n }); });

    private static Task<List<int>> AllAsync(Database database) => database.ReadAsync("all", tx => tx.Query<int>(_all));

    /// <summary>Holds the lane with a first piece until all of <paramref name="post"/> waits behind it, so that everything shares one transaction.</summary>
    private static async Task InOneGroupAsync(Database database, Func<Task[]> post)
    {
        using var entered = new ManualResetEventSlim();
        using var go = new ManualResetEventSlim();
        var first = database.WriteLongAsync("first", _ =>
        {
            entered.Set();
            go.Wait(TimeSpan.FromSeconds(30));
            return true;
        });
        Assert.True(entered.Wait(TimeSpan.FromSeconds(30)));
        var pieces = post();
        go.Set();
        await first;
        await Task.WhenAll(pieces);
    }

    private async Task<Database> OpenAsync(TimeProvider time)
    {
        var database = new SqliteDatabase(Address, DatabaseUse.Server, time);
        await database.WriteAsync("table", tx => { tx.Execute(_table); });
        return database;
    }
}
