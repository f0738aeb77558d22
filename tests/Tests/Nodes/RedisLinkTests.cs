using System.Net;
using System.Net.Sockets;
using Rondo.Nodes;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

/// <summary>The connections to a Redis, and what a peer may do to them. Time stands still unless a test moves it.</summary>
public sealed class RedisLinkTests : IAsyncDisposable
{
    private readonly FakeTime _time = new();
    private readonly FakeRedis _redis = new();
    private readonly List<string> _heard = [];

    public ValueTask DisposeAsync() => _redis.DisposeAsync();

    [Fact]
    public async Task A_link_subscribes_and_proves_that_it_may_publish()
    {
        using var link = await OpenAsync();
        Assert.Equal(["SUBSCRIBE ch", "PUBLISH ch hello"], _redis.Commands);
        Assert.Equal(2, await link.TellAsync("me topic"));
        Assert.Equal("PUBLISH ch me topic", _redis.Commands[^1]);
        Assert.Equal(0, _time.PendingTimers);
    }

    [Fact]
    public async Task A_name_with_several_addresses_is_tried_by_all_of_them()
    {
        // Often ::1 first, where nobody listens.
        var address = RedisAddress.TryParse($"localhost:{_redis.Address.Port}", out _)!;
        using var link = await RedisLink.OpenAsync(address, "ch", "hello", _time, TestContext.Current.CancellationToken);
        Assert.Equal(2, await link.TellAsync("me topic"));
    }

    [Theory]
    [InlineData("redis://:geheim@", "AUTH geheim")]
    [InlineData("redis://rondo:geheim@", "AUTH rondo geheim")]
    public async Task Both_connections_log_in_first(string login, string command)
    {
        using var link = await OpenAsync(login);
        Assert.Equal([command, "SUBSCRIBE ch", command, "PUBLISH ch hello"], _redis.Commands);
    }

    [Theory]
    [InlineData("-WRONGPASS invalid username-password pair or user is disabled.\r\n", "it refused the login (WRONGPASS): check user and password")]
    [InlineData("-ERR unknown command `AUTH`, with args beginning with: `rondo`, `geheim`, \r\n", "it refused the login (error): check user and password")]
    [InlineData("-geheim\r\n", "it refused the login (error): check user and password")]
    public async Task A_refused_login_is_told_without_what_the_server_repeats(string answer, string message)
    {
        _redis.Answer = words => words[0] == "AUTH" ? answer : FakeRedis.Well(words);
        Assert.Equal(message, (await Assert.ThrowsAsync<RedisFault>(() => OpenAsync("redis://rondo:geheim@"))).Message);
        await Eventually.TrueAsync(() => _redis.Connections == 0, "nothing stays open");
    }

    [Theory]
    [InlineData("SUBSCRIBE", "-NOAUTH Authentication required.\r\n", "it refused SUBSCRIBE: NOAUTH Authentication required.")]
    [InlineData("SUBSCRIBE", "+OK\r\n", "it answered SUBSCRIBE with something else")]
    [InlineData("SUBSCRIBE", "HTTP/1.1 400 Bad Request\r\n\r\n", "it does not speak the protocol of Redis: no value begins with the byte 0x48. Is this the port of a Redis?")]
    [InlineData("PUBLISH", "-NOPERM this user has no permissions to run the 'publish' command\r\n", "it refused PUBLISH: NOPERM this user has no permissions to run the 'publish' command")]
    [InlineData("PUBLISH", "+OK\r\n", "it answered PUBLISH with something else than a number")]
    [InlineData("PUBLISH", "-\u001b[2J\u0007\r\n", "it refused PUBLISH:  [2J ")]
    [InlineData("PUBLISH", "$99999\r\n", "it sent a bulk string of more than 65536, which no answer to a hint is")]
    public async Task Whoever_answers_something_else_is_no_Redis_of_ours(string command, string answer, string message)
    {
        _redis.Answer = words => words[0] == command ? answer : FakeRedis.Well(words);
        Assert.Equal(message, (await Assert.ThrowsAsync<RedisFault>(() => OpenAsync())).Message);
        await Eventually.TrueAsync(() => _redis.Connections == 0, "nothing stays open");
    }

