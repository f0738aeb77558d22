using System.Net;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Who may ask what.</summary>
public sealed class AccessTests : IAsyncLifetime
{
    private readonly HttpFixture _rondo = new();

    // These ask by themselves who it is: a client may say it after its handshake.
    private static readonly string[] _feed = ["GET /ws", "GET /events", "POST /api/live/ticket", "GET /app/{key}"];

    // These are signed, with the secret of an application; here there is none.
    private static readonly string[] _signed = ["POST /apps/{id}/events", "POST /apps/{id}/batch_events", "GET /apps/{id}/channels", "GET /apps/{id}/channels/{channel}"];

    // What everybody may ask, and nothing else.
    private static readonly string[] _open = ["GET /health/live", "GET /health/ready", "GET /health/detailed", "GET /health/polling", "GET /api/health", "GET /api/polling/health", "POST /api/setup", "POST /api/session", .. _feed, .. _signed];

    public ValueTask InitializeAsync() => _rondo.InitializeAsync();

    public ValueTask DisposeAsync() => _rondo.DisposeAsync();

    [Fact]
    public void Every_endpoint_names_who_may_ask_it()
    {
        var endpoints = _rondo.Api.Endpoints;
        Assert.True(endpoints.Count > 40, $"{endpoints.Count} endpoints");
        foreach (var endpoint in endpoints)
        {
            var name = Name((RouteEndpoint)endpoint);
            var policies = endpoint.Metadata.GetOrderedMetadata<IAuthorizeData>().Select(a => a.Policy).ToList();
            var isOpen = endpoint.Metadata.GetMetadata<IAllowAnonymous>() is not null;
            Assert.True(isOpen == _open.Contains(name), $"{name} is {(isOpen ? "open to everybody" : "closed")}");
            Assert.True(isOpen ? policies.Count == 0 : policies is [{ } policy] && (policy == AccessPolicies.Anybody || Roles.TryParse(policy, out _)), $"{name} names {policies.Count} policies");
        }
    }

