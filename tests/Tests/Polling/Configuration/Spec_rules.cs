using FsCheck;
using FsCheck.Fluent;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>The rules for a device that did not come from a file, and between devices.</summary>
public class Spec_rules
{
    [Fact]
    public void A_good_device_has_no_mistakes() => Assert.Empty(SpecRules.Check(Fleet.Device("a")));

    [Fact]
    public void Every_field_and_every_rule_is_checked()
    {
        var device = Fleet.Device("a b", "GW", Fleet.Group("x", 1, Fleet.Point("p", 65535), Fleet.Point("p")), Fleet.Group("x") with { Points = [], Timeout = TimeSpan.FromMinutes(1) }) with
        {
            Modbus = new ModbusDeviceSettings { MaxRegisters = 200 },
            Endpoint = new ModbusEndpointSettings { Retries = 9 },
            Tags = ["t", " u"],
        };
        Assert.Equal(
            [
                "name: 'a b' is not a name; expected 1 to 100 letters, digits, '.', '_' and '-'",
                "max_registers: '200' is out of range; expected 1 to 125",
                "endpoint.retries: '9' is out of range; expected 0 to 5",
                "address: 'GW' is not in its normal form; expected gw:502",
                "tags[1]: ' u' is not a tag; expected 1 to 100 characters of plain text",
                "groups[0].points[0].address: 65535 leaves no room for the 2 registers of float32; expected at most 65534",
                "groups[0].points[1].name: 'p' is already point 1 of this group; expected each point once in a device",
                "groups[1].name: 'x' is already the name of group 1; expected one of its own",
                "groups[1].timeout: 1m is longer than the interval; expected at most 10s",
                "groups[1].points: has 0 points; expected 1 to 1000",
            ],
            SpecRules.Check(device).Select(mistake => mistake.ToString()));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(2, 0)]
    public void A_chosen_answer_time_longer_than_the_interval_is_warned_about(int seconds, int expected) =>
        Assert.Equal(expected, SpecRules.Warnings(Fleet.Device("a", "h:502", Fleet.Group("g", seconds)) with { Endpoint = new() { ResponseTimeout = TimeSpan.FromSeconds(2) } }).Count);

    [Fact]
    public void The_default_answer_time_stands_at_any_interval() =>
        Assert.Empty(SpecRules.Warnings(Fleet.Device("a", "h:502", Fleet.Group() with { Interval = TimeSpan.FromMilliseconds(100) })));

    [Fact]
    public void The_rules_of_a_fleet()
    {
        DeviceSpec[] fleet =
        [
            Fleet.Device("a") with { Parent = "b" },
            Fleet.Device("b") with { Parent = "c", Endpoint = new() { Retries = 1 } },
            Fleet.Device("c") with { Parent = "b" },
            Fleet.Device("d") with { Parent = "bb" },
            Fleet.Device("a"),
        ];
        Assert.Equal(
            [
                "a.name: 'a' is given twice; expected each name once",
                "d.parent: 'bb' is not a device; expected the name of one; did you mean b?",
                "b.parent: 'c' is at last a child of 'b' again; expected no loop of parents",
                "b.endpoint.retries: 1 here, but 0 for 'a'; both share 10.0.0.1:502, expected one retries (say it once under endpoints:)",
            ],
            FleetRules.Check(fleet).Select(mistake => mistake.ToString()));
    }

    [Theory]
    [InlineData("10.0.0.1", "10.0.0.1:502")]
    [InlineData("GW.Example:1502", "gw.example:1502")]
    [InlineData("::1", "[::1]:502")]
    [InlineData("[2001:DB8::0:1]:503", "[2001:db8::1]:503")]
    [InlineData("10.0.0.300", null)]
    [InlineData("10.1", null)]
    [InlineData("010.0.0.1", null)]
    [InlineData("h:0", null)]
    [InlineData("h:65536", null)]
    [InlineData("h:", null)]
    [InlineData(":502", null)]
    [InlineData("", null)]
    [InlineData("tcp://h", null)]
    [InlineData("[::1", null)]
    [InlineData("a b", null)]
    [InlineData("-a", null)]
    public void An_address_has_one_normal_form(string text, string? expected)
    {
        var address = EndpointAddress.TryParse(text, out var problem);
        Assert.Equal(expected, address?.ToString());
        Assert.Equal(expected is null, problem is not null);
    }

    [Fact]
    public void Any_text_is_either_an_address_that_reads_back_or_a_problem() => Prop.ForAll(ArbMap.Default.ArbFor<string>(), text =>
    {
        var address = EndpointAddress.TryParse(text ?? "", out var problem);
        return address is null ? problem!.Length > 0 : EndpointAddress.TryParse(address.ToString(), out _) == address;
    }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("500ms", "500ms")]
    [InlineData("1h30m", "90m")]
    [InlineData("1.5s", "1500ms")]
    [InlineData("60 S", "1m")]
    [InlineData("0s", "0s")]
    [InlineData("7d", "7d")]
    [InlineData("250us", "250us")]
    [InlineData("10", null)]
    [InlineData("s", null)]
    [InlineData("-1s", null)]
    [InlineData("1s s", null)]
    [InlineData("1..5s", null)]
    [InlineData("0.5us", null)]
    [InlineData("99999999999999999999d", null)]
    public void A_duration_is_read_and_shown(string text, string? expected) => Assert.Equal(expected, Durations.TryParse(text, out var value) ? Durations.Show(value) : null);
}
