using Rondo.Live;
using Rondo.Live.Log;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

public sealed class EventLogTests
{
    [Theory, BothDatabases]
    public async Task An_event_is_told_when_its_transaction_commits_and_never_when_it_does_not(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var tail = new LogTail(store.Database);
        tail.Run();
        await Eventually.TrueAsync(() => !tail.Begun.IsEmpty, "the loop has begun");
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Database.WriteAsync("test", tx =>
        {
            tail.Log.Write(tx, LogTail.Event("undone"));
            throw new InvalidOperationException("as the test wants it");
        }));
        await tail.WriteAsync("a", "b");
        await tail.WriteAsync("c");
        await Eventually.TrueAsync(() => tail.Told.Count == 3, "three events are told");
        Assert.Equal(["a", "b", "c"], tail.Names);
        Assert.Equal([1, 2, 3], tail.Told.Select(e => e.Id));
        Assert.Equal(3, (await HeadAsync(store)).Last);
    }

    [Theory, BothDatabases]
    public async Task While_the_database_is_away_it_is_tried_every_two_seconds_at_least(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        store.Database.Before = SteeredDatabase.Away;
        var loop = new LogLoop(store.Database, new LiveOptions(), new EventLog(), null, _ => { }, time);
        using var stop = new CancellationTokenSource();
        var running = loop.StartGeneration(new Longest(), (_, _) => { }, stop.Token);
        var waits = new List<TimeSpan>();
        for (var n = 0; n < 12; n++)
        {
            await time.WhenTimersWaitAsync();
            waits.Add(time.UntilNextTimer!.Value);
            time.AdvanceToNextTimer();
        }

        await time.WhenTimersWaitAsync();
        Assert.Equal(TimeSpan.FromSeconds(2), waits.Max());
        await stop.CancelAsync();
        await running;
    }

    /// <summary>Only PostgreSQL has transactions that overlap.</summary>
    [Fact]
    public async Task What_began_first_and_commits_last_comes_last_and_no_reader_sees_a_hole()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await using var tail = new LogTail(store.Database);
        tail.Run();
        await Eventually.TrueAsync(() => !tail.Begun.IsEmpty, "the loop has begun");
        using var release = new SemaphoreSlim(0);
        var began = new TaskCompletionSource();
        var first = store.Database.WriteAsync("first", tx =>
        {
            tail.Log.Write(tx, LogTail.Event("began first"));
            began.TrySetResult();
            release.Wait();
        });
        await began.Task;
        await tail.WriteAsync("began second");
        await Eventually.TrueAsync(() => tail.Told.Count == 1, "the one that has committed is told, and waits for nobody");
        release.Release();
        await first;
        await Eventually.TrueAsync(() => tail.Told.Count == 2, "the other one is told");
        Assert.Equal([(1, "began second"), (2, "began first")], tail.Told.Select(e => ((int)e.Id, e.Name)));
    }

    [Theory, BothDatabases]
    public async Task Many_writers_and_two_nodes_make_one_order_without_holes_that_both_see(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var beside = kind == DatabaseKind.Postgres ? store.Beside() : null;
        await using var one = new LogTail(store.Database);
        await using var two = new LogTail(beside?.Database ?? store.Database);
        one.Run();
        two.Run();
        await Eventually.TrueAsync(() => !one.Begun.IsEmpty && !two.Begun.IsEmpty, "the loops have begun");
        await Task.WhenAll(Enumerable.Range(0, 8).Select(w => Task.Run(async () =>
        {
            for (var n = 0; n < 25; n++)
            {
                await (w % 2 == 0 ? one : two).WriteAsync($"{w}/{n}/a", $"{w}/{n}/b");
            }
        })));
        await Eventually.TrueAsync(() => one.Told.Count == 400 && two.Told.Count == 400, "all are told by both");
        Assert.Equal(Enumerable.Range(1, 400).Select(n => (long)n), one.Told.Select(e => e.Id));
        Assert.Equal(one.Told.Select(e => (e.Id, e.Stamp, e.Name)), two.Told.Select(e => (e.Id, e.Stamp, e.Name)));
        foreach (var writer in one.Names.GroupBy(n => n.Split('/')[0]))
        {
            var order = writer.Select(n => int.Parse(n.Split('/')[1])).ToArray();
            Assert.Equal(order.Order(), order);
        }
    }

    /// <summary>A process that ended between its commit and the next step leaves events that others number.</summary>
    [Fact]
    public async Task What_was_left_unnumbered_is_numbered_by_whoever_looks()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await store.Database.WriteAsync("test", tx => { new EventLog().Write(tx, LogTail.Event("left")); });
        await using var tail = new LogTail(store.Database);
        tail.Run();
        await Eventually.TrueAsync(() => tail.Told.Count == 1, "it is numbered and told");
        Assert.Equal(0, await store.ScalarAsync<long>("select count(*) from live_outbox"));
    }

    [Theory, BothDatabases]
    public async Task No_more_is_kept_than_wanted_and_always_the_last_one(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var tail = new LogTail(store.Database);
        await tail.WriteAsync([.. Enumerable.Range(1, 50).Select(n => $"{n}")]);
        await tail.Loop.PassAsync();
        await tail.Loop.PassAsync();
        var now = store.Database.Clock.Now;
        Assert.Equal(0, await TrimAsync(store, 50, now - TimeSpan.FromHours(1)));
        Assert.Equal(5, await TrimAsync(store, 20, now - TimeSpan.FromHours(1), slice: 5));
        Assert.Equal(25, await TrimAsync(store, 20, now - TimeSpan.FromHours(1)));
        Assert.Equal(31, (await HeadAsync(store)).Oldest);
        Assert.Equal(19, await TrimAsync(store, 20, now + TimeSpan.FromHours(1)));
        Assert.Equal((50, 50), ((await HeadAsync(store)).Oldest, (await HeadAsync(store)).Last));
    }

    [Theory, BothDatabases]
    public async Task A_log_that_was_set_back_is_noticed_also_when_the_same_numbers_stand_on_other_events(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var tail = new LogTail(store.Database);
        await tail.WriteAsync("a", "b");
        for (var pass = 0; pass < 3; pass++)
        {
            await tail.Loop.PassAsync();
        }

        var before = tail.Begun.Count;
        await store.ExecuteAsync("update live_event set stamp = stamp + 1 where id = 2");
        await tail.Loop.PassAsync();
        Assert.Equal(before + 1, tail.Begun.Count);
        Assert.Equal(2, tail.Begun.Last().Id);
        await tail.Loop.PassAsync();
        Assert.Equal(before + 1, tail.Begun.Count);
    }

    /// <summary>Only PostgreSQL numbers after the commit, so only there a pass may begin with numbers of its own. Who numbered first: nobody, with a hole before; nobody, from the next number; another node.</summary>
    [Theory]
    [InlineData("delete from live_event where id > 1; update live_head set last = 1", false)]
    [InlineData("update live_event set stamp = stamp + 1 where id = 3", false)]
    [InlineData("delete from live_event where id > 1; update live_head set last = 1", true)]
    public async Task A_log_that_was_set_back_is_noticed_also_by_whoever_numbers_behind_it(string lost, bool isNumberedElsewhere)
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await using var beside = store.Beside();
        await using var tail = new LogTail(store.Database);
        await tail.Loop.PassAsync();
        await tail.WriteAsync("a", "b", "c");
        await tail.Loop.PassAsync();
        Assert.Equal(["a", "b", "c"], tail.Names);
        foreach (var statement in lost.Split("; "))
        {
            await store.ExecuteAsync(statement);
        }

        if (isNumberedElsewhere)
        {
            await using var other = new LogTail(beside.Database);
            await other.WriteAsync("b of another", "c of another");
            await other.Loop.PassAsync();
            await other.Loop.PassAsync();
        }

        // A commit of its own: the next pass does not look before it numbers.
        var before = tail.Begun.Count;
        await tail.WriteAsync("d", "e", "f");
        for (var pass = 0; pass < 3; pass++)
        {
            await tail.Loop.PassAsync();
        }

        Assert.Equal(before + 1, tail.Begun.Count);
        Assert.Equal(["a", "b", "c"], tail.Names);
        var (last, token) = ((await HeadAsync(store)).Last, tail.Begun.Last());
        Assert.Equal((last, (await store.Database.ReadAsync("test", tx => EventStore.Head(tx, last))).Stamp), (token.Id, token.Stamp));

        // From there on it tells again.
        await tail.WriteAsync("g");
        await tail.Loop.PassAsync();
        Assert.Equal("g", tail.Names.Last());
    }

    [Fact]
    public void What_is_no_event_is_refused()
    {
        Assert.NotNull(EventLog.Problem(LogTail.Event("x", topic: "devices.x")));
        Assert.NotNull(EventLog.Problem(LogTail.Event("", topic: "devices.1")));
        Assert.NotNull(EventLog.Problem(LogTail.Event("x", data: "\"" + new string('x', 65_536) + "\"")));
        Assert.Null(EventLog.Problem(LogTail.Event("payment.processed", topic: "jobs.payments")));
    }

    [Theory]
    [InlineData("7fe0-12-1a2b", true)]
    [InlineData("7fe0-0-0", true)]
    [InlineData("7fe0-12", false)]
    [InlineData("7fe0--12-1", false)]
    [InlineData("7fe0-12-ffffffff", false)]
    [InlineData("-12-1", false)]
    [InlineData("", false)]
    [InlineData(null, false)]
    public void A_token_is_read_as_it_was_written(string? text, bool isToken)
    {
        Assert.Equal(isToken, ResumeToken.TryParse(text, out var token));
        if (isToken)
        {
            Assert.Equal(text, token.ToString());
        }
    }

    private static Task<LogHead> HeadAsync(TestStore store) => store.Database.ReadAsync("test", tx => EventStore.Head(tx, 0));

    private static Task<int> TrimAsync(TestStore store, int keep, Instant cutoff, int slice = 1_000) => store.Database.WriteAsync("test", tx => EventStore.Trim(tx, keep, cutoff, slice));

    /// <summary>No wait is shorter than it may be.</summary>
    private sealed class Longest : Random
    {
        public override double NextDouble() => 1;
    }
}
