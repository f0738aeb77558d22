using System.Net;
using Rondo.Host.Http;

namespace Rondo.Tests.Http;

[Collection(HttpCollection.Name)]
public class HttpSettingsTests(HttpFixture rondo)
{
    [Theory]
    [InlineData("http://0.0.0.0:8750")]
    [InlineData("http://192.168.1.5:8750")]
    [InlineData("http://[::]:8750")]
    [InlineData("http://rondo.example:8750")]
    [InlineData("http://127.0.0.2:8750")]
    [InlineData("https://127.0.0.1:8750")]
    [InlineData("http://127.0.0.1:8750/api")]
    [InlineData("ftp://127.0.0.1")]
    public async Task Only_loopback_is_listened_on(string address)
    {
        var fault = await Assert.ThrowsAsync<HttpStartException>(
            () => HttpApi.StartAsync(rondo.Server, new HttpSettings { Address = new Uri(address) }, CancellationToken.None));
        Assert.Contains("127.0.0.1", fault.Message);
    }

    [Theory]
    [InlineData("http://localhost:8751", "127.0.0.1:8751")]
    [InlineData("http://127.0.0.1:0", "127.0.0.1:0")]
    [InlineData("http://[::1]:8750", "[::1]:8750")]
    public void Loopback_is_understood(string address, string endpoint) =>
        Assert.Equal(IPEndPoint.Parse(endpoint), new HttpSettings { Address = new Uri(address) }.Endpoint(out _));

    [Fact]
    public void The_default_is_port_8750_of_loopback() => Assert.Equal("127.0.0.1:8750", new HttpSettings().Endpoint(out _)!.ToString());

    [Fact]
    public async Task A_port_that_is_taken_is_told_with_what_to_do()
    {
        var fault = await Assert.ThrowsAsync<HttpStartException>(
            () => HttpApi.StartAsync(rondo.Server, new HttpSettings { Address = rondo.Api.Address }, CancellationToken.None));
        Assert.Contains("another port", fault.Message);
    }
}
