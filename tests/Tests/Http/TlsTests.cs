using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Rondo.Host.Http;
using Rondo.Security;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>https with a certificate from files, and proxies.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_served_with_a_certificate_from_a_file(bool isKeyApart)
    {
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + _folder.At("rondo.db"));
        var settings = Write("one", isKeyApart) with { Address = new Uri("https://127.0.0.1:0") };
        await using var api = await HttpApi.StartAsync(server, settings, CancellationToken.None);
        string? seen = null;
#pragma warning disable MA0039, CA5359 // The certificate is the test's own, made a moment ago.
        using var handler = new HttpClientHandler { ServerCertificateCustomValidationCallback = (_, certificate, _, _) => (seen = certificate!.Subject) is not null };
#pragma warning restore MA0039, CA5359
        using var client = new HttpClient(handler) { BaseAddress = api.Address };
        client.DefaultRequestHeaders.Authorization = new("Bearer", await HttpFixture.TokenAsync(server, Role.Viewer));
        using var answer = await client.GetAsync("/api/nodes");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal("CN=one", seen);
        Assert.Contains("max-age", answer.Headers.GetValues("Strict-Transport-Security").Single());
        using var plain = new HttpClient { BaseAddress = new Uri($"http://{api.Address.Authority}") };
        await Assert.ThrowsAsync<HttpRequestException>(() => plain.GetAsync("/health/live"));
    }

    [Fact]
    public void A_renewed_certificate_is_taken_within_a_minute_and_a_broken_one_is_not()
    {
        var time = new FakeTime();
        var settings = Write("one", isKeyApart: true);
        using var logs = new CapturedLogs();
        var certificate = new TlsCertificate(settings.Certificate!, settings.CertificateKey, time, logs);
        Assert.Equal("CN=one", Subject());
        Write("two", isKeyApart: true);
        File.SetLastWriteTimeUtc(settings.Certificate!, DateTime.UnixEpoch);
        Assert.Equal("CN=one", Subject());
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=two", Subject());
        File.WriteAllText(settings.Certificate!, "half");
        time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal("CN=two", Subject());
        Assert.Contains("stays", Assert.Single(logs.Lines));

        string Subject() => certificate.Current.ServerCertificateContext!.TargetCertificate.Subject;
    }

    [Fact]
    public async Task A_certificate_that_cannot_be_used_is_told()
    {
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + _folder.At("rondo.db"));
        foreach (var file in new[] { _folder.At("none.pem"), _folder.Write("bad.pem", "no certificate") })
        {
            var fault = await Assert.ThrowsAsync<HttpStartException>(
                () => HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("https://127.0.0.1:0"), Certificate = file }, CancellationToken.None));
            Assert.Contains(file, fault.Message);
        }
    }

    [Theory]
    [InlineData("127.0.0.1", "203.0.113.9")]
    [InlineData("10.0.0.0/8", "127.0.0.1")]
    public async Task Who_asks_is_who_a_trusted_proxy_says_and_nobody_elses_word_counts(string trusted, string expected)
    {
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + _folder.At("rondo.db"), "work");
        var network = trusted.Contains('/') ? IPNetwork.Parse(trusted) : new IPNetwork(IPAddress.Parse(trusted), 32);
        await using var api = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Proxies = [network] }, CancellationToken.None);
        using var client = await HttpFixture.ClientAsync(server, api);
        client.DefaultRequestHeaders.Add("X-Forwarded-For", "198.51.100.1, 203.0.113.9");
        using var answer = await client.PostAsync("/api/queues/q/pause", null);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var rows = await Eventually.GetAsync(() => AuditTrail.ListAsync(server.Database, new AuditFilter(), 10), r => r.Count == 1, "it is sealed");
        Assert.Equal(expected, rows[0].ActorFrom);
    }

    private HttpSettings Write(string name, bool isKeyApart)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UnixEpoch, DateTimeOffset.UnixEpoch.AddYears(100));
        var (pem, secret) = (certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem());
        return isKeyApart
            ? new HttpSettings { Certificate = _folder.Write("server.pem", pem), CertificateKey = _folder.Write("server.key", secret) }
            : new HttpSettings { Certificate = _folder.Write("server.pem", pem + "\n" + secret) };
    }
}
