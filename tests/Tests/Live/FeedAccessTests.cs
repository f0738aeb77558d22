using System.Net;
using System.Net.Http.Headers;
using System.Net.WebSockets;
using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>Who may listen to what, and when that ends.</summary>
public sealed class FeedAccessTests
{
    private static readonly FeedCaller _viewer = new("paul", FeedRole.Viewer);

    [Fact]
    public async Task A_client_says_who_it_is_by_its_first_message()
    {
        await using var rig = await FeedRig.StartAsync(access: new TestAccess().With("good", _viewer));
        using var listener = await rig.ConnectAsync(isKnown: false);
        Assert.Equal("not_authenticated", Code(await listener.SubscribeAsync(["global"])));
        await listener.SendAsync("""{"type":"auth","token":"good"}""");
        var answer = await listener.NextAsync();
        Assert.Equal("paul", answer.GetProperty("data").GetProperty("who").GetString());
        await listener.SendAsync("""{"type":"auth","token":"good"}""");
        Assert.Equal("bad_message", Code(await listener.NextAsync()));
        await listener.SubscribeAsync(["global"]);
        await rig.PublishAsync("x");
        Assert.Equal("x", (await listener.EventAsync()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Who_does_not_say_so_in_time_or_says_it_wrongly_is_closed()
    {
        await using var rig = await FeedRig.StartAsync(access: new TestAccess());
        using var silent = await rig.ConnectAsync(isKnown: false);
        using var wrong = await rig.ConnectAsync(isKnown: false);
        await wrong.SendAsync("""{"type":"auth","token":"bad"}""");
        Assert.Equal(4401, await wrong.ClosedAsync());
        Assert.Equal(4402, await silent.ClosedAsync());
        await Eventually.TrueAsync(() => rig.State.Sockets == 0, "nobody is left");
        await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync("bad", isKnown: false));
        await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync(query: "?ticket=bad", isKnown: false));
    }

    [Fact]
    public async Task A_token_that_ends_or_is_revoked_ends_its_connections_within_a_second_and_no_other()
    {
        var access = new TestAccess().With("first", _viewer).With("second", _viewer);
        await using var rig = await FeedRig.StartAsync(access: access);
        access.With("brief", _viewer with { ExpiresAt = rig.Server.Database.Clock.Now + TimeSpan.FromSeconds(2) }).With("over", _viewer with { ExpiresAt = Instant.Epoch });
        using var first = await rig.ConnectAsync("first");
        using var second = await rig.ConnectAsync("second");
        using var brief = await rig.ConnectAsync("brief");
        access.Revoke("first");
        Assert.Equal(4404, await first.ClosedAsync());
        Assert.Equal(4403, await brief.ClosedAsync());
        await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync("over", isKnown: false));
        await second.SubscribeAsync(["global"]);
        await rig.PublishAsync("x");
        await second.EventAsync();
    }

    [Theory]
    [InlineData("header")]
    [InlineData("message")]
    [InlineData("stream")]
    public async Task A_token_that_is_revoked_while_it_is_looked_up_keeps_no_connection(string way)
    {
        var access = new TestAccess().With("good", _viewer);
        await using var rig = await FeedRig.StartAsync(access: access);
        access.Looked = access.Revoke;
        if (way == "stream")
        {
            using var http = new HttpClient { BaseAddress = rig.Api.Address };
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "good");
            Assert.Contains("token_revoked", await http.GetStringAsync("/events?topics=global"), StringComparison.Ordinal);
            return;
        }

        using var listener = await rig.ConnectAsync(way == "header" ? "good" : null, isKnown: false);
        if (way == "message")
        {
            await listener.SendAsync("""{"type":"auth","token":"good"}""");
        }