    [Fact]
    public async Task Each_role_may_what_it_may_and_nothing_beyond()
    {
        // A path for each endpoint that leads to nothing, so that whoever may ask is told that, and changes nothing.
        var asked = 0;
        foreach (var role in Roles.All)
        {
            using var client = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, role);
            foreach (var endpoint in _rondo.Api.Endpoints.OfType<RouteEndpoint>())
            {
                var needed = endpoint.Metadata.GetMetadata<IAuthorizeData>()?.Policy;
                var method = endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0];
                var isAllowed = needed is null or AccessPolicies.Anybody || (Roles.TryParse(needed, out var need) && role.Includes(need));
                if (isAllowed && method != "GET")
                {
                    continue;
                }

                var path = endpoint.RoutePattern.RawText!.Replace("{id:long}", "999999").Replace("{**series}", "none/such").Replace("{name}", "none").Replace("{queue}", "none").Replace("{node}", "none").Replace("{id}", "none").Replace("{channel}", "none").Replace("{key}", "none");
                Assert.DoesNotContain("{", path);
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                using var answer = await client.SendAsync(request);
                Assert.True(answer.StatusCode != HttpStatusCode.Unauthorized && isAllowed == (answer.StatusCode != HttpStatusCode.Forbidden), $"{role}: {method} {path} gave {(int)answer.StatusCode}");
                asked++;
            }
        }

        Assert.True(asked > 80, $"{asked} were asked");
    }

    [Fact]
    public async Task Whoever_has_no_token_learns_a_word_of_health_and_nothing_else()
    {
        using var nobody = new HttpClient { BaseAddress = _rondo.Api.Address };
        foreach (var endpoint in _rondo.Api.Endpoints.OfType<RouteEndpoint>())
        {
            var path = "/" + endpoint.RoutePattern.RawText!.TrimStart('/').Replace("{id:long}", "1").Replace("{**series}", "a/b").Replace("{name}", "n").Replace("{queue}", "q").Replace("{node}", "n").Replace("{id}", "i").Replace("{channel}", "c").Replace("{key}", "k");
            using var request = new HttpRequestMessage(new HttpMethod(endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]), path);
            using var answer = await nobody.SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            if (_feed.Contains(Name(endpoint)))
            {
                Assert.Contains(answer.StatusCode, new[] { HttpStatusCode.Unauthorized, HttpStatusCode.UpgradeRequired });
                continue;
            }

            if (_signed.Contains(Name(endpoint)))
            {
                Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
                continue;
            }

            if (_open.Contains(Name(endpoint)))
            {
                if (request.Method == HttpMethod.Post)
                {
                    Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
                    continue;
                }

                Assert.True(text.Length < 60 && !text.Contains(_rondo.Server.Node.Id), text);
                continue;
            }

            Assert.True(answer.StatusCode == HttpStatusCode.Unauthorized, $"{request.Method} {path} gave {(int)answer.StatusCode}");
            Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
            Assert.Equal("Bearer realm=\"rondo\"", answer.Headers.WwwAuthenticate.ToString());
        }

        using var nothing = await nobody.GetAsync("/nowhere");
        Assert.Equal(HttpStatusCode.Unauthorized, nothing.StatusCode);
    }

    [Fact]
    public async Task Reasons_of_health_are_for_viewers()
    {
        var well = await Eventually.GetAsync(() => _rondo.GetAsync("/api/polling/health"), a => a.Status == HttpStatusCode.OK, "healthy");
        Assert.True(well.Json.TryGetProperty("reasons", out _) && (await _rondo.GetAsync("/api/health")).Json.TryGetProperty("reasons", out _));
        using var ingest = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Ingest);
        Assert.Equal("""{"status":"healthy"}""", await ingest.GetStringAsync("/api/polling/health"));
        Assert.Equal("""{"ready":true,"reasons":null}""", await ingest.GetStringAsync("/health/ready"));
    }

    [Fact]
    public async Task A_token_that_is_no_good_is_told_what_is_wrong_with_it()
    {
        var token = await HttpFixture.TokenAsync(_rondo.Server, Role.Viewer);
        var detail = await RefusedAsync(token[..^1] + (token[^1] == 'A' ? 'E' : 'A'), HttpStatusCode.Unauthorized);
        Assert.Contains("No such token", detail);
        Assert.DoesNotContain(token[20..40], detail);
        Assert.Contains("is no token", await RefusedAsync("secret", HttpStatusCode.Unauthorized));
        Assert.Contains("is no token", await RefusedAsync(token, HttpStatusCode.Unauthorized, "Basic "));
        var name = (await new TokenOperations(_rondo.Server.Database, _ => { }).ListAsync(all: false)).Single(t => token.Contains(t.Prefix)).Name;
        await new TokenOperations(_rondo.Server.Database, _rondo.Server.Hints.Send).RevokeAsync(name);
        await Eventually.TrueAsync(async () => (await AskAsync("Bearer " + token)).StatusCode == HttpStatusCode.Unauthorized, "it is obeyed", TimeSpan.FromSeconds(1));
        Assert.Contains("revoked", await RefusedAsync(token, HttpStatusCode.Unauthorized));

        using var live = await AskAsync("Bearer secret", "/health/live");
        Assert.Equal(HttpStatusCode.OK, live.StatusCode);
        Assert.Contains("invalid_token", live.Headers.WwwAuthenticate.ToString());
    }

    [Fact]
    public async Task A_token_of_some_devices_sees_those_and_nothing_else()
    {
        (await _rondo.AskAsync(HttpMethod.Post, "/api/devices", _rondo.Meter("mine"))).Good(HttpStatusCode.Created);
        (await _rondo.AskAsync(HttpMethod.Post, "/api/devices", _rondo.Meter("other", 2))).Good(HttpStatusCode.Created);
        using var client = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Viewer, "mine");
        foreach (var (path, status) in new[]
        {
            ("/api/devices/mine", 200), ("/api/readings/mine/voltage", 200), ("/api/readings/mine%2Fvoltage", 200), ("/api/devices/other", 403), ("/api/readings/other/voltage", 403),
            ("/api/readings/other%2Fvoltage", 403), ("/api/readings/mine/../other/voltage", 403), ("/api/devices", 403), ("/api/polling/status", 403), ("/api/polling/status?device=mine", 403),
        })
        {
            using var answer = await client.GetAsync(path);
            Assert.True(status == (int)answer.StatusCode, $"{path} gave {(int)answer.StatusCode}");
        }

        Assert.Equal("""{"status":"healthy"}""", (await client.GetStringAsync("/api/polling/health")).Replace("degraded", "healthy"));
    }

    [Fact]
    public async Task Who_tries_many_bad_tokens_waits_and_who_was_let_in_lately_does_not()
    {
        var (known, fresh) = (await HttpFixture.TokenAsync(_rondo.Server, Role.Viewer), await HttpFixture.TokenAsync(_rondo.Server, Role.Viewer));
        await Eventually.TrueAsync(async () => (await AskAsync("Bearer " + known)).IsSuccessStatusCode && _rondo.Server.Access.IsRemembered(known), "it is remembered");
        HttpResponseMessage last;
        var tries = 0;
        do
        {
            last = await AskAsync($"Bearer {known[..^2]}{tries % 10}A");
            tries++;
        }
        while (last.StatusCode == HttpStatusCode.Unauthorized && tries < 200);
        Assert.Equal(HttpStatusCode.TooManyRequests, last.StatusCode);
        Assert.InRange(tries, 20, 22);
        Assert.Contains(_rondo.Lines, l => l.Contains("no good from 127.0.0.1", StringComparison.Ordinal));
        Assert.InRange(last.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
        Assert.Equal(HttpStatusCode.TooManyRequests, (await AskAsync("Bearer " + fresh)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("Bearer " + known)).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync("Bearer " + fresh, "/health/live")).StatusCode);
        await Eventually.TrueAsync(async () => (await AskAsync("Bearer " + fresh)).IsSuccessStatusCode, "it is let in after the wait");
    }

    private static string Name(RouteEndpoint endpoint) => $"{endpoint.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]} /{endpoint.RoutePattern.RawText!.Trim('/')}";

    private async Task<HttpResponseMessage> AskAsync(string authorization, string path = "/api/nodes")
    {
        using var client = new HttpClient { BaseAddress = _rondo.Api.Address };
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Authorization", authorization);
        return await client.SendAsync(request);
    }

    private async Task<string> RefusedAsync(string token, HttpStatusCode status, string scheme = "Bearer ")
    {
        using var answer = await AskAsync(scheme + token);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains("invalid_token", answer.Headers.WwwAuthenticate.ToString());
        return await answer.Content.ReadAsStringAsync();
    }
}
