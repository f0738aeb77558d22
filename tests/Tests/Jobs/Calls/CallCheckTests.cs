using System.Security.Cryptography;
using System.Text;
using Rondo.Jobs;
using Rondo.Jobs.Calls;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>What is refused when a call is enqueued, and how one is signed.</summary>
public sealed class CallCheckTests
{
    private static readonly JobHandlers Known = new JobHandlers().AddForEnqueue("http", HttpCallHandler.Options);

    [Theory]
    [InlineData("""{ "url": "ftp://example.org/" }""", "/url")]
    [InlineData("""{ "url": "file:///etc/passwd" }""", "/url")]
    [InlineData("""{ "url": "gopher://example.org/" }""", "/url")]
    [InlineData("""{ "url": "//example.org/" }""", "/url")]
    [InlineData("""{ "url": "/path" }""", "/url")]
    [InlineData("""{ "url": "http://" }""", "/url")]
    [InlineData("""{ "url": "http://user@example.org/" }""", "/url")]
    [InlineData("""{ "url": "http://user:password@example.org/" }""", "/url")]
    [InlineData("""{ "url": "http://example.org@127.0.0.1/" }""", "/url")]
    [InlineData("""{ "url": " http://example.org/" }""", "/url")]
    [InlineData("""{ "url": "http://example.org/a\r\nHost: b" }""", "/url")]
    [InlineData("""{ }""", "")]
    [InlineData("""{ "url": null }""", "/url")]
    [InlineData("""{ "url": "http://example.org/", "method": "CONNECT" }""", "/method")]
    [InlineData("""{ "url": "http://example.org/", "method": "post" }""", "/method")]
    [InlineData("""{ "url": "http://example.org/", "method": "POST / HTTP/1.1\r\nA: b" }""", "/method")]
    [InlineData("""{ "url": "http://example.org/", "method": "GET", "body": 1 }""", "/body")]
    [InlineData("""{ "url": "http://example.org/", "body": 1, "text": "a" }""", "/text")]
    [InlineData("""{ "url": "http://example.org/", "timeout_ms": 99 }""", "/timeout_ms")]
    [InlineData("""{ "url": "http://example.org/", "timeout_ms": 600001 }""", "/timeout_ms")]
    [InlineData("""{ "url": "http://example.org/", "expect": [] }""", "/expect")]
    [InlineData("""{ "url": "http://example.org/", "expect": [101] }""", "/expect")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "Host": "b" } }""", "/headers/Host")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "content-length": "5" } }""", "/headers/content-length")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "Transfer-Encoding": "chunked" } }""", "/headers/Transfer-Encoding")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "Webhook-Signature": "v1,x" } }""", "/headers/Webhook-Signature")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "idempotency-key": "x" } }""", "/headers/idempotency-key")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "Rondo-Job-Id": "1" } }""", "/headers/Rondo-Job-Id")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "Proxy-Authorization": "x" } }""", "/headers/Proxy-Authorization")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "X-A": "b\r\nX-C: d" } }""", "/headers/X-A")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "X-A": "ü" } }""", "/headers/X-A")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "X A": "b" } }""", "/headers/X A")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "": "b" } }""", "/headers/")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "a/b~c": "b" } }""", "/headers/a~1b~0c")]
    [InlineData("""{ "url": "http://example.org/", "headers": { "X-A": "1", "x-a": "2" } }""", "/headers/x-a")]
    [InlineData("""{ "url": "http://example.org/", "secret": "whsec_x" }""", "/secret")]
    public void What_a_call_may_not_ask_for_is_refused_with_where(string args, string pointer)
    {
        var refused = Assert.Throws<JobRefused>(() => Known.Of("http").Draft(args));
        Assert.Equal((JobRefusal.BadArguments, pointer), (refused.Reason, refused.Pointer));
    }

    [Theory]
    [InlineData("""{ "url": "https://example.org" }""")]
    [InlineData("""{ "url": "https://bücher.example/ä?x=%20#part", "method": "DELETE", "expect": [200, 404] }""")]
    [InlineData("""{ "url": "http://example.org:8080/", "headers": { "Authorization": "Bearer x", "Content-Type": "text/csv" }, "text": "a,b\r\n", "timeout_ms": 600000 }""")]
    [InlineData("""{ "url": "http://[2606:4700::1111]/", "method": "PUT", "body": { "deep": [1, null, "\u0000"] } }""")]
    public void What_makes_sense_is_accepted(string args) => Assert.Equal(args, Known.Of("http").Draft(args).Args);

    [Fact]
    public void A_signature_is_that_of_the_Standard_Webhooks_specification()
    {
        // The key, message and signature that the specification's own libraries are tested with.
        Assert.True(SigningSecret.TryParse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", out var secret, out _));
        Assert.Equal(
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            secret.Sign("msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, "{\"test\": 2432232314}"u8));
        Assert.Equal("whsec_***", $"{secret}");
    }

    [Fact]
    public void A_secret_is_one_of_a_host_or_of_all_and_is_never_shown()
    {
        var key = "whsec_" + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes("a")));
        Assert.True(SigningSecret.TryParse($"Bücher.example={key}", out var own, out _));
        Assert.Equal("xn--bcher-kva.example", own.Host);
        Assert.Equal("xn--bcher-kva.example=whsec_***", $"{own}");
        Assert.True(SigningSecret.TryParse(key, out var all, out _));
        var options = new HttpCallOptions { Secrets = [own, all] };
        Assert.Equal([own], options.SecretsOf("xn--bcher-kva.example."));
        Assert.Equal([all], options.SecretsOf("other.example"));
        Assert.Equal([all], options.SecretsOf("::1"));
        Assert.Empty(new HttpCallOptions { Secrets = [own] }.SecretsOf("other.example"));
        Assert.DoesNotContain(key[6..], $"{options}", StringComparison.Ordinal);
        Assert.Throws<InvalidOperationException>(() => new HttpCallOptions { Secrets = [all, all, all] }.Check());
        foreach (var wrong in new[] { "geheim", "whsec_geheim", "whsec_" + Convert.ToBase64String(new byte[23]), "whsec_" + Convert.ToBase64String(new byte[65]), "a/b=" + key, "host=geheim" })
        {
            Assert.False(SigningSecret.TryParse(wrong, out _, out var problem));
            Assert.DoesNotContain("geheim", problem, StringComparison.Ordinal);
        }
    }
}
