using System.Net;
using Rondo.Jobs.Calls;
using Rondo.Tests.Http;
using Rondo.Tests.Jobs.Calls;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Jobs of kind <c>http</c> from the command line and over HTTP, with the settings of the program, and the log file of their queue.</summary>
public sealed class Jobs_that_call : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_call_is_enqueued_by_a_command_worked_off_and_written_to_the_log_of_its_queue()
    {
        await using var receiver = await Receiver.StartAsync((_, _) => Task.CompletedTask);
        var run = await new CommandRun(_folder).GoodAsync("database", "migrate");
        run.Variables["RONDO_JOBS_HTTP_SECRETS"] = "whsec_Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt";
        run.Variables["RONDO_JOBS_LOG_FOLDER"] = _folder.At("logs");
        var args = $$"""{"url": "{{receiver.Url("/orders")}}", "body": {"order": 7} }""";
        await run.GoodAsync("jobs", "enqueue", "http", "--args", args, "--json");
        var refused = run.Json.GetProperty("id").GetInt64();
        await run.GoodAsync("work", "--once");
        await run.GoodAsync("jobs", "explain", $"{refused}");
        Assert.Contains("jobs.http.allow", run.Output, StringComparison.Ordinal);
        Assert.Empty(receiver.Requests);

        run.Variables["RONDO_JOBS_HTTP_ALLOW"] = $"127.0.0.1:{receiver.Port}";
        await run.GoodAsync("jobs", "enqueue", "http", "--args", args, "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await run.GoodAsync("work", "--once");
        await run.GoodAsync("jobs", "show", $"{id}", "--json");
        Assert.Equal("done", run.Json.GetProperty("job").GetProperty("state").GetString());
        Assert.StartsWith("v1,", receiver.Requests.Single().Headers["webhook-signature"], StringComparison.Ordinal);
        var lines = await File.ReadAllLinesAsync(_folder.At("logs/default.log"), TestContext.Current.CancellationToken);
        Assert.Contains(lines, line => line.Contains($" error queue=default kind=http id={refused} attempt=1 ", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.Contains($" info queue=default kind=http id={id} attempt=1 POST {receiver.Url("/orders")}, ", StringComparison.Ordinal));

        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "http", "--args", """{"url": "ftp://example.org/"}"""));
        Assert.Contains("(at /url)", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_call_that_will_not_do_is_refused_over_http_with_where()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        var answer = await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "http", "args": { "url": "https://example.org/", "headers": { "Host": "b" } } }""");
        Assert.Equal("/args/headers/Host", answer.Problem(HttpStatusCode.UnprocessableEntity).GetProperty("errors")[0].GetProperty("pointer").GetString());
        var id = (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "http", "args": { "url": "http://[::1]:9/" } }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        var job = await Eventually.GetAsync(
            async () => (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job"), job => job.GetProperty("state").GetString() == "dead", "the call is refused");
        Assert.Contains("::1 is loopback", job.GetProperty("error").GetString(), StringComparison.Ordinal);
    }
}
