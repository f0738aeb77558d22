using System.Net;
using Rondo.Jobs.Calls;

namespace Rondo.Tests.Jobs.Calls;

/// <summary>Which addresses a job may call, and every way to write one so that it looks like another.</summary>
public sealed class AddressTests
{
    [Theory]
    [InlineData("0.0.0.0", "unspecified")]
    [InlineData("0.1.2.3", "unspecified")]
    [InlineData("10.0.0.0", "private")]
    [InlineData("10.255.255.255", "private")]
    [InlineData("100.64.0.1", "carrier")]
    [InlineData("100.100.100.200", "carrier")]
    [InlineData("100.127.255.255", "carrier")]
    [InlineData("127.0.0.1", "loopback")]
    [InlineData("127.255.255.254", "loopback")]
    [InlineData("168.63.129.16", "platform")]
    [InlineData("169.254.169.254", "metadata")]
    [InlineData("172.16.0.1", "private")]
    [InlineData("172.31.255.255", "private")]
    [InlineData("192.0.0.192", "protocols")]
    [InlineData("192.0.2.1", "documentation")]
    [InlineData("192.88.99.1", "6to4")]
    [InlineData("192.168.1.1", "private")]
    [InlineData("198.18.0.1", "benchmarks")]
    [InlineData("198.19.255.255", "benchmarks")]
    [InlineData("198.51.100.7", "documentation")]
    [InlineData("203.0.113.9", "documentation")]
    [InlineData("224.0.0.1", "multicast")]
    [InlineData("239.255.255.255", "multicast")]
    [InlineData("240.0.0.1", "reserved")]
    [InlineData("255.255.255.255", "broadcast")]
    [InlineData("::", "unspecified")]
    [InlineData("::1", "loopback")]
    [InlineData("::127.0.0.1", "IPv4 address written as IPv6")]
    [InlineData("::ffff:127.0.0.1", "IPv4 address written as IPv6")]
    [InlineData("::ffff:8.8.8.8", "IPv4 address written as IPv6")]
    [InlineData("::ffff:0:127.0.0.1", "IPv4 address written as IPv6")]
    [InlineData("64:ff9b::7f00:1", "NAT64")]
    [InlineData("64:ff9b:1::a00:1", "NAT64")]
    [InlineData("100::1", "discarded")]
    [InlineData("2001::1", "Teredo")]
    [InlineData("2001:2::1", "benchmarks")]
    [InlineData("2001:20::1", "protocols")]
    [InlineData("2001:db8::1", "documentation")]
    [InlineData("2002:7f00:1::1", "6to4")]
    [InlineData("3fff:fff::1", "documentation")]
    [InlineData("5f00::1", "segment routing")]
    [InlineData("fc00::1", "unique-local")]
    [InlineData("fd00:ec2::254", "unique-local")]
    [InlineData("fe80::1", "link-local")]
    [InlineData("fe80::1%1", "link-local")]
    [InlineData("fec0::1", "site-local")]
    [InlineData("ff02::1", "multicast")]
    [InlineData("4000::1", "not given out")]
    [InlineData("::2:0:0:0:1", "not given out")]
    public void An_address_that_is_not_public_is_named(string address, string expected) =>
        Assert.Contains(expected, SpecialAddresses.What(IPAddress.Parse(address)), StringComparison.Ordinal);

    [Theory]
    [InlineData("1.1.1.1")]
    [InlineData("9.255.255.255")]
    [InlineData("11.0.0.0")]
    [InlineData("100.63.255.255")]
    [InlineData("100.128.0.0")]
    [InlineData("126.255.255.255")]
    [InlineData("128.0.0.0")]
    [InlineData("169.253.255.255")]
    [InlineData("172.15.255.255")]
    [InlineData("172.32.0.0")]
    [InlineData("192.167.255.255")]
    [InlineData("198.17.255.255")]
    [InlineData("198.20.0.0")]
    [InlineData("223.255.255.255")]
    [InlineData("2001:200::1")]
    [InlineData("2003::1")]
    [InlineData("2606:4700::1111")]
    [InlineData("2a00:1450::1")]
    [InlineData("3ffe::1")]
    public void An_address_beside_a_special_one_is_public(string address) => Assert.Null(SpecialAddresses.What(IPAddress.Parse(address)));

