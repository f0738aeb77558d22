using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Sessions of browsers.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private const string Password = "correct horse battery";
    private static readonly Actor Me = new("command", "test", "here");
    private readonly HttpFixture _rondo = new(null, "work");

    public async ValueTask InitializeAsync()
    {
        await _rondo.InitializeAsync();
        await Users().AddAsync("anna", Role.Operator, Password, Me);
    }

    public ValueTask DisposeAsync() => _rondo.DisposeAsync();

    [Fact]
    public async Task A_user_signs_in_works_and_signs_out()
    {
        using var browser = Browser();
        using var answer = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
        var cookie = Assert.Single(answer.Headers.GetValues("Set-Cookie"));
        Assert.Contains("httponly", cookie);
        Assert.Contains("samesite=strict", cookie);
        var session = await JsonAsync(answer, HttpStatusCode.OK);
        var csrf = session.GetProperty("csrf").GetString()!;
        Assert.Equal(("anna", "operator"), (session.GetProperty("name").GetString(), session.GetProperty("role").GetString()));
        Assert.Equal(csrf, (await JsonAsync(await browser.GetAsync("/api/session"), HttpStatusCode.OK)).GetProperty("csrf").GetString());
        Assert.DoesNotContain(csrf, cookie);

        // Without the second secret, or with another, nothing is changed.
        Assert.Contains("X-Csrf-Token", (await JsonAsync(await browser.PostAsync("/api/queues/q/pause", null), HttpStatusCode.Forbidden)).GetProperty("detail").GetString());
        browser.DefaultRequestHeaders.Add("X-Csrf-Token", csrf[..^1] + (csrf[^1] == 'A' ? 'E' : 'A'));
        await JsonAsync(await browser.PostAsync("/api/queues/q/pause", null), HttpStatusCode.Forbidden);
        browser.DefaultRequestHeaders.Remove("X-Csrf-Token");
        browser.DefaultRequestHeaders.Add("X-Csrf-Token", csrf);
        await JsonAsync(await browser.PostAsync("/api/queues/q/pause", null), HttpStatusCode.OK);
        await JsonAsync(await browser.GetAsync("/api/audit"), HttpStatusCode.Forbidden);
        var row = await Eventually.GetAsync(() => AuditTrail.ListAsync(_rondo.Server.Database, new AuditFilter { Subject = "q" }, 1), r => r.Count == 1, "it is sealed");
        Assert.Equal(("user", "anna"), (row[0].ActorKind, row[0].ActorName));
        Assert.DoesNotContain(await new TokenOperations(_rondo.Server.Database, _ => { }).ListAsync(all: true), t => t.Name.StartsWith("session-", StringComparison.Ordinal));

        Assert.Equal(HttpStatusCode.NoContent, (await browser.DeleteAsync("/api/session")).StatusCode);
        Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/api/session")).StatusCode);
        using var again = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
        again.Headers.Add("Cookie", cookie.Split(';')[0]);
        using var raw = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = _rondo.Api.Address };
        await Eventually.TrueAsync(
            async () =>
            {
                using var request = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
                request.Headers.Add("Cookie", cookie.Split(';')[0]);
                return (await raw.SendAsync(request)).StatusCode == HttpStatusCode.Unauthorized;
            },
            "the cookie is worth nothing",
            TimeSpan.FromSeconds(1));
    }

    [Fact]
    public async Task Another_password_role_or_no_user_ends_sessions_within_a_second()
    {
        foreach (var change in new Func<Task>[]
        {
            () => Users().SetPasswordAsync("anna", Password), () => Users().SetRoleAsync("anna", Role.Viewer), () => Users().RemoveAsync("anna"),
        })
        {
            using var browser = Browser();
            await JsonAsync(await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password }), HttpStatusCode.OK);
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/nodes")).StatusCode);
            await change();
            await Eventually.TrueAsync(async () => (await browser.GetAsync("/api/nodes")).StatusCode == HttpStatusCode.Unauthorized, "it is over", TimeSpan.FromSeconds(1.5));
        }
    }

    [Fact]
    public async Task A_session_is_no_token_and_a_token_is_no_session()
    {
        using var browser = Browser();
        using var answer = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
        var session = answer.Headers.GetValues("Set-Cookie").Single().Split(';')[0].Split('=')[1];
        using var raw = new HttpClient(new HttpClientHandler { UseCookies = false }) { BaseAddress = _rondo.Api.Address };
        using var bearer = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
        bearer.Headers.Authorization = new("Bearer", session);
        Assert.Equal(HttpStatusCode.Unauthorized, (await raw.SendAsync(bearer)).StatusCode);
        using var cookie = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
        cookie.Headers.Add("Cookie", "rondo_session=" + await HttpFixture.TokenAsync(_rondo.Server, Role.Viewer));
        Assert.Equal(HttpStatusCode.Unauthorized, (await raw.SendAsync(cookie)).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await _rondo.AskAsync(HttpMethod.Delete, "/api/session")).Status);
    }

    [Fact]
    public async Task Whoever_guesses_waits_and_learns_nothing()
    {
        using var browser = Browser();
        var texts = new HashSet<string>();
        foreach (var name in new[] { "anna", "nobody", "a b", "" })
        {
            var wrong = await JsonAsync(await browser.PostAsJsonAsync("/api/session", new { name, password = "wrong" }), HttpStatusCode.Unauthorized);
            texts.Add(wrong.GetProperty("detail").GetString()!);
        }

        Assert.Single(texts);
        var status = HttpStatusCode.Unauthorized;
        var tries = 1;
        while (status == HttpStatusCode.Unauthorized && tries < 50)
        {
            using var answer = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = $"wrong {tries}" });
            status = answer.StatusCode;
            tries++;
        }

        // Right or wrong, it has to be waited.
        Assert.Equal((HttpStatusCode.TooManyRequests, 6), (status, tries));
        using var right = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
        Assert.True(right.StatusCode == HttpStatusCode.TooManyRequests && right.Headers.RetryAfter is not null);
        await Eventually.TrueAsync(async () => (await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password })).IsSuccessStatusCode, "after the wait it goes");
        await JsonAsync(await browser.PostAsJsonAsync("/api/session", new { name = "anna", pass = Password }), HttpStatusCode.UnprocessableEntity);
    }

    [Theory, BothDatabases]
    public async Task Who_is_right_again_and_again_is_paced_and_has_twenty_sessions_of_which_the_oldest_goes(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        using var signIns = new SignIns(time);
        var users = new UserOperations(store.Database, _ => { });
        await users.AddAsync("anna", Role.Viewer, Password, Me);
        await users.AddAsync("ben", Role.Viewer, Password, Me);
        var access = new AccessControl(store.Database, time);
        var loop = new AccessLoop(access, store.Database, time);
        var other = (await signIns.SignInAsync(store.Database, "ben", Password, "there")).Session!;
        var sessions = new List<IssuedToken>();
        for (var n = 0; n < SignIns.Burst; n++)
        {
            sessions.Add((await signIns.SignInAsync(store.Database, "anna", Password, "here")).Session!);
        }

        var refused = await signIns.SignInAsync(store.Database, "anna", Password, "here");
        Assert.True(refused is { Session: null, IsPaced: true, LockOut: null });
        Assert.Equal(1, refused.Wait.TotalSeconds, 3);
        var oldest = (await access.AuthenticateAsync(sessions[0].Text)).Grant!;
        Assert.Equal(AccessEnd.None, oldest.End);
        time.Advance(TimeSpan.FromSeconds(1));
        var newest = (await signIns.SignInAsync(store.Database, "anna", Password, "here")).Session!;
        Assert.Equal([sessions[0].Token.Prefix], newest.Ended);
        await loop.PassAsync();
        Assert.Equal(AccessEnd.Revoked, oldest.End);
        foreach (var session in sessions.Skip(1).Append(newest).Append(other))
        {
            Assert.NotNull((await access.AuthenticateAsync(session.Text)).Grant);
        }
    }

    [Fact]
    public async Task Who_signs_in_too_often_is_told_when_to_try_again()
    {
        using var browser = Browser();
        await Eventually.TrueAsync(
            async () =>
            {
                while (_rondo.Server.SignIns.Pace.Take("127.0.0.1") is null)
                {
                    // As if somebody had signed in.
                }

                using var answer = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
                return answer.StatusCode == HttpStatusCode.TooManyRequests && answer.Headers.RetryAfter!.Delta == TimeSpan.FromSeconds(1)
                    && (await answer.Content.ReadAsStringAsync()).Contains("again and again", StringComparison.Ordinal);
            },
            "it is told to wait");
        await Eventually.TrueAsync(async () => (await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password })).IsSuccessStatusCode, "and then it goes");
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Signing_in_and_out_is_written_down_and_each_lock_out_is_said_once(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        using var folder = new TempFolder();
        using var logs = new CapturedLogs();
        await using var server = await HttpFixture.ServerOnAsync(postgres?.Url ?? "sqlite:" + folder.At("rondo.db"), "work");
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs }, CancellationToken.None);
        await new UserOperations(server.Database, server.Hints.Send).AddAsync("anna", Role.Operator, Password, Me);
        using var browser = new HttpClient { BaseAddress = api.Address };
        var session = await JsonAsync(await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password }), HttpStatusCode.OK);
        browser.DefaultRequestHeaders.Add("X-Csrf-Token", session.GetProperty("csrf").GetString());
        Assert.Equal(HttpStatusCode.NoContent, (await browser.DeleteAsync("/api/session")).StatusCode);
        for (var n = 0; n < 5; n++)
        {
            await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = "a wrong one" });
            await browser.PostAsJsonAsync("/api/session", new { name = "my secret password", password = "anna" });
        }

        var rows = await Eventually.GetAsync(() => AuditTrail.ListAsync(server.Database, new AuditFilter { Action = "sessions." }, 10), r => r.Count >= 2, "both are sealed");
        Assert.Equal(["user anna 127.0.0.1 sessions.end anna", "user anna 127.0.0.1 sessions.begin anna"], rows.Select(r => $"{r.ActorKind} {r.ActorName} {r.ActorFrom} {r.Action} {r.Subject}"));
        Assert.Contains("\"role\":\"operator\"", rows[1].AfterJson);
        Assert.Equal(JsonDocument.Parse(rows[1].AfterJson!).RootElement.GetProperty("session").GetString(), JsonDocument.Parse(rows[0].BeforeJson!).RootElement.GetProperty("session").GetString());
        var told = logs.Lines.Where(l => l.Contains("wrong passwords", StringComparison.Ordinal)).ToList();
        Assert.Equal((1, 1), (told.Count(l => l.Contains("user 'anna' from 127.0.0.1", StringComparison.Ordinal)), told.Count(l => l.Contains("a name that is no user's", StringComparison.Ordinal))));
        Assert.DoesNotContain(told, l => l.Contains("my secret password", StringComparison.Ordinal));
        await server.StopAsync();
    }

    [Theory, BothDatabases]
    public async Task A_session_lasts_twelve_hours_and_is_forgotten_a_day_later(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        using var signIns = new SignIns(time);
        var users = new UserOperations(store.Database, _ => { });
        await users.AddAsync("anna", Role.Admin, Password, Me);
        var access = new AccessControl(store.Database, time);
        var session = (await signIns.SignInAsync(store.Database, "anna", Password, "here")).Session!;
        Assert.Equal(("user", "anna", Role.Admin), ((await access.AuthenticateAsync(session.Text)).Grant!.Caller is var c ? (c.Kind, c.Name, c.Role) : default));
        time.Advance(TimeSpan.FromHours(12));
        Assert.Equal(AccessDenial.Expired, (await access.AuthenticateAsync(session.Text)).Denial);
        time.Advance(TimeSpan.FromHours(25));
        Assert.NotNull((await signIns.SignInAsync(store.Database, "anna", Password, "here")).Session);
        Assert.Equal(1, await store.ScalarAsync<long>("select count(*) from api_token"));
        Assert.Null((await signIns.SignInAsync(store.Database, "anna", Password + "x", "here")).Session);
    }

    [Fact]
    public async Task No_secret_is_in_the_database_the_log_an_answer_or_an_error()
    {
        using var folder = new TempFolder();
        using var logs = new CapturedLogs();
        var (secrets, answers) = (new List<string> { Password, "another wrong password" }, new StringBuilder());
        await using (var server = await Server.StartAsync(
            DatabaseAddress.TryParse("sqlite:" + folder.At("rondo.db"), out _)!, ["work"], new Rondo.Polling.PollingOptions(), TimeProvider.System, logs, CancellationToken.None))
        {
            await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs }, CancellationToken.None);
            var code = (await server.OfferSetupAsync(CancellationToken.None))!;
            secrets.Add(code);
            using var client = new HttpClient { BaseAddress = api.Address };
            var token = (await JsonAsync(await client.PostAsJsonAsync("/api/setup", new { code }), HttpStatusCode.Created)).GetProperty("token").GetString()!;
            secrets.Add(token[15..]);
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
            await new UserOperations(server.Written(Me), server.Hints.Send).AddAsync("anna", Role.Admin, Password, Me);
            using var browser = new HttpClient { BaseAddress = api.Address };
            using var signedIn = await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = Password });
            secrets.Add(signedIn.Headers.GetValues("Set-Cookie").Single().Split(';')[0].Split('=')[1][15..]);
            answers.Append(await signedIn.Content.ReadAsStringAsync());
            answers.Append(await (await browser.PostAsJsonAsync("/api/session", new { name = "anna", password = "another wrong password" })).Content.ReadAsStringAsync());
            answers.Append(await (await client.PostAsJsonAsync("/api/setup", new { code })).Content.ReadAsStringAsync());
            client.DefaultRequestHeaders.Authorization = new("Bearer", token + "x");
            answers.Append(await (await client.GetAsync("/api/nodes")).Content.ReadAsStringAsync());
            client.DefaultRequestHeaders.Authorization = new("Bearer", token);
            await Eventually.TrueAsync(async () => (await client.GetStringAsync("/api/audit")).Contains("anna"), "what was changed is sealed");
            foreach (var path in new[] { "/api/audit", "/api/session", "/api/polling/health", "/api/health", "/api/queues", "/openapi/v1.json" })
            {
                answers.Append(await (await client.GetAsync(path)).Content.ReadAsStringAsync());
            }

            await server.StopAsync();
        }

        var dump = string.Concat(Directory.GetFiles(folder.Path, "rondo.db*").Select(file => Encoding.Latin1.GetString(File.ReadAllBytes(file))));
        Assert.Contains("anna", dump);
        foreach (var secret in secrets)
        {
            Assert.DoesNotContain(secret, dump);
            Assert.DoesNotContain(secret, answers.ToString());
            Assert.DoesNotContain(logs.Lines, line => line.Contains(secret, StringComparison.Ordinal));
        }
    }

    private UserOperations Users() => new(_rondo.Server.Database, _rondo.Server.Hints.Send);

    private HttpClient Browser() => new() { BaseAddress = _rondo.Api.Address };

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage answer, HttpStatusCode status)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(status == answer.StatusCode, $"expected {status}, got {answer.StatusCode}: {text}");
        return text.Length == 0 ? default : JsonDocument.Parse(text).RootElement;
    }
}
