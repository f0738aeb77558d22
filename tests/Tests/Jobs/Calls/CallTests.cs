using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Rondo.Jobs;
using Rondo.Jobs.Calls;
using Rondo.Jobs.Operations;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>Jobs that call a URL, over a real connection to a real server.</summary>
public sealed class CallTests
{
    private static readonly byte[] NewKey = SHA256.HashData("new"u8);
    private static readonly byte[] OldKey = SHA256.HashData("old"u8);

    [Theory, BothDatabases]
    public async Task A_call_carries_what_was_given_signed_with_both_secrets_and_is_the_same_in_each_attempt(DatabaseKind kind)
    {
        await using var receiver = await Receiver.StartAsync(async (context, n) =>
        {
            context.Response.StatusCode = n == 1 ? 500 : 202;
            await context.Response.WriteAsync(n == 1 ? "not\0yet\u001b[31m\r\nreally \ud83d\ude00" : "taken");
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local() with { Secrets = [Secret("", NewKey), Secret("", OldKey), Secret("other.example=", SHA256.HashData("other"u8))] }, kind);
        const string Body = """{"größe": [1.50, 9007199254740993, "é\u00e9"]}""";
        var id = await rig.EnqueueAsync($$"""{"url": "{{receiver.Url("/orders?id=7")}}", "headers": {"Authorization": "Bearer abc", "X-Shop": "17"}, "body": {{Body}}}""");
        var job = await rig.UntilAsync(id, "done");
        Assert.Equal(2, job.Attempts);
        Assert.Equal(["1 retry " + receiver.Url("/orders") + " answered 500 Internal Server Error: not yet [31m  really 😀"], await rig.FailuresAsync(id));

        var requests = receiver.Requests.ToArray();
        Assert.Equal(2, requests.Length);
        for (var n = 0; n < 2; n++)
        {
            var (headers, body) = (requests[n].Headers, requests[n].Body);
            Assert.Equal(("POST", "/orders?id=7", Body), (requests[n].Method, requests[n].Path, Encoding.UTF8.GetString(body)));
            Assert.Matches($"^rondo-job-{id}-[0-9a-z]{{10,11}}$", headers["webhook-id"]);
            Assert.Equal(
                (requests[0].Headers["webhook-id"], headers["webhook-id"], $"{id}", "default", $"{n + 1}", "3"),
                (headers["webhook-id"], headers["Idempotency-Key"], headers["Rondo-Job-Id"], headers["Rondo-Queue"], headers["Rondo-Attempt"], headers["Rondo-Max-Attempts"]));
            Assert.Equal(("application/json", "Bearer abc", "17", "Rondo"), (headers["Content-Type"], headers["Authorization"], headers["X-Shop"], headers["User-Agent"]));
            Assert.Equal($"{body.Length}", headers["Content-Length"]);
            Assert.True(Math.Abs(rig.Database.Clock.Now.Micros / 1e6 - long.Parse(headers["webhook-timestamp"], CultureInfo.InvariantCulture)) < 60);

            // As a receiver does it, by the specification.
            byte[] signed = [.. Encoding.ASCII.GetBytes($"{headers["webhook-id"]}.{headers["webhook-timestamp"]}."), .. body];
            Assert.Equal(
                $"v1,{Convert.ToBase64String(HMACSHA256.HashData(NewKey, signed))} v1,{Convert.ToBase64String(HMACSHA256.HashData(OldKey, signed))}",
                headers["webhook-signature"]);
        }
    }

    [Fact]
    public async Task A_text_is_sent_as_it_is_and_without_secrets_nothing_is_signed()
    {
        await using var receiver = await Receiver.StartAsync((_, _) => Task.CompletedTask);
        await using var rig = await CallRig.StartAsync(CallRig.Local());
        Assert.Equal("done", (await rig.CallAsync(new HttpCall(receiver.Url("/a"), "PUT", Text: "größe\r\n"))).State);
        Assert.Equal("done", (await rig.CallAsync(new HttpCall(receiver.Url("/b"), "PATCH", new Dictionary<string, string> { ["content-type"] = "text/csv", ["user-agent"] = "mine" }, Text: "a,b"))).State);
        Assert.Equal("done", (await rig.CallAsync(new HttpCall(receiver.Url("/c"), "GET"))).State);
        var requests = receiver.Requests.ToArray();
        Assert.Equal(("PUT", "größe\r\n", "text/plain; charset=utf-8"), (requests[0].Method, Encoding.UTF8.GetString(requests[0].Body), requests[0].Headers["Content-Type"]));
        Assert.Equal(("text/csv", "mine"), (requests[1].Headers["Content-Type"], requests[1].Headers["User-Agent"]));
        Assert.False(requests[2].Headers.ContainsKey("Content-Length"));
        Assert.All(requests, r => Assert.False(r.Headers.ContainsKey("webhook-signature")));
    }

    [Theory]
    [InlineData(200, null, "done", null)]
    [InlineData(204, null, "done", null)]
    [InlineData(200, "discard", "dead", "discarded: URL asked for it with 200 OK: said")]
    [InlineData(503, "Discard", "dead", "discarded: URL asked for it with 503 Service Unavailable: said")]
    [InlineData(410, null, "dead", "discarded: URL is gone: it answered 410 Gone: said")]
    [InlineData(404, null, "dead", "URL answered 404 Not Found: said")]
    [InlineData(401, null, "dead", "URL answered 401 Unauthorized: said")]
    [InlineData(304, null, "dead", "URL answered 304 Not Modified")]
    public async Task The_answer_decides(int status, string? wish, string state, string? error)
    {
        await using var receiver = await Receiver.StartAsync(async (context, _) =>
        {
            context.Response.StatusCode = status;
            if (wish is not null)
            {
                context.Response.Headers["Rondo-Result"] = wish;
            }

            if (status is not (204 or 304))
            {
                await context.Response.WriteAsync("said");
            }
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 2);
        var job = await rig.CallAsync(new HttpCall(receiver.Url("/x"), Body: CallRig.Json("1")));
        Assert.Equal((state, error?.Replace("URL", receiver.Url("/x"), StringComparison.Ordinal)), (job.State, job.Error));

        // What is not discarded had all its attempts.
        Assert.Equal(state == "dead" && !error!.StartsWith("discarded", StringComparison.Ordinal) ? 2 : 1, receiver.Requests.Count);
    }

    [Fact]
    public async Task The_caller_may_say_which_answers_are_good()
    {
        await using var receiver = await Receiver.StartAsync((context, _) =>
        {
            context.Response.StatusCode = context.Request.Method == "DELETE" ? 404 : 200;
            return Task.CompletedTask;
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 1);
        Assert.Equal("done", (await rig.CallAsync(new HttpCall(receiver.Url("/"), "DELETE", Expect: [200, 404]))).State);
        Assert.Equal("dead", (await rig.CallAsync(new HttpCall(receiver.Url("/"), "GET", Expect: [201]))).State);
    }

    [Theory]
    [InlineData("30", 30)]
    [InlineData("0", 1)]
    [InlineData("999999", 86_400)]
    [InlineData("date+90", 90)]
    [InlineData("date-90", 1)]
    public async Task A_receiver_says_when_to_come_again_within_bounds(string after, int seconds)
    {
        await using var receiver = await Receiver.StartAsync((context, _) =>
        {
            context.Response.StatusCode = 503;
            context.Response.Headers.RetryAfter = after.StartsWith("date", StringComparison.Ordinal)
                ? TimeProvider.System.GetUtcNow().AddSeconds(int.Parse(after[4..], CultureInfo.InvariantCulture)).ToString("R")
                : after;
            return Task.CompletedTask;
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local());
        var job = await rig.UntilAsync(await rig.EnqueueAsync(new HttpCall(receiver.Url("/"))), "scheduled");
        var failure = Assert.Single(await rig.Database.ReadAsync("test", tx => OperationStore.Failures(tx, job.Id)));
        Assert.Equal(1, job.Attempts);
        Assert.InRange((job.Due - failure.EndedAt).TotalSeconds, seconds - 2.5, seconds + 1);
    }

    [Fact]
    public async Task A_receiver_may_snooze_a_job_which_uses_no_attempt()
    {
        await using var receiver = await Receiver.StartAsync((context, n) =>
        {
            context.Response.Headers["Rondo-Result"] = n < 3 ? "snooze" : "";
            context.Response.Headers.RetryAfter = "1";
            return Task.CompletedTask;
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 1);
        var job = await rig.CallAsync(new HttpCall(receiver.Url("/")));
        Assert.Equal(("done", 1), (job.State, job.Attempts));
        Assert.Equal(["1", "1", "1"], receiver.Requests.Select(r => r.Headers["Rondo-Attempt"]));
    }

    [Fact]
    public async Task A_receiver_that_does_not_answer_in_time_is_left_and_a_broken_answer_is_no_answer()
    {
        var left = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync(async (context, n) =>
        {
            if (n == 1)
            {
                context.RequestAborted.Register(() => left.TrySetResult());
                await left.Task;
            }
            else if (n == 2)
            {
                context.Response.ContentLength = 100;
                await context.Response.WriteAsync("half of it");
                await context.Response.Body.FlushAsync();
                context.Abort();
            }
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local());
        var id = await rig.EnqueueAsync(new HttpCall(receiver.Url("/slow"), TimeoutMs: 200));
        await rig.UntilAsync(id, "done");
        await left.Task;
        var failures = await rig.FailuresAsync(id);
        Assert.Equal($"1 retry {receiver.Url("/slow")} did not answer within 0.2 s", failures[0]);
        Assert.StartsWith($"2 retry {receiver.Url("/slow")} could not be called: ", failures[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_large_answer_is_read_as_far_as_is_kept()
    {
        var sent = 0L;
        var ended = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync(async (context, _) =>
        {
            var block = new byte[64 * 1024];
            Array.Fill(block, (byte)'x');
            context.Response.StatusCode = 400;
            try
            {
                for (; !context.RequestAborted.IsCancellationRequested; sent += block.Length)
                {
                    await context.Response.Body.WriteAsync(block, context.RequestAborted);
                }
            }
            catch (OperationCanceledException)
            {
                // The caller has left.
            }

            ended.TrySetResult();
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 1);
        var job = await rig.CallAsync(new HttpCall(receiver.Url("/")));
        Assert.Equal(1_000, job.Error!.Count(c => c == 'x'));
        Assert.EndsWith("x…", job.Error, StringComparison.Ordinal);

        // An endless answer ends because the caller leaves. How much was sent says nothing: until the server hears of it, it writes into the void.
        await ended.Task.WaitAsync(Eventually.DefaultBound);
        Assert.True(sent >= 64 * 1024, $"{sent} bytes");
    }

    [Fact]
    public async Task A_cancel_of_a_running_job_breaks_its_call_off()
    {
        var left = new TaskCompletionSource();
        await using var receiver = await Receiver.StartAsync(async (context, _) =>
        {
            context.RequestAborted.Register(() => left.TrySetResult());
            await left.Task;
        });
        await using var rig = await CallRig.StartAsync(CallRig.Local());
        var id = await rig.EnqueueAsync(new HttpCall(receiver.Url("/")));
        await Eventually.TrueAsync(() => !receiver.Requests.IsEmpty, "the call has come");
        await rig.Database.WriteAsync("test", tx =>
        {
            OperationStore.Cancel(tx, id, JobRig.Fast, "cancelled by an operator");
            tx.OnCommit(rig.Server.WakeForIntent);
        });
        await left.Task.WaitAsync(Eventually.DefaultBound);
        Assert.Equal("cancelled while it ran", (await rig.UntilAsync(id, "cancelled")).Error);
    }

    [Fact]
    public async Task What_cannot_be_reached_or_is_not_known_is_tried_again_and_what_is_not_allowed_is_not()
    {
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 2, resolve: (host, _) =>
            host == "nowhere.example" ? throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound) : Task.FromResult(new[] { IPAddress.Parse("10.0.0.1"), IPAddress.IPv6Loopback }));
        int port;
        await using (var receiver = await Receiver.StartAsync((_, _) => Task.CompletedTask))
        {
            port = receiver.Port;
        }

        var closed = await rig.CallAsync(new HttpCall($"http://127.0.0.1:{port}/"));
        Assert.Equal((2, true), (closed.Attempts, closed.Error!.Contains("could not be called: Connection refused", StringComparison.Ordinal)));
        var unknown = await rig.CallAsync(new HttpCall("http://nowhere.example/"));
        Assert.Equal((2, "http://nowhere.example/ could not be called: its name is not known"), (unknown.Attempts, unknown.Error));
        var inside = await rig.CallAsync(new HttpCall("http://inside.example/"));
        Assert.Equal((1, "discarded: inside.example is at 10.0.0.1, which is private, and Rondo calls public addresses only. To allow it, add the address, its network or the host to the setting jobs.http.allow"), (inside.Attempts, inside.Error));
        var metadata = await rig.CallAsync(new HttpCall("http://169.254.169.254/latest/meta-data/"));
        Assert.StartsWith("discarded: 169.254.169.254 is link-local", metadata.Error, StringComparison.Ordinal);
    }

    private static SigningSecret Secret(string host, byte[] key) =>
        SigningSecret.TryParse($"{host}whsec_{Convert.ToBase64String(key)}", out var secret, out var problem) ? secret : throw new InvalidOperationException(problem);
}
