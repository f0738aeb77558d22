using System.Net;
using Rondo.Host.Http;
using Rondo.Host.Settings;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class HttpSettingsTests(HttpFixture rondo)
{
    [Theory]
    [InlineData("http://0.0.0.0:8750", "--insecure")]
    [InlineData("http://192.168.1.5:8750", "http.certificate")]
    [InlineData("http://[::]:8750", "--insecure")]
    [InlineData("http://127.0.0.2:8750", "--insecure")]
    [InlineData("http://rondo.example:8750", "http.hosts")]
    [InlineData("https://127.0.0.1:8750", "needs a certificate")]
    [InlineData("http://127.0.0.1:8750/api", "127.0.0.1")]
    [InlineData("ftp://127.0.0.1", "127.0.0.1")]
    public async Task Beyond_this_machine_nothing_is_listened_on_without_a_certificate(string address, string says)
    {
        var fault = await Assert.ThrowsAsync<HttpStartException>(
            () => HttpApi.StartAsync(rondo.Server, new HttpSettings { Address = new Uri(address) }, CancellationToken.None));
        Assert.Contains(says, fault.Message);
    }

    [Theory]
    [InlineData("http://localhost:8751", "127.0.0.1:8751")]
    [InlineData("http://127.0.0.1:0", "127.0.0.1:0")]
    [InlineData("http://[::1]:8750", "[::1]:8750")]
    public void Loopback_is_understood(string address, string endpoint)
    {
        var settings = new HttpSettings { Address = new Uri(address) };
        Assert.Equal(IPEndPoint.Parse(endpoint), settings.Endpoint(out _));
        Assert.True(settings.IsLoopback);
    }

    [Fact]
    public void The_default_is_port_8750_of_loopback() => Assert.Equal("127.0.0.1:8750", new HttpSettings().Endpoint(out _)!.ToString());

    [Fact]
    public void Who_insists_may_listen_on_the_network_without_a_certificate()
    {
        var settings = new HttpSettings { Address = new Uri("http://0.0.0.0:8750"), IsInsecure = true };
        Assert.Equal("0.0.0.0:8750", settings.Endpoint(out _)!.ToString());
        Assert.False(settings.IsLoopback);
    }

    [Theory]
    [InlineData("http.address", "http://0.0.0.0:1", "--insecure")]
    [InlineData("http.address", "https://127.0.0.1:1", "needs a certificate")]
    [InlineData("http.certificate", "server.pem", "full path")]
    [InlineData("http.hosts", "rondo.example:443", "without a port")]
    [InlineData("http.proxies", "proxy", "10.0.0.0/8")]
    [InlineData("http.insecure", "perhaps", "neither true nor false")]
    public void A_setting_that_will_not_do_is_told(string key, string text, string says)
    {
        var reading = SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = "/none", CommandLine = [(key, "--x", text)] });
        Assert.Contains(says, Assert.Single(reading.Problems));
    }

    [Fact]
    public void Settings_that_fit_are_taken()
    {
        var reading = SettingsReader.Read(new SettingsSources
        {
            Variable = _ => null,
            UsualFile = "/none",
            CommandLine = [("http.address", "", "https://0.0.0.0:8443"), ("http.certificate", "", "/a.pem"), ("http.hosts", "", "a.example, b.example"), ("http.proxies", "", "127.0.0.1,10.0.0.0/8")],
        });
        var http = reading.Settings!.Http;
        Assert.True(http.IsTls && !http.IsLoopback && http.Certificate == "/a.pem" && http.CertificateKey is null);
        Assert.Equal(["a.example", "b.example"], http.Hosts);
        Assert.Equal(["127.0.0.1/32", "10.0.0.0/8"], http.Proxies.Select(p => p.ToString()));
    }

    [Theory]
    [InlineData("127.0.0.1:1", true)]
    [InlineData("192.168.1.5", true)]
    [InlineData("[2001:db8::1]:443", true)]
    [InlineData("Rondo.Example:8443", true)]
    [InlineData("other.example", false)]
    [InlineData("0x7f.1", false)]
    [InlineData("127.1", false)]
    public void Beyond_loopback_addresses_and_names_that_were_set_are_answered(string host, bool isKnown) =>
        Assert.Equal(isKnown, new HostNames(new HttpSettings { Address = new Uri("http://0.0.0.0:1"), IsInsecure = true, Hosts = ["rondo.example"] }).Knows(new Microsoft.AspNetCore.Http.HostString(host)));

    [Fact]
    public async Task A_port_that_is_taken_is_told_with_what_to_do()
    {
        var fault = await Assert.ThrowsAsync<HttpStartException>(
            () => HttpApi.StartAsync(rondo.Server, new HttpSettings { Address = rondo.Api.Address }, CancellationToken.None));
        Assert.Contains("another port", fault.Message);
    }
}
