using System.Diagnostics;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

public sealed class HintTests
{
    [Fact]
    public async Task A_hint_wakes_the_subscribers_of_its_topic_in_every_process()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var one = await HintProcess.StartAsync(store.Address);
        await using var other = await HintProcess.StartAsync(store.Address);
        var (near, far, unasked) = (new Count(), new Count(), new Count());
        one.Hints.On("polling", near.Up);
        other.Hints.On("polling", far.Up);
        other.Hints.On("jobs", unasked.Up);
        one.Hints.Send("polling");
        Assert.Equal(1, near.Value);
        await Eventually.TrueAsync(() => (far.Value, one.Hints.State.Sent) == (1, 1), "the other process hears it, once");
        Assert.Equal(0, unasked.Value);
        Assert.Equal(1, other.Hints.State.Received);
        Assert.NotNull(other.Hints.State.LastHeardAt);
    }

    [Fact]
    public async Task A_hint_that_goes_along_with_a_statement_is_heard_when_that_is_committed_and_only_one_in_a_moment_does()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var one = await HintProcess.StartAsync(store.Address);
        await using var other = await HintProcess.StartAsync(store.Address);
        var (near, far) = (new Count(), new Count());
        one.Hints.On("jobs", near.Up);
        other.Hints.On("jobs", far.Up);
        var message = one.Hints.Ride("jobs");
        Assert.NotNull(message);
        Assert.Null(one.Hints.Ride("jobs"));
        one.Database.Tell("test", tx => tx.Execute(new Sql("test.notify", "select pg_notify(@channel, @message)"), new { channel = Hints.Channel, message }));
        await Eventually.TrueAsync(() => far.Value == 1, "the other process hears it");
        Assert.Equal((0, 1), (near.Value, one.Hints.State.Sent));
        one.Hints.WakeHere("jobs");
        Assert.Equal(1, near.Value);
        await Eventually.TrueAsync(() => one.Hints.Ride("jobs") is not null, "after a moment the next one may");

        await using var file = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        await using var alone = new HintProcess(Database.Open(file.Address, DatabaseUse.Command, TimeProvider.System)).Start();
        Assert.Null(alone.Hints.Ride("jobs"));
    }

    [Fact]
    public async Task A_thousand_hints_within_a_moment_are_few_notifications_and_the_last_one_is_heard()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var one = await HintProcess.StartAsync(store.Address);
        await using var other = await HintProcess.StartAsync(store.Address);
        var (last, topics) = (new Count(), new Count());
        other.Hints.On("t9", topics.Up);
        other.Hints.On("last", last.Up);
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < 1_000; i++)
        {
            one.Hints.Send($"t{i % 10}");
        }

        one.Hints.Send("last");
        await Eventually.TrueAsync(() => last.Value == 1 && topics.Value > 0, "the last hint arrives, and what came with it is told, in whatever order");
        var most = 2 + (Stopwatch.GetElapsedTime(started) / HintSendLoop.Every);
        Assert.InRange(one.Hints.State.Sent, 1, most);
        Assert.InRange(topics.Value, 1, most);
    }

    [Fact]
    public async Task While_a_notification_is_on_its_way_no_hint_waits_for_it_and_all_of_them_become_one_more()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        var heard = new Count();
        other.Hints.On("polling", heard.Up);
        using var reached = new ManualResetEventSlim();
        using var goOn = new ManualResetEventSlim();
        store.Database.Before = _ =>
        {
            reached.Set();
            goOn.Wait();
            return null;
        };
        await using var one = new HintProcess(store.Database).Start();
        one.Hints.Send("polling");
        reached.Wait(TestContext.Current.CancellationToken);
        for (var i = 0; i < 1_000; i++)
        {
            one.Hints.Send("polling");
        }

        Assert.Equal(0, one.Hints.State.Sent);
        goOn.Set();
        await Eventually.TrueAsync(() => heard.Value == 2, "what was asked for meanwhile is told");
        await Eventually.TrueAsync(() => !one.Hints.IsWaiting, "nothing is left");
        Assert.Equal(2, one.Hints.State.Sent);
    }

    [Fact]
    public async Task A_process_does_not_hear_itself()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var one = await HintProcess.StartAsync(store.Address);
        await using var other = await HintProcess.StartAsync(store.Address);
        var (own, answer, question) = (new Count(), new Count(), new Count());
        one.Hints.On("question", own.Up);
        one.Hints.On("answer", answer.Up);
        other.Hints.On("question", question.Up);
        one.Hints.Send("question");
        await Eventually.TrueAsync(() => question.Value == 1, "the question is heard");

        // Notifications come in the order of their commits: with the answer, the question has come back as well.
        other.Hints.Send("answer");
        await Eventually.TrueAsync(() => answer.Value == 1, "the answer is heard");
        Assert.Equal(1, own.Value);
        Assert.Equal(1, one.Hints.State.Received);
    }

    [Fact]
    public async Task When_the_listening_session_is_ended_it_listens_again_and_wakes_everybody()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var one = await HintProcess.StartAsync(store.Address);
        var (polling, jobs) = (new Count(), new Count());
        one.Hints.On("polling", polling.Up);
        one.Hints.On("jobs", jobs.Up);
        var ended = await store.ScalarAsync<long>(
            "select count(*) from (select pg_terminate_backend(pid) from pg_stat_activity where application_name = @name) t",
            new { name = $"rondo-{one.Database.Session}-listen" });
        Assert.Equal(1, ended);
        await Eventually.TrueAsync(() => (polling.Value, jobs.Value) == (1, 1), "everybody is woken once, since something may have been missed");
        Assert.True(one.Hints.State.IsListening);
        await using var other = await HintProcess.StartAsync(store.Address);
        other.Hints.Send("polling");
        await Eventually.TrueAsync(() => polling.Value == 2, "it hears again");
    }

    [Fact]
    public async Task With_the_database_away_a_hint_is_given_without_waiting_and_told_once_it_is_back()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        var (near, far) = (new Count(), new Count());
        other.Hints.On("polling", far.Up);
        store.Database.Before = SteeredDatabase.Away;
        await using var one = new HintProcess(store.Database).Start();
        one.Hints.On("polling", near.Up);
        for (var i = 0; i < 1_000; i++)
        {
            one.Hints.Send("polling");
        }

        Assert.Equal(1_000, near.Value);
        await Eventually.TrueAsync(() => one.Hints.State.Failed > 1, "it is tried again");
        Assert.True(one.Hints.IsWaiting);
        Assert.Equal(0, one.Hints.State.Sent);
        store.Database.Before = null;
        await Eventually.TrueAsync(() => (far.Value, one.Hints.State.Sent) == (1, 1), "the hint is told, once");
    }

    [Fact]
    public async Task A_flush_tells_at_once_and_waits_a_second_at_most()
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, time, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        var heard = new Count();
        other.Hints.On("polling", heard.Up);
        await using var hints = new Hints(store.Database, time);
        hints.Send("polling");
        await hints.FlushAsync();
        Assert.Equal(1, hints.State.Sent);
        await Eventually.TrueAsync(() => heard.Value == 1, "the hint of the command is heard");

        store.Database.Before = SteeredDatabase.Away;
        hints.Send("polling");
        await hints.FlushAsync();
        Assert.Equal((1L, 1L), (hints.State.Sent, hints.State.Failed));

        using var goOn = new ManualResetEventSlim();
        store.Database.Before = _ =>
        {
            goOn.Wait();
            return null;
        };
        var flush = hints.FlushAsync();
        await time.WhenTimersWaitAsync();
        time.Advance(TimeSpan.FromMilliseconds(999));
        Assert.False(flush.IsCompleted);
        time.Advance(TimeSpan.FromMilliseconds(1));
        await flush;
        goOn.Set();
        await Eventually.TrueAsync(() => hints.State.Sent == 2, "what was under way ends by itself");
    }

    [Fact]
    public async Task Behind_PgBouncer_hints_are_told_but_nobody_listens()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        var heard = new Count();
        other.Hints.On("polling", heard.Up);
        await using var one = new HintProcess(Database.Open(TestStore.Parse(store.Address.Target + ";pgbouncer=true"), DatabaseUse.Server, TimeProvider.System)).Start();
        Assert.Equal(["hints.send"], one.Loops);
        one.Hints.Send("polling");
        await Eventually.TrueAsync(() => heard.Value == 1, "who is connected directly hears it");
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, true)]
    [InlineData(DatabaseKind.Postgres, false)]
    public async Task On_SQLite_and_when_they_are_switched_off_hints_stay_in_their_process(DatabaseKind kind, bool isShared)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        var asked = new List<string>();
        store.Database.Before = name =>
        {
            asked.Add(name);
            return null;
        };
        await using var one = new HintProcess(store.Database, isShared).Start();
        var near = new Count();
        one.Hints.On("polling", near.Up);
        one.Hints.Send("polling");
        await one.Hints.FlushAsync();
        Assert.Equal(1, near.Value);
        Assert.Empty(one.Loops);
        Assert.Empty(asked);
        Assert.Equal(new HintState(false, null, 0, 0, 0), one.Hints.State);
    }

    [Fact]
    public async Task A_subscriber_that_throws_harms_nobody_and_what_is_no_topic_is_not_told()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var hints = new Hints(store.Database, TimeProvider.System);
        var near = new Count();
        hints.On("polling", () => throw new InvalidOperationException("a bug"));
        hints.On("polling", near.Up);
        hints.Send("polling");
        Assert.Equal(1, near.Value);
        Assert.Equal(1, hints.State.Failed);
        foreach (var topic in new[] { "", "two words", new string('x', 101), "ü" })
        {
            hints.Send(topic);
        }

        Assert.Equal(5, hints.State.Failed);
        await hints.FlushAsync();
        Assert.Equal(1, hints.State.Sent);
    }

    [Fact]
    public async Task Topics_that_wait_and_subscriptions_are_bounded_and_all_topics_fit_into_one_notification()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        await using var hints = new Hints(store.Database, TimeProvider.System);
        var heard = new Count();
        for (var i = 0; i < 64; i++)
        {
            hints.On("t", () => { });
            other.Hints.On($"{i:000}{new string('x', 97)}", heard.Up);
            hints.Send($"{i:000}{new string('x', 97)}");
        }

        Assert.Throws<InvalidOperationException>(() => hints.On("t", () => { }));
        hints.Send("one-more");
        Assert.Equal(1, hints.State.Failed);
        await hints.FlushAsync();
        await Eventually.TrueAsync(() => heard.Value == 64, "every topic is heard");
        Assert.Equal(1, other.Hints.State.Received);
    }
}
