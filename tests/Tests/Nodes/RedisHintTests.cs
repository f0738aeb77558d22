using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

/// <summary>Hints by way of a Redis that does as a test wants; those with a real one are in SystemTests.</summary>
public sealed class RedisHintTests : IAsyncDisposable
{
    private readonly FakeRedis _redis = new();

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task What_others_hear_by_Redis_costs_no_notification()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        var asked = new List<string>();
        store.Database.Before = name =>
        {
            asked.Add(name);
            return null;
        };
        await using var one = await new HintProcess(store.Database, redis: _redis.Address).Start().ConnectedAsync();
        one.Hints.Send("polling");
        await Eventually.TrueAsync(() => one.Hints.State.Sent == 1, "it is told");
        Assert.Equal($"PUBLISH rondo:hints:{store.Address.Identity} {store.Database.Session} polling", _redis.Commands[^1]);
        Assert.Empty(asked);
        var state = one.Hints.State.Redis!;
        Assert.Equal(new RedisHintState(_redis.Address.Shown, true, null, null, 1, 0, 0), state);
    }

    [Theory]
    [InlineData(":1\r\n", 1, 0)]
    [InlineData("-NOPERM no more\r\n", 0, 1)]
    [InlineData("?", 0, 1)]
    [InlineData(null, 0, 1)]
    public async Task What_nobody_else_hears_by_Redis_goes_by_NOTIFY(string? answer, int sent, int failed)
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        var heard = new Count();
        other.Hints.On("polling", heard.Up);
        _redis.Answer = words => words[0] == "PUBLISH" && words[2].Contains(' ', StringComparison.Ordinal) ? answer : FakeRedis.Well(words);
        await using var one = await new HintProcess(store.Database, redis: _redis.Address).Start().ConnectedAsync();
        one.Hints.Send("polling");
        await Eventually.TrueAsync(() => heard.Value == 1, "the other process hears it");
        await Eventually.TrueAsync(() => one.Hints.State.Sent == 1, "it is told");
        Assert.Equal((sent, failed), (one.Redis!.State.Sent, one.Redis.State.Failed));
        Assert.Equal(0, one.Hints.State.Failed);
    }

    [Fact]
    public async Task A_message_of_another_process_wakes_whom_it_is_for_and_ones_own_wakes_nobody()
    {
        await using var one = HintProcess.Cut(_redis.Address);
        var (polling, jobs) = (new Count(), new Count());
        one.Hints.On("polling", polling.Up);
        one.Hints.On("jobs", jobs.Up);
        one.Start();
        await Eventually.TrueAsync(() => (polling.Value, jobs.Value) == (1, 1), "it hears from now on, and everybody looks");
        foreach (var payload in new[] { $"{one.Database.Session} jobs", "greeting", "", "other unknown", "other polling" })
        {
            _redis.Say(FakeRedis.Message(one.Redis!.Channel, payload));
        }

        await Eventually.TrueAsync(() => one.Redis!.State.Received == 2, "both hints of the other process are heard");
        Assert.Equal((2, 1), (polling.Value, jobs.Value));
        Assert.Equal(2, one.Hints.State.Received);
        Assert.NotNull(one.Hints.State.LastHeardAt);
    }

    [Fact]
    public async Task A_Redis_that_hangs_up_is_connected_again_and_everybody_is_woken_once()
    {
        using var logs = new CapturedLogs();
        await using var one = HintProcess.Cut(_redis.Address, logs);
        var woken = new Count();
        one.Hints.On("polling", woken.Up);
        one.Start();
        await Eventually.TrueAsync(() => woken.Value == 1, "it is connected, and what was said before may have been missed");
        _redis.HangUp();
        await Eventually.TrueAsync(() => woken.Value == 2, "it is connected again");
        _redis.Say(FakeRedis.Message(one.Redis!.Channel, "other polling"));
        await Eventually.TrueAsync(() => woken.Value == 3, "and heard again");
        Assert.True(one.Redis.State.IsConnected);
        Assert.Null(one.Redis.State.LastError);
        Assert.Equal(3, logs.Lines.Count);
        Assert.StartsWith($"Warning: Redis at redis://{_redis.At} is away: it closed the connection. Hints go as without it", logs.Lines.ElementAt(1), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Redis_that_is_not_there_is_a_state_and_one_line_and_no_loop_fails()
    {
        using var logs = new CapturedLogs();
        await _redis.DisposeAsync();
        await using var one = HintProcess.Cut(_redis.Address, logs).Start();
        Assert.NotNull(one.Redis!.State.AwaySince);
        await Eventually.TrueAsync(() => one.Health.Single(loop => loop.Name == "hints.redis").Passes > 3, "it is tried again and again");
        var state = one.Redis.State;
        Assert.False(state.IsConnected);
        Assert.NotNull(state.AwaySince);
        Assert.Contains("refused", state.LastError, StringComparison.OrdinalIgnoreCase);
        Assert.All(one.Health, loop => Assert.Equal((0L, null), (loop.Failures, loop.LastError)));
        Assert.StartsWith($"Warning: Redis at redis://{_redis.At} is away", Assert.Single(logs.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_Redis_that_accepts_and_breaks_at_once_is_asked_ever_less_often()
    {
        var time = new FakeTime();
        var isBreaking = true;
        _redis.Answer = words =>
        {
            if (words[0] == "PUBLISH")
            {
                _redis.Say(isBreaking ? "what?" : FakeRedis.Pong);
            }

            return FakeRedis.Well(words);
        };
        await using var one = HintProcess.Cut(_redis.Address);
        var woken = new Count();
        one.Hints.On("polling", woken.Up);
        var loop = new RedisLoop(one.Hints, one.Redis!, time, new Chance(1));
        var expected = Delays().Take(9).ToArray();
        for (var i = 0; i < 9; i++)
        {
            Assert.Equal(expected[i], await loop.PassAsync());
            Assert.Equal(i + 1, woken.Value);
        }

        Assert.Contains(expected, delay => delay > TimeSpan.FromSeconds(3));
        Assert.All(expected, delay => Assert.InRange(delay, TimeSpan.Zero, TimeSpan.FromSeconds(10)));

        // Only what has been heard from starts over.
        isBreaking = false;
        Assert.Equal(TimeSpan.Zero, await loop.PassAsync());
        _redis.HangUp();
        Assert.InRange(await loop.PassAsync(), TimeSpan.Zero, TimeSpan.FromMilliseconds(200));

        static IEnumerable<TimeSpan> Delays()
        {
            var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10), new Chance(1).For("hints.redis.retry"));
            while (true)
            {
                yield return backoff.Next();
            }
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, true, "on SQLite hints stay in their process")]
    [InlineData(DatabaseKind.Postgres, false, "hints are switched off")]
    public async Task Where_there_is_nobody_to_tell_Redis_is_not_used_and_one_line_says_so(DatabaseKind kind, bool isShared, string why)
    {
        using var logs = new CapturedLogs();
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await using var one = new HintProcess(store.Database, isShared, _redis.Address, logs).Start();
        one.Hints.Send("polling");
        await one.Hints.FlushAsync();
        Assert.Empty(one.Loops);
        Assert.Equal(0, _redis.Connections);
        Assert.Null(one.Hints.State.Redis);
        Assert.Equal($"Warning: Redis at redis://{_redis.At} is not used: {why} ", Assert.Single(logs.Lines));
    }

    [Fact]
    public async Task A_command_tells_both_ways_and_waits_for_a_silent_Redis_a_second_at_most()
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, time, isMigrated: false);
        await using var other = await HintProcess.StartAsync(store.Address);
        var heard = new Count();
        other.Hints.On("polling", heard.Up);
        await using var hints = new Hints(store.Database, time, redis: new RedisCarrier(_redis.Address, store.Database, time));
        hints.Send("polling");
        await hints.FlushAsync();
        await Eventually.TrueAsync(() => heard.Value == 1, "the database told it");
        Assert.Equal([$"PUBLISH rondo:hints:{store.Address.Identity} {store.Database.Session} polling"], _redis.Commands);
        Assert.Equal((1L, 1L), (hints.State.Sent, hints.State.Redis!.Sent));

        _redis.Answer = _ => null;
        hints.Send("polling");
        var flush = hints.FlushAsync();
        await Eventually.TrueAsync(() => heard.Value == 2, "the database told it while Redis is silent");
        Assert.False(flush.IsCompleted);
        time.Advance(TimeSpan.FromSeconds(1));
        await flush;
    }

    [Fact]
    public async Task What_is_told_after_the_loops_have_ended_still_goes_by_Redis()
    {
        await using var one = await HintProcess.Cut(_redis.Address).Start().ConnectedAsync();
        await one.StopLoopsAsync();
        one.Hints.Send("polling");
        await one.Hints.FlushAsync();
        Assert.Equal(1, one.Redis!.State.Sent);
        Assert.EndsWith(" polling", _redis.Commands[^1], StringComparison.Ordinal);
    }
}
