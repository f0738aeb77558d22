using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class RequestGuardTests(HttpFixture rondo)
{
    [Theory]
    [InlineData("rondo.example")]
    [InlineData("127.0.0.1.rondo.example:8750")]
    [InlineData("localhost.example")]
    [InlineData("127.0.0.2")]
    [InlineData("0.0.0.0:8750")]
    [InlineData("[::2]")]
    public async Task A_name_that_is_not_loopback_is_refused(string host)
    {
        var answer = await rondo.AskAsync(HttpMethod.Get, "/api/devices", null, ("Host", host));
        Assert.Contains("expected localhost", answer.Problem(HttpStatusCode.MisdirectedRequest).GetProperty("detail").GetString());
    }

    [Theory]
    [InlineData("localhost")]
    [InlineData("LOCALHOST:1")]
    [InlineData("127.0.0.1:65535")]
    [InlineData("[::1]:8750")]
    public async Task Names_of_loopback_are_welcome_with_any_port(string host) =>
        (await rondo.AskAsync(HttpMethod.Get, "/health/live", null, ("Host", host))).Good();

    [Fact]
    public async Task A_request_without_a_host_is_refused()
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(rondo.Client.BaseAddress!.Host, rondo.Client.BaseAddress.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes("GET /health/live HTTP/1.0\r\n\r\n"));
        using var reader = new StreamReader(socket.GetStream());
        var text = await reader.ReadToEndAsync();
        Assert.Contains(" 400 ", text.Split('\n')[0]);
        Assert.Contains("application/problem+json", text);
    }

    [Theory]
    [InlineData("GET")]
    [InlineData("HEAD")]
    [InlineData("POST")]
    [InlineData("PUT")]
    [InlineData("PATCH")]
    [InlineData("DELETE")]
    [InlineData("OPTIONS")]
    public async Task Pages_of_other_origins_are_refused_for_every_method(string method)
    {
        var own = rondo.Client.BaseAddress!;
        foreach (var origin in new[] { "http://rondo.example", "null", $"https://127.0.0.1:{own.Port}", $"http://localhost:{own.Port}", $"http://127.0.0.1:{own.Port + 1}" })
        {
            var answer = await rondo.AskAsync(new HttpMethod(method), "/api/polling/stop", null, ("Origin", origin));
            Assert.Equal(HttpStatusCode.Forbidden, answer.Status);
            Assert.Equal("application/problem+json", answer.MediaType);
        }

        Assert.True((await rondo.GetAsync("/api/polling/status")).Good().GetProperty("enabled").GetBoolean());
    }

    [Theory]
    [InlineData("/ws")]
    [InlineData("/events?topics=global")]
    [InlineData("/app/key")]
    public async Task Pages_of_other_origins_and_names_that_are_not_loopback_hear_no_feed(string path)
    {
        var own = rondo.Client.BaseAddress!;
        (string, string)[] handshake = [("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==")];
        foreach (var origin in new[] { "http://rondo.example", "null", $"https://127.0.0.1:{own.Port}", $"http://localhost:{own.Port}", $"http://127.0.0.1:{own.Port + 1}" })
        {
            (await rondo.AskAsync(HttpMethod.Get, path, null, [("Origin", origin), .. handshake])).Problem(HttpStatusCode.Forbidden);
        }

        // A name of the attacker's that leads here: its page has that name as its origin, too.
        foreach (var host in new[] { "rondo.example", "localhost.example", "127.0.0.2" })
        {
            (await rondo.AskAsync(HttpMethod.Get, path, null, [("Host", host), .. handshake])).Problem(HttpStatusCode.MisdirectedRequest);
            (await rondo.AskAsync(HttpMethod.Get, path, null, [("Host", host), ("Origin", "http://" + host), .. handshake])).Problem(HttpStatusCode.MisdirectedRequest);
        }
    }

    [Fact]
    public async Task The_own_origin_is_welcome_and_no_other_is_ever_allowed_in()
    {
        var own = rondo.Client.BaseAddress!.GetLeftPart(UriPartial.Authority);
        var answer = await rondo.AskAsync(HttpMethod.Get, "/api/nodes", null, ("Origin", own));
        answer.Good();
        Assert.DoesNotContain(answer.Message.Headers, h => h.Key.StartsWith("Access-Control", StringComparison.OrdinalIgnoreCase));
    }

    [Theory]
    [InlineData("/api/nodes")]
    [InlineData("/nowhere")]
    [InlineData("/api/readings/no/such")]
    public async Task Every_answer_has_the_headers_that_keep_browsers_in_line(string path)
    {
        var answer = await rondo.GetAsync(path);
        Assert.Equal("nosniff", answer.Header("X-Content-Type-Options"));
        Assert.Equal("no-store", answer.Header("Cache-Control"));
        Assert.Contains("default-src 'none'", answer.Header("Content-Security-Policy"));
        Assert.Null(answer.Header("Server"));
    }

    [Fact]
    public async Task A_correlation_id_is_echoed()
    {
        var answer = await rondo.AskAsync(HttpMethod.Get, "/api/nodes", null, ("X-Correlation-Id", "job-17:a.b_C"));
        Assert.Equal("job-17:a.b_C", answer.Header("X-Correlation-Id"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("two words")]
    [InlineData("<script>")]
    [InlineData("12345678901234567890123456789012345678901234567890123456789012345")]
    public async Task What_is_no_correlation_id_is_replaced(string given)
    {
        var answer = await rondo.AskAsync(HttpMethod.Get, "/api/nodes", null, ("X-Correlation-Id", given));
        Assert.Matches("^[0-9a-f]{32}$", answer.Header("X-Correlation-Id"));
    }
}
