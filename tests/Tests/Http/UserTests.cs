using System.Net;
using System.Net.Http.Json;
using Rondo.Security;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Users, tokens and secrets of devices over HTTP, for admins.</summary>
public sealed class UserTests : IAsyncLifetime
{
    private readonly HttpFixture _rondo = new(null, "work");

    public ValueTask InitializeAsync() => _rondo.InitializeAsync();

    public ValueTask DisposeAsync() => _rondo.DisposeAsync();

    [Fact]
    public async Task A_user_is_added_signs_in_changes_and_is_gone()
    {
        var made = (await AskAsync(HttpMethod.Post, "/api/users", """{ "name": "anna", "role": "operator" }""")).Good(HttpStatusCode.Created);
        var password = made.GetProperty("password").GetString()!;
        Assert.True(await SignsInAsync("anna", password));
        Assert.Equal(["anna"], (await _rondo.GetAsync("/api/users")).Good().GetProperty("users").EnumerateArray().Select(u => u.GetProperty("name").GetString()));
        Assert.DoesNotContain("password", (await _rondo.GetAsync("/api/users")).Text);
        var given = (await AskAsync(HttpMethod.Put, "/api/users/anna/password", """{ "password": "another good one" }""")).Good();
        Assert.Equal(System.Text.Json.JsonValueKind.Null, given.GetProperty("password").ValueKind);
        Assert.True(await SignsInAsync("anna", "another good one"));
        Assert.False(await SignsInAsync("anna", password));
        Assert.Equal("viewer", (await AskAsync(HttpMethod.Put, "/api/users/anna/role", """{ "role": "viewer" }""")).Good().GetProperty("role").GetString());
        (await AskAsync(HttpMethod.Post, "/api/users", """{ "name": "anna", "role": "viewer" }""")).Problem(HttpStatusCode.Conflict);
        Assert.Equal("/role", Pointer(await AskAsync(HttpMethod.Post, "/api/users", """{ "name": "ben", "role": "king" }""")));
        Assert.Equal("/name", Pointer(await AskAsync(HttpMethod.Post, "/api/users", """{ "name": "b n", "role": "viewer" }""")));
        var weak = await AskAsync(HttpMethod.Post, "/api/users", """{ "name": "ben", "role": "viewer", "password": "hunter2" }""");
        Assert.Equal("/password", Pointer(weak));
        Assert.DoesNotContain("hunter2", weak.Text);
        (await AskAsync(HttpMethod.Delete, "/api/users/anna")).Good();
        (await AskAsync(HttpMethod.Delete, "/api/users/anna")).Problem(HttpStatusCode.NotFound);
        (await AskAsync(HttpMethod.Put, "/api/users/anna/role", """{ "role": "viewer" }""")).Problem(HttpStatusCode.NotFound);
        Assert.False(await SignsInAsync("anna", "another good one"));
    }

    [Fact]
    public async Task What_a_user_opened_and_made_is_revoked_and_its_password_rotated()
    {
        var password = (await AskAsync(HttpMethod.Post, "/api/users", """{ "name": "anna", "role": "admin" }""")).Good(HttpStatusCode.Created).GetProperty("password").GetString()!;
        var theirs = (await AskAsync(HttpMethod.Post, "/api/tokens", """{ "name": "theirs", "role": "viewer" }""")).Good(HttpStatusCode.Created).GetProperty("token").GetString()!;
        using var here = await BrowserAsync("anna", password);
        using var there = await BrowserAsync("anna", password);
        using var made = await here.PostAsJsonAsync("/api/tokens", new { name = "hers", role = "admin" });
        var hers = System.Text.Json.JsonDocument.Parse(await made.Content.ReadAsStringAsync()).RootElement.GetProperty("token").GetString()!;
        using var bearer = new HttpClient { BaseAddress = _rondo.Api.Address, DefaultRequestHeaders = { Authorization = new("Bearer", hers) } };
        using var madeByIt = await bearer.PostAsJsonAsync("/api/tokens", new { name = "its", role = "admin" });
        Assert.Equal(HttpStatusCode.Created, madeByIt.StatusCode);
        var its = System.Text.Json.JsonDocument.Parse(await madeByIt.Content.ReadAsStringAsync()).RootElement.GetProperty("token").GetString()!;
        var gone = (await AskAsync(HttpMethod.Post, "/api/users/anna/revoke")).Good();
        Assert.Equal((2, "hers, its"), (gone.GetProperty("sessions").GetInt32(), string.Join(", ", gone.GetProperty("tokens").EnumerateArray())));
        foreach (var browser in new[] { here, there })
        {
            await Eventually.TrueAsync(async () => (await browser.GetAsync("/api/nodes")).StatusCode == HttpStatusCode.Unauthorized, "its sessions are over");
        }

        await Eventually.TrueAsync(async () => await StatusAsync(hers, "/api/nodes") == HttpStatusCode.Unauthorized, "so is what it made");
        await Eventually.TrueAsync(async () => await StatusAsync(its, "/api/nodes") == HttpStatusCode.Unauthorized, "and what that made");
        await Assert.ThrowsAsync<AccessRefused>(() => new TokenOperations(_rondo.Server.Database, _rondo.Server.Hints.Send).AddAsync(new NewToken("late", Role.Admin, null, Scopes.Everything), new Actor("user", "anna", "here")));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(theirs, "/api/nodes"));
        Assert.Equal(0, (await AskAsync(HttpMethod.Post, "/api/users/anna/revoke")).Good().GetProperty("sessions").GetInt32());

