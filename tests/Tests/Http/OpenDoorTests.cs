using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>What whoever has no token, or one of little, can take up or learn.</summary>
public sealed class OpenDoorTests : IAsyncLifetime
{
    private readonly HttpFixture _rondo = new(null, "work");

    public ValueTask InitializeAsync() => _rondo.InitializeAsync();

    public ValueTask DisposeAsync() => _rondo.DisposeAsync();

    [Theory]
    [InlineData("/api/session", true)]
    [InlineData("/api/setup", true)]
    [InlineData("/broadcasting/auth", false)]
    public async Task A_body_of_more_than_4_KiB_is_not_read_whether_it_says_its_length_or_not(string path, bool isOpen)
    {
        using var nobody = new HttpClient { BaseAddress = _rondo.Api.Address };
        foreach (var (isChunked, length) in new[] { (false, 4_200), (true, 4_200), (true, 3_500) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent($$"""{ "name": "anna", "password": "{{new string('x', length)}}" }""", Encoding.UTF8, "application/json") };
            request.Headers.TransferEncodingChunked = isChunked;
            using var answer = await (isOpen ? nobody : _rondo.Client).SendAsync(request);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.True((length > 4_096) == (answer.StatusCode == HttpStatusCode.RequestEntityTooLarge), $"{path}, {length}, chunked {isChunked}: {(int)answer.StatusCode} {text}");
            Assert.True(length <= 4_096 || text.Contains("4 KiB", StringComparison.Ordinal), text);
        }
    }

