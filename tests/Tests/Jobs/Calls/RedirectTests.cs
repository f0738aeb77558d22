using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Rondo.Jobs.Calls;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>Where a call is led, and where it is not followed.</summary>
public sealed class RedirectTests
{
    [Theory]
    [InlineData(307, "/there?x=1")]
    [InlineData(308, "there")]
    [InlineData(308, "SELF/there")]
    public async Task A_redirect_within_an_origin_repeats_the_call_signed(int status, string location)
    {
        await using var receiver = await Receiver.StartAsync((context, _) => LeadAsync(context, status, context.Request.Path == "/" ? location : null));
        await using var rig = await CallRig.StartAsync(CallRig.Local() with { Secrets = [Secret()] });
        var job = await rig.CallAsync(new HttpCall(receiver.Url("/"), "PUT", new Dictionary<string, string> { ["Authorization"] = "Bearer abc" }, CallRig.Json("[1]")));
        Assert.Equal("done", job.State);
        var second = receiver.Requests.Last();
        Assert.Equal(("PUT", "[1]", "Bearer abc"), (second.Method, Encoding.UTF8.GetString(second.Body), second.Headers["Authorization"]));
        Assert.StartsWith("/there", second.Path, StringComparison.Ordinal);
        Assert.StartsWith("v1,", second.Headers["webhook-signature"], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_origin_gets_neither_signature_nor_headers_of_the_caller()
    {
        await using var other = await Receiver.StartAsync((_, _) => Task.CompletedTask);
        await using var receiver = await Receiver.StartAsync((context, _) => LeadAsync(context, 307, other.Url("/there")));
        await using var rig = await CallRig.StartAsync(CallRig.Local() with { Secrets = [Secret()] });
        var job = await rig.CallAsync(new HttpCall(
            receiver.Url("/"), Headers: new Dictionary<string, string> { ["Authorization"] = "Bearer abc", ["X-Token"] = "abc", ["Cookie"] = "a=b", ["Content-Type"] = "text/csv" }, Text: "a,b"));
        Assert.Equal("done", job.State);
        Assert.Contains("Authorization", receiver.Requests.Single().Headers.Keys);
        var got = other.Requests.Single();
        Assert.Equal(("POST", "a,b", "text/csv"), (got.Method, Encoding.UTF8.GetString(got.Body), got.Headers["Content-Type"]));
        foreach (var name in new[] { "Authorization", "X-Token", "Cookie", "webhook-signature", "webhook-id", "webhook-timestamp" })
        {
            Assert.DoesNotContain(name, got.Headers.Keys);
        }
    }

    /// <summary>What is allowed is for those who enqueue: a receiver outside must not lead there. Here it is outside by its name, which nobody allowed.</summary>
    [Fact]
    public async Task A_receiver_outside_cannot_lead_to_what_is_allowed_inside()
    {
        await using var inside = await Receiver.StartAsync((_, _) => Task.CompletedTask);
        await using var receiver = await Receiver.StartAsync((context, _) => LeadAsync(context, 307, inside.Url("/pause")));
        await using var rig = await CallRig.StartAsync(CallRig.Local(), resolve: (_, _) => Task.FromResult(new[] { IPAddress.Loopback }));
        var job = await rig.CallAsync(new HttpCall(receiver.Url("/").Replace("127.0.0.1", "outside.example", StringComparison.Ordinal)));
        Assert.Equal("dead", job.State);
        Assert.Contains("127.0.0.1 is loopback", job.Error, StringComparison.Ordinal);
        Assert.Empty(inside.Requests);
    }

    [Theory]
    [InlineData("http://169.254.169.254/latest/", "169.254.169.254 is link-local")]
    [InlineData("http://[::1]:80/", "::1 is loopback")]
    [InlineData("http://inside.example/", "inside.example is at 10.0.0.1, which is private")]
    [InlineData("http://user:password@public.example/", "a URL with a user or a password is not called")]
    [InlineData("ftp://public.example/", "'ftp' is not called")]
    [InlineData("file:///etc/passwd", "'file' is not called")]
    public async Task A_redirect_to_what_may_not_be_called_ends_the_job(string location, string reason)
    {
        await using var receiver = await Receiver.StartAsync((context, _) => LeadAsync(context, 307, location));
        await using var rig = await CallRig.StartAsync(CallRig.Local(), resolve: (_, _) => Task.FromResult(new[] { IPAddress.Parse("10.0.0.1") }));
        var job = await rig.CallAsync(new HttpCall(receiver.Url("/")));
        Assert.Equal(("dead", 1), (job.State, job.Attempts));
        Assert.Contains(reason, job.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(301)]
    [InlineData(302)]
    [InlineData(303)]
    public async Task A_post_is_not_turned_into_a_get_whose_answer_would_count(int status)
    {
        await using var receiver = await Receiver.StartAsync((context, _) => LeadAsync(context, status, context.Request.Path == "/" ? "/there" : null));
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 1);
        Assert.StartsWith($"{receiver.Url("/")} answered {status}", (await rig.CallAsync(new HttpCall(receiver.Url("/"), Text: "a"))).Error, StringComparison.Ordinal);
        Assert.Equal("done", (await rig.CallAsync(new HttpCall(receiver.Url("/"), "GET"))).State);
        Assert.Equal(["/", "/", "/there"], receiver.Requests.Select(r => r.Path));
    }

    [Fact]
    public async Task Redirects_in_a_circle_come_to_an_end()
    {
        await using var receiver = await Receiver.StartAsync((context, _) => LeadAsync(context, 308, "/"));
        await using var rig = await CallRig.StartAsync(CallRig.Local(), attempts: 1);
        Assert.StartsWith($"{receiver.Url("/")} answered 308", (await rig.CallAsync(new HttpCall(receiver.Url("/")))).Error, StringComparison.Ordinal);
        Assert.Equal(6, receiver.Requests.Count);
    }

    [Fact]
    public async Task A_name_that_leads_inside_after_it_was_looked_at_gains_nothing()
    {
        // Allowed at the first look, this machine's own service from the second on: what a rebinding name server answers.
        var looks = 0;
        await using var outside = await Receiver.StartAsync((context, _) =>
        {
            context.Response.StatusCode = 500;
            context.Response.Headers.Connection = "close";
            return Task.CompletedTask;
        }, "127.0.0.2");
        await using var inside = await Receiver.StartAsync((_, _) => Task.CompletedTask, "127.0.0.1", outside.Port);
        await using var rig = await CallRig.StartAsync(
            new HttpCallOptions { Allow = [.. CallRig.Local("127.0.0.2").Allow.Skip(1)] }, resolve: (_, _) => Task.FromResult(new[] { IPAddress.Parse(Interlocked.Increment(ref looks) == 1 ? "127.0.0.2" : "127.0.0.1") }));
        var job = await rig.CallAsync(new HttpCall(outside.Url("/", "rebinding.example")));
        Assert.Equal(("dead", 2), (job.State, job.Attempts));
        Assert.StartsWith("discarded: rebinding.example is at 127.0.0.1, which is loopback", job.Error, StringComparison.Ordinal);
        Assert.Single(outside.Requests);
        Assert.Empty(inside.Requests);

        // The guard looks a name up for each connection, and judges what it connects to; a host that is allowed is allowed wherever it is.
        await using var trusting = await CallRig.StartAsync(
            new HttpCallOptions { Allow = [.. CallRig.Local("rebinding.example").Allow.Skip(1)] }, resolve: (_, _) => Task.FromResult(new[] { IPAddress.Parse("127.0.0.1") }));
        Assert.Equal("done", (await trusting.CallAsync(new HttpCall(inside.Url("/", "rebinding.example")))).State);
        Assert.Equal($"rebinding.example:{inside.Port}", inside.Requests.Single().Headers["Host"]);
    }

    [Fact]
    public async Task Beside_an_address_that_is_refused_only_the_others_are_tried()
    {
        await using var receiver = await Receiver.StartAsync((_, _) => Task.CompletedTask);
        await using var rig = await CallRig.StartAsync(CallRig.Local(), resolve: (_, _) => Task.FromResult(new[] { IPAddress.IPv6Loopback, IPAddress.Parse("10.0.0.1"), IPAddress.Loopback }));
        Assert.Equal("done", (await rig.CallAsync(new HttpCall(receiver.Url("/", "both.example")))).State);
    }

    [Theory]
    [InlineData("http://a.example/", "http://a.example/b", true)]
    [InlineData("http://a.example/", "https://A.example/", true)]
    [InlineData("http://a.example:8080/", "https://a.example/", false)]
    [InlineData("https://a.example/", "http://a.example/", false)]
    [InlineData("https://a.example/", "https://a.example:444/", false)]
    [InlineData("https://a.example/", "https://b.a.example/", false)]
    public void An_origin_is_scheme_host_and_port_or_the_same_host_a_step_up(string from, string to, bool isSame) =>
        Assert.Equal(isSame, CallRequest.IsSameOrigin(new Uri(from), new Uri(to)));

    [Fact]
    public void A_step_from_https_to_http_is_refused()
    {
        using var answer = new HttpResponseMessage(HttpStatusCode.TemporaryRedirect);
        answer.Headers.Location = new Uri("http://a.example/");
        var refused = Assert.Throws<CallRefused>(() => HttpCallHandler.Next(new HttpCall("https://a.example/"), new Uri("https://a.example/"), answer));
        Assert.Contains("from https to http", refused.Message, StringComparison.Ordinal);
    }

    private static SigningSecret Secret() =>
        SigningSecret.TryParse("whsec_" + Convert.ToBase64String(SHA256.HashData("key"u8)), out var secret, out var problem) ? secret : throw new InvalidOperationException(problem);

    private static Task LeadAsync(HttpContext context, int status, string? location)
    {
        if (location is not null)
        {
            context.Response.StatusCode = status;
            context.Response.Headers.Location = location.Replace("SELF", $"http://{context.Request.Host}", StringComparison.Ordinal);
        }

        return Task.CompletedTask;
    }
}