        using var again = await BrowserAsync("anna", password);
        var other = (await AskAsync(HttpMethod.Post, "/api/users/anna/rotate")).Good().GetProperty("password").GetString()!;
        await Eventually.TrueAsync(async () => (await again.GetAsync("/api/nodes")).StatusCode == HttpStatusCode.Unauthorized, "its session is over");
        Assert.False(await SignsInAsync("anna", password));
        Assert.True(await SignsInAsync("anna", other));
        var rows = await Eventually.GetAsync(() => AuditTrail.ListAsync(_rondo.Server.Database, new AuditFilter { Action = "users.revoke" }, 10), r => r.Count == 1, "it is written down, once");
        Assert.Equal(("anna", """{"sessions":2,"tokens":["hers","its"]}"""), (rows[0].Subject, rows[0].BeforeJson));
        (await AskAsync(HttpMethod.Post, "/api/users/nobody/revoke")).Problem(HttpStatusCode.NotFound);
        (await AskAsync(HttpMethod.Post, "/api/users/nobody/rotate")).Problem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_token_is_made_rotated_and_revoked_and_shown_once()
    {
        var made = (await AskAsync(HttpMethod.Post, "/api/tokens", """{ "name": "grafana", "role": "viewer", "expires_in": "90d", "devices": ["m1", "site-*"] }""")).Good(HttpStatusCode.Created);
        var token = made.GetProperty("token").GetString()!;
        Assert.Equal(["m1", "site-*"], made.GetProperty("made").GetProperty("devices").EnumerateArray().Select(d => d.GetString()));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(token, "/api/devices/m1"));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(token, "/api/devices/m2"));
        Assert.DoesNotContain(token[15..], (await _rondo.GetAsync("/api/tokens?all=true")).Text);
        var rotated = (await AskAsync(HttpMethod.Post, "/api/tokens/grafana/rotate")).Good(HttpStatusCode.Created).GetProperty("token").GetString()!;
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(rotated, "/api/devices/m1"));
        await Eventually.TrueAsync(async () => await StatusAsync(token, "/api/devices/m1") == HttpStatusCode.Unauthorized, "the old one is worth nothing", TimeSpan.FromSeconds(5));
        (await AskAsync(HttpMethod.Post, "/api/tokens", """{ "name": "grafana", "role": "viewer" }""")).Problem(HttpStatusCode.Conflict);
        Assert.Equal("/expires_in", Pointer(await AskAsync(HttpMethod.Post, "/api/tokens", """{ "name": "x", "role": "viewer", "expires_in": "1s" }""")));

        // One that was meant to be limited is not made unlimited by a slip.
        foreach (var list in new[] { "[\"\"]", "[\" \"]", "[\"a,b\"]", "[\"a*b\"]" })
        {
            (await AskAsync(HttpMethod.Post, "/api/tokens", $$"""{ "name": "x", "role": "viewer", "devices": {{list}} }""")).Problem(HttpStatusCode.UnprocessableEntity);
        }

        Assert.Equal("revoked", (await AskAsync(HttpMethod.Delete, "/api/tokens/grafana")).Good().GetProperty("state").GetString());
        (await AskAsync(HttpMethod.Delete, "/api/tokens/grafana")).Problem(HttpStatusCode.NotFound);
        (await AskAsync(HttpMethod.Post, "/api/tokens/grafana/rotate")).Problem(HttpStatusCode.NotFound);
    }

    [Fact]
    public async Task A_secret_of_a_device_is_written_and_never_read()
    {
        (await AskAsync(HttpMethod.Post, "/api/devices", """{ "name": "r1", "address": "127.0.0.1:1", "groups": [] }""")).Good(HttpStatusCode.Created);
        (await AskAsync(HttpMethod.Put, "/api/devices/r1/secrets/password", """{ "value": "hunter2" }""")).Good(HttpStatusCode.Created);
        Assert.Equal("password", (await AskAsync(HttpMethod.Put, "/api/devices/r1/secrets/password", """{ "value": "hunter3" }""")).Good().GetProperty("name").GetString());
        Assert.Single((await _rondo.GetAsync("/api/devices/r1/secrets")).Good().GetProperty("secrets").EnumerateArray());
        var one = await _rondo.GetAsync("/api/devices/r1/secrets/password");
        Assert.StartsWith("token test-", one.Good().GetProperty("changed_by").GetString());
        Assert.DoesNotContain("hunter", one.Text);
        Assert.Equal("hunter3", await _rondo.Server.Database.ReadAsync("test", tx => _rondo.Server.Secrets.Open(tx, SecretOwner.Device("r1"), "password")));
        (await _rondo.GetAsync("/api/devices/r1/secrets/other")).Problem(HttpStatusCode.NotFound);
        (await _rondo.GetAsync("/api/devices/r9/secrets")).Problem(HttpStatusCode.NotFound);
        Assert.Equal("/value", Pointer(await AskAsync(HttpMethod.Put, "/api/devices/r1/secrets/password", """{ "value": "" }""")));
        (await AskAsync(HttpMethod.Put, "/api/devices/r1/secrets/Pass", """{ "value": "x" }""")).Problem(HttpStatusCode.UnprocessableEntity);
        (await AskAsync(HttpMethod.Put, "/api/devices/r9/secrets/password", """{ "value": "x" }""")).Problem(HttpStatusCode.NotFound);
        using var operates = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Operator);
        Assert.Equal(HttpStatusCode.OK, (await operates.GetAsync("/api/devices/r1/secrets")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await operates.PutAsJsonAsync("/api/devices/r1/secrets/password", new { value = "x" })).StatusCode);
        (await AskAsync(HttpMethod.Delete, "/api/devices/r1/secrets/password")).Good();
        (await AskAsync(HttpMethod.Delete, "/api/devices/r1/secrets/password")).Problem(HttpStatusCode.NotFound);
    }

    private static string Pointer(Answer answer) => answer.Problem(HttpStatusCode.UnprocessableEntity).GetProperty("errors")[0].GetProperty("pointer").GetString()!;

    private Task<Answer> AskAsync(HttpMethod method, string path, string? body = null) => _rondo.AskAsync(method, path, body);

    private async Task<bool> SignsInAsync(string name, string password)
    {
        using var browser = new HttpClient { BaseAddress = _rondo.Api.Address };
        using var answer = await browser.PostAsJsonAsync("/api/session", new { name, password });
        return answer.IsSuccessStatusCode;
    }

    private async Task<HttpClient> BrowserAsync(string name, string password)
    {
        var browser = new HttpClient { BaseAddress = _rondo.Api.Address };
        using var answer = await browser.PostAsJsonAsync("/api/session", new { name, password });
        browser.DefaultRequestHeaders.Add("X-Csrf-Token", System.Text.Json.JsonDocument.Parse(await answer.Content.ReadAsStringAsync()).RootElement.GetProperty("csrf").GetString());
        return browser;
    }

    private async Task<HttpStatusCode> StatusAsync(string token, string path)
    {
        using var client = new HttpClient { BaseAddress = _rondo.Api.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", token);
        using var answer = await client.GetAsync(path);
        return answer.StatusCode;
    }
}