    [Fact]
    public async Task An_answer_byte_by_byte_is_one_answer_and_a_long_error_is_shortened()
    {
        _redis.Answer = words => words[0] == "PUBLISH" ? $"-ERR {new string('x', 60_000)}\r\n" : FakeRedis.Well(words);
        var fault = await Assert.ThrowsAsync<RedisFault>(() => OpenAsync());
        Assert.InRange(fault.Message.Length, 200, 300);

        _redis.Answer = FakeRedis.Well;
        using var link = await OpenAsync();
        var hearing = link.HearAsync(_heard.Add, CancellationToken.None);
        foreach (var letter in FakeRedis.Message("ch", "other topic"))
        {
            Assert.False(hearing.IsCompleted);
            _redis.Say($"{letter}");
        }

        await hearing;
        Assert.Equal(["other topic"], _heard);
    }

    [Fact]
    public async Task A_connection_that_is_refused_closed_or_not_accepted_is_told()
    {
        _redis.Answer = _ =>
        {
            _redis.HangUp();
            return null;
        };
        await Assert.ThrowsAsync<RedisFault>(() => OpenAsync());

        await _redis.DisposeAsync();
        Assert.Contains("refused", (await Assert.ThrowsAsync<RedisFault>(() => OpenAsync())).Message, StringComparison.OrdinalIgnoreCase);

        // With one connection that nobody accepts its queue is full, and the next one gets no answer at all.
        using var full = new TcpListener(IPAddress.Loopback, 0);
        full.Start(0);
        var port = ((IPEndPoint)full.LocalEndpoint).Port;
        using var first = new TcpClient();
        await first.ConnectAsync(IPAddress.Loopback, port);
        var opening = RedisLink.OpenAsync(RedisAddress.TryParse($"127.0.0.1:{port}", out _)!, "ch", "hello", _time, CancellationToken.None);
        await _time.WhenTimersWaitAsync();
        _time.Advance(RedisConnection.OpenWithin);
        Assert.Equal("it did not accept the connection within 2 s", (await Assert.ThrowsAsync<RedisFault>(() => opening)).Message);
    }

    [Fact]
    public async Task A_server_that_accepts_and_says_nothing_is_given_up_after_2_s()
    {
        _redis.Answer = _ => null;
        var started = _time.GetTimestamp();
        var opening = OpenAsync();
        await Eventually.TrueAsync(() => _redis.Commands.Length == 1, "it is asked");
        var fault = await Assert.ThrowsAsync<RedisFault>(() => PassAsync(opening));
        Assert.Equal("it did not answer SUBSCRIBE within 2 s", fault.Message);
        Assert.InRange(_time.GetElapsedTime(started), RedisConnection.OpenWithin, 2 * RedisConnection.OpenWithin);
    }

    [Fact]
    public async Task Messages_are_heard_one_by_one_however_they_arrive()
    {
        using var link = await OpenAsync();
        _redis.Say(FakeRedis.Message("ch", "a 1") + FakeRedis.Message("ch", "b 2") + FakeRedis.Message("ch", new string('x', 40_000)));
        for (var i = 1; i <= 3; i++)
        {
            await link.HearAsync(_heard.Add, CancellationToken.None);
            Assert.Equal(i, _heard.Count);
        }

        Assert.Equal(["a 1", "b 2", new string('x', 40_000)], _heard);
    }

    [Fact]
    public async Task After_10_s_of_silence_it_is_asked_whether_it_is_there_and_it_is()
    {
        using var link = await OpenAsync();
        for (var i = 1; i <= 2; i++)
        {
            var hearing = link.HearAsync(_heard.Add, CancellationToken.None);
            await _time.WhenTimersWaitAsync();
            _time.Advance(RedisLink.Silence - TimeSpan.FromMilliseconds(1));
            Assert.False(hearing.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(1));
            await hearing;
            Assert.Equal(i, _redis.Commands.Count(command => command == "PING"));
        }

        // Whatever comes proves it as well as the answer does, which may come later.
        _redis.Answer = words => words[0] == "PING" ? FakeRedis.Message("ch", "other topic") + FakeRedis.Pong : FakeRedis.Well(words);
        var last = link.HearAsync(_heard.Add, CancellationToken.None);
        await _time.WhenTimersWaitAsync();
        _time.Advance(RedisLink.Silence);
        await last;
        Assert.Equal(["other topic"], _heard);
        await link.HearAsync(_heard.Add, CancellationToken.None);
        Assert.Single(_heard);
    }