        Assert.Equal(4404, await listener.ClosedAsync());
    }

    [Fact]
    public async Task Connections_that_have_not_said_who_they_are_are_few_of_one_address()
    {
        await using var rig = await FeedRig.StartAsync(options: new LiveOptions { MaxPerToken = 2 }, access: new TestAccess().With("good", _viewer));
        using var one = await rig.ConnectAsync(isKnown: false);
        using var two = await rig.ConnectAsync(isKnown: false);
        using var three = await rig.ConnectAsync(isKnown: false);
        Assert.Equal(4429, await three.ClosedAsync());

        // Whoever says it makes room, and so does whoever leaves.
        await one.SendAsync("""{"type":"auth","token":"good"}""");
        Assert.Equal("auth", (await one.NextAsync()).GetProperty("type").GetString());
        using var four = await rig.ConnectAsync(isKnown: false);
        await four.SubscribeAsync(["global"]);
        two.Cut();
        four.Cut();
        await Eventually.TrueAsync(() => rig.State.Sockets == 1, "they have left");
        using var five = await rig.ConnectAsync(isKnown: false);
        using var six = await rig.ConnectAsync(isKnown: false);
        await six.SubscribeAsync(["global"]);
    }

    [Fact]
    public async Task Each_topic_is_allowed_or_refused_by_itself()
    {
        var access = new TestAccess().With("viewer", _viewer).With("ingest", new FeedCaller("meter", FeedRole.Ingest))
            .With("device", _viewer with { Devices = new HashSet<long> { 1, 2 } }).With("jobs", _viewer with { Topics = ["jobs.*", "global"] });
        await using var rig = await FeedRig.StartAsync(access: access);
        Assert.Equal("- forbidden unknown_topic -", await CodesAsync(rig, "viewer", "global", Topics.Admin, "devices.x", "metrics.voltage"));
        Assert.Equal("- out_of_scope out_of_scope -", await CodesAsync(rig, "device", "devices.1", "devices.3", "global", "devices.2"));
        Assert.Equal("- - out_of_scope", await CodesAsync(rig, "jobs", "jobs.payments", "global", "devices.1"));
        Assert.Equal("forbidden", await CodesAsync(rig, "ingest", "global"));

        // What was refused is not heard, what was allowed is.
        using var listener = await rig.ConnectAsync("device");
        await listener.SubscribeAsync(["devices.1", "global"]);
        await listener.NextAsync();
        await rig.PublishAsync("not for it", "devices.3");
        await rig.PublishAsync("for it", "devices.1");
        Assert.Equal("for it", (await listener.EventAsync()).GetProperty("name").GetString());
    }

    [Theory, BothDatabases]
    public async Task A_ticket_is_good_once_and_the_database_does_not_have_it(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind, access: new TestAccess().With("good", _viewer));
        using var http = new HttpClient { BaseAddress = rig.Api.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await http.PostAsync("/api/live/ticket", null)).StatusCode);
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", "good");
        using var answer = JsonDocument.Parse(await (await http.PostAsync("/api/live/ticket", null)).Content.ReadAsStringAsync());
        var query = "?ticket=" + answer.RootElement.GetProperty("ticket").GetString();
        Assert.Equal([true], await HashesAsync(rig, h => h.Length == 64 && !query.Contains(h, StringComparison.Ordinal)));
        using var listener = await rig.ConnectAsync(query: query);
        await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync(query: query, isKnown: false));
        Assert.Empty(await HashesAsync(rig, _ => true));
    }

    [Fact]
    public async Task A_ticket_is_good_at_another_node()
    {
        var access = new TestAccess().With("good", _viewer);
        await using var rig = await FeedRig.StartAsync(DatabaseKind.Postgres, access: access);
        await using var other = await rig.JoinAsync(access: access);
        var query = "?ticket=" + await rig.Server.Live.Feed.Tickets.IssueAsync(access.Tokens["good"], default);
        using var listener = await other.ConnectAsync(query: query);
        await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync(query: query, isKnown: false));
    }

    [Theory, BothDatabases]
    public async Task A_ticket_opens_nothing_when_its_time_is_over_or_its_token_was_revoked(DatabaseKind kind)
    {
        var access = new TestAccess().With("good", _viewer).With("other", _viewer);
        await using var rig = await FeedRig.StartAsync(kind, access: access);
        var tickets = rig.Server.Live.Feed.Tickets;
        var late = await tickets.IssueAsync(access.Tokens["other"], default);
        await rig.Server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "update live_ticket set expires_at = @now"), new { now = tx.Now }); });
        var revoked = await tickets.IssueAsync(access.Tokens["good"], default);

        // What is too old is forgotten when the next one is given.
        Assert.Single(await HashesAsync(rig, _ => true));
        access.Revoke("good");
        foreach (var ticket in new[] { late, revoked, "", new string('0', 40), new string('x', 4_000) })
        {
            await Assert.ThrowsAsync<WebSocketException>(() => rig.ConnectAsync(query: "?ticket=" + ticket, isKnown: false));
        }
    }

    [Fact]
    public async Task Whoever_tries_tickets_has_to_wait()
    {
        await using var rig = await FeedRig.StartAsync(access: new TestAccess());
        using var http = new HttpClient { BaseAddress = rig.Api.Address };
        var answers = new List<HttpStatusCode>();
        for (var n = 0; n < 21; n++)
        {
            answers.Add((await http.GetAsync($"/events?topics=global&ticket={n:x40}")).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Unauthorized, answers[0]);
        Assert.Equal(HttpStatusCode.TooManyRequests, answers[^1]);
    }

    [Theory, BothDatabases]
    public async Task One_caller_has_no_more_than_so_many_tickets_that_nobody_uses(DatabaseKind kind)
    {
        var access = new TestAccess().With("good", _viewer).With("other", _viewer);
        await using var rig = await FeedRig.StartAsync(kind, access: access);
        var tickets = rig.Server.Live.Feed.Tickets;
        for (var n = 0; n < FeedTickets.MostEach; n++)
        {
            Assert.NotNull(await tickets.IssueAsync(access.Tokens["good"], default));
        }

        Assert.Null(await tickets.IssueAsync(access.Tokens["good"], default));
        Assert.NotNull(await tickets.IssueAsync(access.Tokens["other"], default));
    }

    private static Task<List<bool>> HashesAsync(FeedRig rig, Func<string, bool> isFit) =>
        rig.Server.Database.ReadAsync("test", tx => tx.Query<string>(new Sql("test", "select hash from live_ticket")).ConvertAll(h => isFit(h)));

    [Fact]
    public async Task No_more_connections_than_a_token_may_have()
    {
        await using var rig = await FeedRig.StartAsync(options: new LiveOptions { MaxPerToken = 2 }, access: new TestAccess().With("good", _viewer).With("other", _viewer));
        using var one = await rig.ConnectAsync("good");
        using var two = await rig.ConnectAsync("good");
        using var three = await rig.ConnectAsync("good", isKnown: false);
        Assert.Equal(4429, await three.ClosedAsync());
        using var other = await rig.ConnectAsync("other");
        one.Cut();
        await Eventually.TrueAsync(() => rig.State.Sockets == 2, "one is gone");
        using var again = await rig.ConnectAsync("good");
    }

    private static string? Code(JsonElement message) => message.GetProperty("data").TryGetProperty("code", out var code) ? code.GetString() : null;

    /// <summary>The code with which each topic was refused; - for those that were acknowledged.</summary>
    private static async Task<string> CodesAsync(FeedRig rig, string token, params string[] topics)
    {
        using var listener = await rig.ConnectAsync(token);
        var codes = new List<string?>();
        foreach (var topic in topics)
        {
            var answer = await listener.SubscribeAsync([topic]);
            Assert.Equal(Code(answer) is null ? "acknowledged" : "refused", answer.GetProperty("name").GetString());
            codes.Add(Code(answer));
        }

        return string.Join(' ', codes.Select(c => c ?? "-"));
    }
}