    [Fact]
    public async Task What_the_database_says_of_itself_is_told_to_viewers_only()
    {
        using var nobody = new HttpClient { BaseAddress = _rondo.Api.Address };
        using var viewer = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Viewer);
        using var ingest = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Ingest);
        foreach (var client in new[] { viewer, ingest })
        {
            await Eventually.TrueAsync(
                async () => (await client.GetAsync("/api/session")).IsSuccessStatusCode && _rondo.Server.Access.IsRemembered(client.DefaultRequestHeaders.Authorization!.Parameter!), "it is remembered");
        }

        await _rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "alter table user_account rename to lost_account")); });
        await _rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "alter table api_token rename to lost_token")); });
        var unknown = $"rondo_{new string('2', 8)}_{new string('A', 43)}";
        using var ticket = new HttpRequestMessage(HttpMethod.Post, "/api/live/ticket");
        ticket.Headers.Authorization = new("Bearer", unknown);
        using var closed = new HttpRequestMessage(HttpMethod.Get, "/api/nodes");
        closed.Headers.Authorization = new("Bearer", unknown);
        foreach (var answer in new[]
        {
            await nobody.PostAsJsonAsync("/api/session", new { name = "anna", password = "x" }), await ingest.PostAsJsonAsync("/api/session", new { name = "anna", password = "x" }), await nobody.SendAsync(ticket), await nobody.SendAsync(closed),
        })
        {
            using (answer)
            {
                var text = await answer.Content.ReadAsStringAsync();
                Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
                Assert.Contains("told to viewers", text);
                Assert.DoesNotContain("no such table", text);
                Assert.DoesNotContain("rondo.db", text);
            }
        }

        using var told = await viewer.PostAsJsonAsync("/api/session", new { name = "anna", password = "x" });
        Assert.Equal(HttpStatusCode.ServiceUnavailable, told.StatusCode);
        Assert.DoesNotContain("told to viewers", await told.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_token_of_some_devices_is_not_told_the_names_of_others()
    {
        foreach (var (name, gateway) in new[] { ("mine", 1), ("miner", 2), ("other", 3) })
        {
            (await _rondo.AskAsync(HttpMethod.Post, "/api/devices", _rondo.Meter(name, gateway))).Good(HttpStatusCode.Created);
        }

        using var client = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Viewer, "mine,mine-*,min-*");
        foreach (var (path, near) in new[]
        {
            ("/api/devices/min-e", "mine"), ("/api/devices/mine-r", null), ("/api/readings/mine/volt", "mine/voltage"), ("/api/readings/mine-1/voltage", "mine/voltage"),
        })
        {
            using var answer = await client.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
            var text = await answer.Content.ReadAsStringAsync();
            var named = JsonDocument.Parse(text).RootElement.GetProperty("near").EnumerateArray().Select(n => n.GetString()!).ToList();
            Assert.True(near is null || named.SequenceEqual([near]), text);
            Assert.DoesNotContain("other", text);
            Assert.DoesNotContain("miner", text);
        }

        // Whoever may see all is told all.
        Assert.Contains("miner/voltage", (await _rondo.GetAsync("/api/readings/mine-1/voltage")).Problem(HttpStatusCode.NotFound).GetProperty("near").GetRawText());
    }

    [Fact]
    public async Task However_many_ask_without_a_token_how_health_is_the_database_is_asked_once_a_second()
    {
        using var few = new SocketsHttpHandler { MaxConnectionsPerServer = 100 };
        using var nobody = new HttpClient(few) { BaseAddress = _rondo.Api.Address };
        string[] paths = ["/health/ready", "/health/polling", "/health/detailed", "/api/health", "/api/polling/health"];
        var (before, began) = (Asked(), TimeProvider.System.GetTimestamp());
        var answers = await Task.WhenAll(Enumerable.Range(0, 300).Select(n => nobody.GetStringAsync(paths[n % paths.Length])));
        Assert.All(answers, text => Assert.True(text.Contains("\"status\"", StringComparison.Ordinal) || text.Contains("\"ready\"", StringComparison.Ordinal), text));

        // Four words, each looked up at most once a second; and the server looks by itself every few seconds.
        var seconds = (int)Math.Ceiling(TimeProvider.System.GetElapsedTime(began).TotalSeconds);
        Assert.InRange(Asked() - before, 1, 4 + (5 * seconds));

        // Viewers get what is true now.
        before = Asked();
        foreach (var path in paths)
        {
            (await _rondo.GetAsync(path)).Good();
        }

        Assert.InRange(Asked() - before, paths.Length, 60);

        long Asked() => _rondo.Server.Database.Statements.ByName.All.Where(s => s.Label == "health.groups").Sum(s => s.Cell.Total.Count);
    }

    [Fact]
    public async Task A_look_is_shared_while_it_lasts_and_for_a_second_after_it()
    {
        var time = new FakeTime();
        var (looks, seen) = (0, new TaskCompletionSource<int>());
        var look = new RememberedLook<int>(time, () => { Interlocked.Increment(ref looks); return seen.Task; });
        var (one, other) = (look.AskAsync(default), look.AskAsync(default));
        time.Advance(TimeSpan.FromSeconds(5));
        var third = look.AskAsync(default);
        seen.SetResult(7);
        var all = await Task.WhenAll(one, other, third);
        Assert.Equal([7, 7, 7], all);
        time.Advance(TimeSpan.FromSeconds(0.9));
        Assert.Equal((7, 1), (await look.AskAsync(default), looks));
        time.Advance(TimeSpan.FromSeconds(0.2));
        Assert.Equal((7, 2), (await look.AskAsync(default), looks));

        // Whoever gives up leaves it to the others; one that fails is not asked for ever.
        seen = new TaskCompletionSource<int>();
        time.Advance(TimeSpan.FromSeconds(2));
        using var gone = new CancellationTokenSource();
        var (left, stays) = (look.AskAsync(gone.Token), look.AskAsync(default));
        await gone.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        seen.SetException(new InvalidOperationException("it failed"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => stays);
        seen = new TaskCompletionSource<int>();
        seen.SetResult(8);
        time.Advance(TimeSpan.FromSeconds(2));
        Assert.Equal(8, await look.AskAsync(default));
    }

    [Fact]
    public async Task Headers_of_a_call_that_are_named_like_a_secret_are_not_shown()
    {
        const string Args = """{ "url": "http://127.0.0.1:9/", "headers": { "Authorization": "Bearer hunter2", "X-Api-Key": "hunter2", "Accept": "text/plain" } }""";
        var id = (await _rondo.AskAsync(HttpMethod.Post, "/api/jobs", $$"""{ "kind": "http", "args": {{Args}}, "delay": "1h" }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        var added = await _rondo.AskAsync(HttpMethod.Post, "/api/schedules", $$"""{ "name": "nightly", "kind": "http", "args": {{Args}}, "cron": "0 3 * * *" }""");
        added.Good(HttpStatusCode.Created);
        using var viewer = await HttpFixture.ClientAsync(_rondo.Server, _rondo.Api, Role.Viewer);
        var texts = new List<string> { added.Text, (await _rondo.AskAsync(HttpMethod.Post, "/api/schedules/nightly/pause")).Text };
        foreach (var path in new[] { "/api/jobs", $"/api/jobs/{id}", "/api/schedules", "/api/schedules/nightly" })
        {
            texts.Add(await viewer.GetStringAsync(path));
        }

        texts.Add((await _rondo.AskAsync(HttpMethod.Post, $"/api/jobs/{id}/cancel")).Text);
        texts.Add((await _rondo.AskAsync(HttpMethod.Delete, "/api/schedules/nightly")).Text);
        Assert.All(texts, text =>
        {
            Assert.DoesNotContain("hunter2", text);
            Assert.Contains("""{"Authorization":"***","X-Api-Key":"***","Accept":"text/plain"}""", text);
        });
    }
}