    [Theory]
    [InlineData("http://2130706433/")]
    [InlineData("http://0177.0.0.1/")]
    [InlineData("http://0x7f.0.0.1/")]
    [InlineData("http://0x7f000001/")]
    [InlineData("http://017700000001/")]
    [InlineData("http://127.1/")]
    [InlineData("http://127.0.1/")]
    [InlineData("http://127.0.0.1./")]
    [InlineData("http://１２７.0.0.1/")]
    [InlineData("http://127。0。0。1/")]
    [InlineData("http://%31%32%37.0.0.1/")]
    [InlineData("http://[::1]/")]
    [InlineData("http://[0:0:0:0:0:0:0:1]/")]
    [InlineData("http://[::ffff:127.0.0.1]/")]
    [InlineData("http://[::ffff:7f00:1]/")]
    [InlineData("http://[64:ff9b::127.0.0.1]/")]
    [InlineData("http://[fe80::1%25lo]/")]
    [InlineData("http://[::1%251]/")]
    [InlineData("http://localhost/")]
    [InlineData("http://localhost./")]
    [InlineData("http://LOCALHOST/")]
    [InlineData("http://169.254.169.254/latest/meta-data/")]
    [InlineData("http://2852039166/")]
    public async Task However_an_address_is_written_what_is_connected_to_is_judged(string url)
    {
        // Some of them are refused for how they are written; what is left must not be connected to.
        if (HttpCallCheck.TryUrl(url, out _) is not { } target)
        {
            return;
        }

        var asked = new List<string>();
        using var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            ConnectCallback = new CallGuard([], async (host, stop) =>
            {
                asked.Add(host);
                return await Dns.GetHostAddressesAsync(host, stop);
            }, TimeProvider.System).ConnectAsync,
        };
        using var client = new HttpClient(handler);
        var fault = await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync(target, TestContext.Current.CancellationToken));

        // Either it is seen for what it is, or nobody knows such a name.
        var refusal = CallRefused.In(fault);
        Assert.True(refusal is not null || fault.HttpRequestError == HttpRequestError.NameResolutionError || fault.InnerException is System.Net.Sockets.SocketException { SocketErrorCode: System.Net.Sockets.SocketError.HostNotFound }, $"{fault}");
        if (refusal is not null)
        {
            Assert.Contains("jobs.http.allow", refusal.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("http://2130706433/", "127.0.0.1")]
    [InlineData("http://0177.0.0.1/", "127.0.0.1")]
    [InlineData("http://0x7f000001/", "127.0.0.1")]
    [InlineData("http://127.1/", "127.0.0.1")]
    public void Other_ways_to_write_an_IPv4_address_are_read_as_the_system_reads_them(string url, string host) =>
        Assert.Equal(host, HttpCallCheck.TryUrl(url, out _)!.IdnHost);

    [Theory]
    [InlineData("127.0.0.1", "any", "127.0.0.1", 80, true)]
    [InlineData("127.0.0.1", "any", "127.0.0.2", 80, false)]
    [InlineData("127.0.0.1", "any", "::ffff:127.0.0.1", 80, false)]
    [InlineData("127.0.0.1:8080", "any", "127.0.0.1", 8080, true)]
    [InlineData("127.0.0.1:8080", "any", "127.0.0.1", 8750, false)]
    [InlineData("10.0.0.0/8", "any", "10.200.0.1", 1, true)]
    [InlineData("10.0.0.0/8", "any", "11.0.0.1", 1, false)]
    [InlineData("0.0.0.0/0", "any", "::1", 1, false)]
    [InlineData("fd00::/8", "any", "fd12::1", 1, true)]
    [InlineData("[fd00::1]:8080", "any", "fd00::1", 8080, true)]
    [InlineData("[fd00::1]:8080", "any", "fd00::1", 8081, false)]
    [InlineData("fd00::1", "any", "fd00::1", 8081, true)]
    [InlineData("Billing.Internal", "billing.internal.", "10.0.0.1", 80, true)]
    [InlineData("billing.internal:8080", "billing.internal", "10.0.0.1", 80, false)]
    [InlineData("billing.internal", "evil.billing.internal", "10.0.0.1", 80, false)]
    [InlineData("bücher.example", "xn--bcher-kva.example", "10.0.0.1", 80, true)]
    public void What_is_allowed_is_what_was_named(string text, string host, string address, int port, bool isAllowed)
    {
        Assert.True(CallTarget.TryParse(text, out var target));
        Assert.Equal(isAllowed, target.Allows(host, IPAddress.Parse(address), port));
        Assert.Equal(text, $"{target}");
    }

    [Theory]
    [InlineData("")]
    [InlineData("*")]
    [InlineData("10.0.0.1/8")]
    [InlineData("010.0.0.1")]
    [InlineData("127.1")]
    [InlineData("0x7f.1")]
    [InlineData("2130706433")]
    [InlineData("10.0.0.0/33")]
    [InlineData("127.0.0.1:0")]
    [InlineData("127.0.0.1:70000")]
    [InlineData("127.0.0.1:http")]
    [InlineData("http://billing.internal")]
    [InlineData("user@billing.internal")]
    [InlineData("fe80::1%1")]
    [InlineData(":8080")]
    public void What_could_be_read_in_two_ways_is_not_allowed(string text) => Assert.False(CallTarget.TryParse(text, out _), text);
}