    [Fact]
    public async Task A_server_that_vanished_without_a_word_is_given_up_5_s_after_it_was_asked()
    {
        using var link = await OpenAsync();
        _redis.Answer = _ => null;
        var started = _time.GetTimestamp();
        var hearing = link.HearAsync(_heard.Add, CancellationToken.None);
        await _time.WhenTimersWaitAsync();
        _time.Advance(RedisLink.Silence);
        await Eventually.TrueAsync(() => _redis.Commands[^1] == "PING", "it is asked");
        var fault = await Assert.ThrowsAsync<RedisFault>(() => PassAsync(hearing));
        Assert.Equal("it did not answer PING within 5 s", fault.Message);
        Assert.InRange(_time.GetElapsedTime(started), RedisLink.Silence + RedisLink.AnswerWithin, RedisLink.Silence + (2 * RedisLink.AnswerWithin));
    }

    [Theory]
    [InlineData("+PONG\r\n", "it ended the subscription: PONG")]
    [InlineData("-ERR gone\r\n", "it ended the subscription: ERR gone")]
    [InlineData("*3\r\n$11\r\nunsubscribe\r\n$2\r\nch\r\n:0\r\n", "it ended the subscription: (nothing)")]
    [InlineData("*3\r\n$7\r\nmessage\r\n$5\r\nother\r\n$1\r\nx\r\n", "it ended the subscription: (nothing)")]
    [InlineData("*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$-1\r\n", "it ended the subscription: (nothing)")]
    [InlineData("$-1\r\n", "it ended the subscription: (nothing)")]
    [InlineData("what?", "it does not speak the protocol of Redis: no value begins with the byte 0x77. Is this the port of a Redis?")]
    public async Task What_is_no_message_ends_the_link(string said, string message)
    {
        using var link = await OpenAsync();
        _redis.Say(said);
        Assert.Equal(message, (await Assert.ThrowsAsync<RedisFault>(() => link.HearAsync(_heard.Add, CancellationToken.None))).Message);
        Assert.Empty(_heard);
    }

    [Fact]
    public async Task A_message_that_is_not_taken_within_half_a_second_ends_the_link_for_whoever_hears_too()
    {
        using var link = await OpenAsync();
        _redis.Answer = _ => null;
        var started = _time.GetTimestamp();
        var hearing = link.HearAsync(_heard.Add, CancellationToken.None);
        var telling = link.TellAsync("me topic");
        await Eventually.TrueAsync(() => _redis.Commands[^1] == "PUBLISH ch me topic", "it is told");
        Assert.Equal("it did not answer PUBLISH within 0.5 s", (await Assert.ThrowsAsync<RedisFault>(() => PassAsync(telling, timers: 2))).Message);
        Assert.InRange(_time.GetElapsedTime(started), RedisLink.TellWithin, 2 * RedisLink.TellWithin);
        Assert.Equal("it did not answer PUBLISH within 0.5 s", (await Assert.ThrowsAsync<RedisFault>(() => hearing)).Message);
        await Assert.ThrowsAsync<RedisFault>(() => link.TellAsync("me topic"));
        await Eventually.TrueAsync(() => _redis.Connections == 0, "nothing stays open");
    }

    [Fact]
    public async Task A_stop_ends_every_wait()
    {
        using var link = await OpenAsync();
        using var stop = new CancellationTokenSource();
        var hearing = link.HearAsync(_heard.Add, stop.Token);
        await _time.WhenTimersWaitAsync();
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => hearing);

        // It goes on with what it has: the last hints are told after the loops were stopped.
        Assert.Equal(2, await link.TellAsync("me topic"));
        _redis.Answer = _ => null;
        using var again = new CancellationTokenSource();
        var opening = RedisLink.OpenAsync(_redis.Address, "ch", "hello", _time, again.Token);
        await Eventually.TrueAsync(() => _redis.Commands[^1] == "SUBSCRIBE ch", "it is asked");
        await again.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => opening);
    }

    private Task<RedisLink> OpenAsync(string login = "redis://") =>
        RedisLink.OpenAsync(RedisAddress.TryParse(login + _redis.At, out _)!, "ch", "hello", _time, TestContext.Current.CancellationToken);

    /// <summary>Lets time pass until the work is done, which waits for nothing else any more: whenever so many timers wait, the first one is its own.</summary>
    private async Task PassAsync(Task work, int timers = 1)
    {
        while (await Task.WhenAny(work, _time.WhenTimersWaitAsync(timers)) != work)
        {
            _time.AdvanceToNextTimer();
        }

        await work;
    }
}
