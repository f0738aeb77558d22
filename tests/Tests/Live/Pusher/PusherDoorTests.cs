using System.Net;
using System.Net.Http.Json;
using System.Net.WebSockets;
using System.Text.Json;
using Rondo.Security;

namespace Rondo.Tests.Live.Pusher;

/// <summary>The door for pages in a browser: of this server alone, with their session.</summary>
public sealed class PusherDoorTests
{
    private const string Password = "correct horse battery";

    [Theory]
    [InlineData("Origin", "http://evil.example", HttpStatusCode.Forbidden)]
    [InlineData("Host", "evil.example", HttpStatusCode.MisdirectedRequest)]
    public async Task Pages_of_others_and_other_names_are_let_in_nowhere(string header, string value, HttpStatusCode status)
    {
        await using var rig = await PusherRig.StartAsync();
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        socket.Options.SetRequestHeader(header, value);
        var address = rig.Api.Address;
        await Assert.ThrowsAsync<WebSocketException>(() => socket.ConnectAsync(new Uri($"ws://{address.Authority}/app/{PusherRig.Key}?protocol=7"), TestContext.Current.CancellationToken));
        Assert.Equal(status, socket.HttpStatusCode);
        using var http = new HttpClient { BaseAddress = address };
        foreach (var path in new[] { "/broadcasting/auth", "/apps/3/events" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent("{}") };
            request.Headers.TryAddWithoutValidation(header, value);
            Assert.Equal(status, (await http.SendAsync(request)).StatusCode);
        }
    }

    [Fact]
    public async Task A_page_of_this_server_listens_with_its_session_until_it_signs_out()
    {
        await using var rig = await PusherRig.StartAsync();
        await new UserOperations(rig.Server.Database, rig.Server.Hints.Send).AddAsync("anna", Role.Admin, Password, new Actor("command", "test", "here"));
        using var browser = new HttpClient(new HttpClientHandler { CookieContainer = new CookieContainer() }) { BaseAddress = rig.Api.Address };
        using var signedIn = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
        var csrf = (await signedIn.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("csrf").GetString()!;
        using var listener = await rig.ConnectAsync();
        Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/broadcasting/auth", Form(listener))).StatusCode);

        // As Echo writes it.
        browser.DefaultRequestHeaders.Add("X-CSRF-TOKEN", csrf);
        using var answer = await browser.PostAsync("/broadcasting/auth", Form(listener));
        var auth = (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("auth").GetString();
        Assert.Equal("pusher_internal:subscription_succeeded", await listener.SubscribeAsync("private-admin-notifications", auth));
        Assert.Equal(HttpStatusCode.NoContent, (await browser.DeleteAsync("/api/session")).StatusCode);
        Assert.Equal(4009, await listener.ClosedAsync());
    }

    private static FormUrlEncodedContent Form(PusherListener listener) =>
        new([KeyValuePair.Create("socket_id", listener.SocketId), KeyValuePair.Create("channel_name", "private-admin-notifications")]);
}
