using System.Net;
using System.Net.WebSockets;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Http;

namespace Rondo.Tests.Live;

/// <summary>The feed behind the tokens of a server.</summary>
public sealed class TokenFeedTests : IAsyncLifetime
{
    private static readonly Actor _by = new("command", "test", "here");
    private readonly HttpFixture _rondo = new();

    private TokenOperations Tokens => new(_rondo.Server.Database, _rondo.Server.Hints.Send);

    public ValueTask InitializeAsync() => _rondo.InitializeAsync();

    public ValueTask DisposeAsync() => _rondo.DisposeAsync();

    [Fact]
    public async Task Nobody_listens_without_a_token()
    {
        using var nobody = new HttpClient { BaseAddress = _rondo.Api.Address };
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.GetAsync("/events?topics=global")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync("/api/live/ticket", null)).StatusCode);
        using var silent = await FeedListener.OpenAsync(_rondo.Api.Address, null, "");
        Assert.Equal("not_authenticated", (await silent.SubscribeAsync(["global"])).GetProperty("data").GetProperty("code").GetString());
        await Assert.ThrowsAsync<WebSocketException>(() => FeedListener.OpenAsync(_rondo.Api.Address, "rondo_nonsense", ""));
    }

    [Fact]
    public async Task A_revoked_token_ends_its_connections_and_no_other()
    {
        var first = await Tokens.AddAsync(new NewToken("first", Role.Admin, null, Scopes.Everything), _by);
        using var listener = await OpenAsync(first.Text);
        using var other = await OpenAsync(await HttpFixture.TokenAsync(_rondo.Server, Role.Viewer));
        Assert.Equal("acknowledged", await AnswerAsync(listener, "admin-notifications"));
        Assert.Equal("refused", await AnswerAsync(other, "admin-notifications"));
        await Tokens.RevokeAsync("first");
        Assert.Equal(4404, await listener.ClosedAsync());
        Assert.Equal("acknowledged", await AnswerAsync(other, "global"));
        await Assert.ThrowsAsync<WebSocketException>(() => FeedListener.OpenAsync(_rondo.Api.Address, first.Text, ""));
    }

    [Fact]
    public async Task A_ticket_has_what_its_token_has_and_ends_with_it()
    {
        (await _rondo.AskAsync(HttpMethod.Put, "/api/devices/cellar-1", _rondo.Meter("cellar-1"))).Good(HttpStatusCode.Created);
        var token = await Tokens.AddAsync(new NewToken("page", Role.Viewer, null, Scopes.Of(null, "cellar-*")), _by);
        using var http = new HttpClient { BaseAddress = _rondo.Api.Address };
        http.DefaultRequestHeaders.Authorization = new("Bearer", token.Text);
        using var listener = await FeedListener.OpenAsync(_rondo.Api.Address, null, "?ticket=" + await TicketAsync(http));
        Assert.Equal("page", (await listener.NextAsync()).GetProperty("data").GetProperty("who").GetString());
        Assert.Equal("acknowledged", await AnswerAsync(listener, $"devices.{await IdAsync("cellar-1")}"));
        Assert.Equal("refused", await AnswerAsync(listener, "global"));
        var unused = await TicketAsync(http);
        await Tokens.RevokeAsync("page");
        await Assert.ThrowsAsync<WebSocketException>(() => FeedListener.OpenAsync(_rondo.Api.Address, null, "?ticket=" + unused));
        Assert.Equal(4404, await listener.ClosedAsync());

        static async Task<string> TicketAsync(HttpClient http)
        {
            using var answer = System.Text.Json.JsonDocument.Parse(await (await http.PostAsync("/api/live/ticket", null)).Content.ReadAsStringAsync());
            return answer.RootElement.GetProperty("ticket").GetString()!;
        }
    }

    [Fact]
    public async Task A_token_for_some_devices_has_those_and_no_others()
    {
        foreach (var name in new[] { "cellar-1", "roof-1" })
        {
            (await _rondo.AskAsync(HttpMethod.Put, "/api/devices/" + name, _rondo.Meter(name, unit: name == "roof-1" ? 2 : 1))).Good(HttpStatusCode.Created);
        }

        using var listener = await OpenAsync(await HttpFixture.TokenAsync(_rondo.Server, Role.Viewer, "cellar-*"));
        Assert.Equal("acknowledged", await AnswerAsync(listener, $"devices.{await IdAsync("cellar-1")}"));
        Assert.Equal("refused", await AnswerAsync(listener, $"devices.{await IdAsync("roof-1")}"));
        Assert.Equal("refused", await AnswerAsync(listener, "global"));
    }

    private async Task<FeedListener> OpenAsync(string token)
    {
        var listener = await FeedListener.OpenAsync(_rondo.Api.Address, token, "");
        Assert.Equal("auth", (await listener.NextAsync()).GetProperty("type").GetString());
        return listener;
    }

    private static async Task<string?> AnswerAsync(FeedListener listener, string topic) => (await listener.SubscribeAsync([topic])).GetProperty("name").GetString();

    private Task<long> IdAsync(string name) => _rondo.Server.Database.ReadAsync("test", tx => tx.First<long>(new Sql("test", $"select id from device where name = '{name}'")));
}
