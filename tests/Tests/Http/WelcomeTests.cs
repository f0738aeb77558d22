using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>The link of a demo.</summary>
public sealed class WelcomeTests
{
    private static readonly Actor Me = new("command", "test", "here");

    [Fact]
    public async Task A_link_signs_in_once_and_its_page_is_allowed_to_do_no_more_than_it_does()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"), "poll");
        await new UserOperations(server.Database, server.Hints.Send).AddAsync("demo", Role.Admin, UserOperations.NewPassword(), Me);
        server.Welcome = new Welcome(server.Database, TimeProvider.System, "demo");
        var code = server.Welcome.Code!;
        await using (var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, CancellationToken.None))
        {
            using var browser = new HttpClient { BaseAddress = api.Address };
            using var page = await browser.GetAsync("/welcome");
            var html = await page.Content.ReadAsStringAsync();
            Assert.Equal("text/html", page.Content.Headers.ContentType!.MediaType);
            Assert.DoesNotContain(code, html);
            var policy = page.Headers.GetValues("Content-Security-Policy").Single();
            Assert.Contains("default-src 'none'", policy);
            Assert.Contains($"script-src 'sha256-{Hash(html, "script")}'", policy);
            Assert.Contains($"style-src 'sha256-{Hash(html, "style")}'", policy);
            Assert.Contains("default-src 'none'; frame-ancestors 'none'", (await browser.GetAsync("/health/live")).Headers.GetValues("Content-Security-Policy"));

            Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsJsonAsync("/api/welcome", new { code = code[..^1] + "?" })).StatusCode);
            Assert.Equal(HttpStatusCode.BadRequest, (await browser.GetAsync("/welcome?code=" + code)).StatusCode);
            using var entered = await browser.PostAsJsonAsync("/api/welcome", new { code });
            Assert.Equal(HttpStatusCode.OK, entered.StatusCode);
            var session = JsonDocument.Parse(await entered.Content.ReadAsStringAsync()).RootElement;
            Assert.Equal(("user", "demo", "admin"), (session.GetProperty("kind").GetString(), session.GetProperty("name").GetString(), session.GetProperty("role").GetString()));
            Assert.Contains("httponly", entered.Headers.GetValues("Set-Cookie").Single());
            Assert.Equal(HttpStatusCode.OK, (await browser.GetAsync("/api/polling/status")).StatusCode);

            // Without its second secret the session changes nothing.
            Assert.Equal(HttpStatusCode.Forbidden, (await browser.PostAsync("/api/polling/stop", null)).StatusCode);
            using var second = new HttpClient { BaseAddress = api.Address };
            Assert.Equal(HttpStatusCode.Forbidden, (await second.PostAsJsonAsync("/api/welcome", new { code })).StatusCode);
        }

        // Where nobody made a link there is none.
        server.Welcome = null;
        await using (var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, CancellationToken.None))
        {
            using var browser = new HttpClient { BaseAddress = api.Address };
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.GetAsync("/welcome")).StatusCode);
            Assert.Equal(HttpStatusCode.Unauthorized, (await browser.PostAsJsonAsync("/api/welcome", new { code })).StatusCode);
        }

        await server.StopAsync();
    }

    [Theory, BothDatabases]
    public async Task A_code_is_good_for_ten_minutes_and_one_of_many_who_come_at_once(DatabaseKind kind)
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(kind, time);
        await new UserOperations(store.Database, _ => { }).AddAsync("demo", Role.Admin, UserOperations.NewPassword(), Me);
        var old = new Welcome(store.Database, time, "demo");
        time.Advance(TimeSpan.FromMinutes(11));
        Assert.Null(await old.EnterAsync(old.Code!));
        var fresh = new Welcome(store.Database, time, "demo");
        var code = fresh.Code!;
        var entered = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => fresh.EnterAsync(code)));
        Assert.Single(entered, e => e is not null);
        var nobody = new Welcome(store.Database, time, "gone");
        Assert.Null(await nobody.EnterAsync(nobody.Code!));
    }

    private static string Hash(string html, string tag)
    {
        var from = html.IndexOf($"<{tag}>", StringComparison.Ordinal) + tag.Length + 2;
        return Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(html[from..html.IndexOf($"</{tag}>", StringComparison.Ordinal)])));
    }
}
