using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers.Modbus;
using Xunit;

namespace Rondo.Tests.Drivers;

public sealed class AddressTests
{
    [Theory]
    [InlineData("gw-1.Plant.LAN", "gw-1.plant.lan:502")]
    [InlineData(" 192.0.2.7:1502 ", "192.0.2.7:1502")]
    [InlineData("[::1]:502", "[::1]:502")]
    [InlineData("[2001:DB8:0:0::7]", "[2001:db8::7]:502")]
    [InlineData("meter.example.", "meter.example:502")]
    [InlineData("localhost:65535", "localhost:65535")]
    public void Every_spelling_of_an_address_becomes_the_same_one(string text, string expected)
    {
        Assert.True(ModbusAddress.TryParse(text, out var address, out var problem), problem);
        Assert.Equal(expected, address!.ToString());
        Assert.True(ModbusAddress.TryParse(address.ToString(), out var again, out _));
        Assert.Equal(address, again);
    }

    [Theory]
    [InlineData("", "empty")]
    [InlineData("tcp://gw:502", "scheme")]
    [InlineData("gw:0", "port '0'")]
    [InlineData("gw:65536", "1 to 65535")]
    [InlineData("gw:", "port ''")]
    [InlineData("gw:5o2", "port '5o2'")]
    [InlineData("::1", "brackets")]
    [InlineData("[::1", "bracket")]
    [InlineData("[::1]502", "bracket")]
    [InlineData("[gw]:502", "IPv6")]
    [InlineData("10.0.0", "IPv4")]
    [InlineData("10.0.0.256", "IPv4")]
    [InlineData("010.0.0.1", "IPv4")]
    [InlineData("my gateway", "' '")]
    [InlineData("a..b", "host name")]
    [InlineData(":502", "host name")]
    public void A_wrong_address_is_explained(string text, string word)
    {
        Assert.False(ModbusAddress.TryParse(text, out var address, out var problem));
        Assert.Null(address);
        Assert.Contains(word, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Any_text_is_either_an_address_that_reads_back_or_a_problem() =>
        Check.One(Config.QuickThrowOnFailure.WithQuietOnSuccess(true).WithMaxTest(1000), Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
            ModbusAddress.TryParse(text, out var address, out var problem)
                ? ModbusAddress.TryParse(address!.ToString(), out var again, out _) && again == address
                : problem.Length > 0));
}
