using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using System.Text;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class ProblemTests(HttpFixture rondo)
{
    [Theory]
    [InlineData("GET", "/", null, 404, "openapi")]
    [InlineData("GET", "/api/nowhere", null, 404, "/api/nowhere")]
    [InlineData("DELETE", "/api/nodes", null, 405, "GET")]
    [InlineData("POST", "/api/polling/status", "{}", 405, "GET")]
    [InlineData("GET", "/api/polling/audit", null, 405, "POST")]
    [InlineData("POST", "/api/devices", "", 400, "body")]
    [InlineData("POST", "/api/devices", "{", 422, "stored")]
    [InlineData("POST", "/api/devices", "[]", 422, "stored")]
    [InlineData("POST", "/api/devices?dryrun=true", "{}", 400, "dry_run")]
    [InlineData("POST", "/api/devices?dry_run=yes", "{}", 400, "true or false")]
    [InlineData("POST", "/api/polling/audit?dry_run=true&dry_run=false", null, 400, "twice")]
    [InlineData("GET", "/api/devices/none", null, 404, "none")]
    [InlineData("GET", "/api/devices?limit=0", null, 400, "limit")]
    [InlineData("GET", "/api/devices?limit=many", null, 400, "whole number")]
    [InlineData("PUT", "/api/devices/two%20words", """{ "address": "127.0.0.1" }""", 422, "stored")]
    [InlineData("PATCH", "/api/devices/none", "{}", 404, "none")]
    [InlineData("DELETE", "/api/devices/none", null, 404, "none")]
    [InlineData("POST", "/api/polling/stop?device=none", null, 404, "none")]
    [InlineData("GET", "/api/polling/status?device=none", null, 404, "none")]
    [InlineData("GET", "/api/polling/validate?from=yesterday", null, 400, "ISO 8601")]
    [InlineData("GET", "/api/polling/validate?from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", null, 400, "before")]
    [InlineData("GET", "/api/readings/", null, 400, "series")]
    [InlineData("GET", "/api/readings/none/such", null, 404, "device/point")]
    [InlineData("GET", "/api/readings/a/b?order=up", null, 400, "asc")]
    [InlineData("GET", "/api/readings/a/b?limit=20001", null, 400, "limit")]
    [InlineData("GET", "/api/readings/a/b?from=2026-01-01T00:00:00+00:00", null, 400, "%2B")]
    [InlineData("GET", "/api/devices?category=a%01b", null, 400, "control")]
    [InlineData("GET", "/openapi/v2.json", null, 404, "openapi")]
    public async Task Every_error_is_a_problem_that_says_what_was_expected(string method, string path, string? body, int status, string says)
    {
        var answer = await rondo.AskAsync(new HttpMethod(method), path, body);
        var problem = answer.Problem((HttpStatusCode)status);
        Assert.Contains(says, answer.Text);
        Assert.Equal(path.Split('?')[0], problem.GetProperty("instance").GetString());
    }

    [Fact]
    public async Task A_body_that_is_not_json_by_its_type_is_refused()
    {
        foreach (var type in new[] { "text/plain", "application/x-www-form-urlencoded", "multipart/form-data" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/devices") { Content = new StringContent("{}") };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
            (await rondo.SendAsync(request)).Problem(HttpStatusCode.UnsupportedMediaType);
        }
    }

    [Fact]
    public async Task A_body_that_is_not_utf8_is_refused()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/devices") { Content = new ByteArrayContent([0x7b, 0xff, 0x7d]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        (await rondo.SendAsync(request)).Problem(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_compressed_body_is_not_unpacked_whatever_it_would_become()
    {
        using var bomb = new MemoryStream();
        await using (var gzip = new System.IO.Compression.GZipStream(bomb, System.IO.Compression.CompressionLevel.SmallestSize, leaveOpen: true))
        {
            for (var n = 0; n < 64; n++)
            {
                await gzip.WriteAsync(new byte[1024 * 1024]);
            }
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/devices") { Content = new ByteArrayContent(bomb.ToArray()) };
        request.Content.Headers.ContentType = new("application/json");
        request.Content.Headers.ContentEncoding.Add("gzip");
        (await rondo.SendAsync(request)).Problem(HttpStatusCode.BadRequest);
    }

    [Fact]
    public async Task A_body_beyond_4_MiB_is_refused_before_it_is_read()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/devices")
        {
            Content = new StringContent(new string(' ', (4 * 1024 * 1024) + 1), Encoding.UTF8, "application/json"),
        };
        request.Headers.ExpectContinue = true;
        var problem = (await rondo.SendAsync(request)).Problem(HttpStatusCode.RequestEntityTooLarge);
        Assert.Contains("4 MiB", problem.GetProperty("detail").GetString());
    }

    [Fact]
    public async Task The_largest_bodies_are_judged_within_seconds()
    {
        var points = string.Join(',', Enumerable.Range(0, 100_000).Select(i => $$"""{"name":"p{{i}}","address":1}"""));
        var keys = string.Join(',', Enumerable.Range(0, 300_000).Select(i => $"\"k{i}\":1"));
        foreach (var body in new[] { $$"""{"name":"huge","address":"h","points":[{{points}}]}""", $"{{{keys}}}", new string('[', 4_000_000) })
        {
            Assert.True(body.Length <= 4 * 1024 * 1024);
            var started = Stopwatch.GetTimestamp();
            (await rondo.AskAsync(HttpMethod.Post, "/api/devices", body)).Problem(HttpStatusCode.UnprocessableEntity);
            Assert.True(Stopwatch.GetElapsedTime(started) < TimeSpan.FromSeconds(10), $"{body[..30]}… took {Stopwatch.GetElapsedTime(started)}");
        }
    }

    [Fact]
    public async Task Random_bodies_are_answered_and_never_by_a_bug()
    {
        var random = new Random(20260302);
        var seed = rondo.Meter("random", 3);
        for (var i = 0; i < 400; i++)
        {
            var body = Mutate(seed, random);
            var (method, path) = (i % 3) switch
            {
                0 => (HttpMethod.Post, "/api/devices?dry_run=true"),
                1 => (HttpMethod.Put, "/api/devices/random?dry_run=true"),
                _ => (HttpMethod.Patch, "/api/devices/random?dry_run=true"),
            };
            var answer = await rondo.AskAsync(method, path, body);
            Assert.True((int)answer.Status < 500, $"{method} {path}: {answer.Text}\n{body}");
        }
    }

    [Fact]
    public async Task Random_patches_of_a_device_never_meet_a_bug_and_leave_a_device_that_can_be_put_back()
    {
        (await rondo.AskAsync(HttpMethod.Put, "/api/devices/patched", rondo.Meter("patched", 3, 2, "\"monitoring_enabled\": false,"))).Good(HttpStatusCode.Created);
        var random = new Random(7);
        var stored = (await rondo.GetAsync("/api/devices/patched")).Text;
        for (var i = 0; i < 100; i++)
        {
            var answer = await rondo.AskAsync(HttpMethod.Patch, "/api/devices/patched?dry_run=true", Mutate(stored, random));
            Assert.True((int)answer.Status < 500, answer.Text);
        }

        var again = (await rondo.AskAsync(HttpMethod.Put, "/api/devices/patched", stored)).Good();
        Assert.Equal("unchanged", again.GetProperty("result").GetString());
        await rondo.RemoveAsync("patched");
    }

    private static string Mutate(string json, Random random)
    {
        string[] words = ["null", "{}", "[]", "\"\\ud800\"", "-1", "1e999", "\"\"", "true", "99999999999999999999", "[[[[", "\"\\u0000\"", "{\"a\":", ",", "\"NaN\"", "😀"];
        var text = new StringBuilder(json);
        for (var edits = random.Next(1, 6); edits > 0; edits--)
        {
            var at = random.Next(text.Length);
            var length = Math.Min(random.Next(12), text.Length - at);
            text.Remove(at, length);
            text.Insert(at, random.Next(3) == 0 ? ((char)random.Next(32, 127)).ToString() : words[random.Next(words.Length)]);
        }

        return text.ToString();
    }
}
