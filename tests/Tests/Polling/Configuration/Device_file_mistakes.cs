using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>Line, column, path and words of every kind of mistake, exactly as a user sees them.</summary>
public class Device_file_mistakes
{
    [Fact]
    public void All_mistakes_of_a_file_are_found_in_one_go()
    {
        Assert.Equal(
            [
                "f.yaml:2:13: defaults.interval: 'ten' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h",
                "f.yaml:4:5: devices[0].nmae: unknown key 'nmae'; did you mean name?",
                "f.yaml:4:5: devices[0]: has no address; expected address: host:port (or hostname: with port:)",
                "f.yaml:4:5: devices[0]: has no name; expected name: with letters, digits, '.', '_' and '-'",
                "f.yaml:5:11: devices[0].unit: '300' is out of range; expected 0 to 255",
                "f.yaml:6:14: devices[0].profile: 'sdm360' is not a profile; expected schneider-pm5xxx, sdm120 or sdm630; did you mean sdm630?",
                "f.yaml:7:5: devices[1]: has no address; expected address: host:port (or hostname: with port:)",
                "f.yaml:9:41: devices[1].points[0].type: 'float' is not a type; expected bit, int16, uint16, int32, uint32, int64, uint64, float32, float64, bcd16, bcd32, mod10k32, sign_magnitude16 or sign_magnitude32; did you mean float32?",
                "f.yaml:10:15: devices[2]: is a single value; expected a mapping for each of the devices",
            ],
            Fleet.Mistakes("""
                defaults:
                  interval: ten
                devices:
                  - nmae: a
                    unit: 300
                    profile: sdm360
                  - name: b
                    points:
                      - { name: v, address: 0x10, type: float }
                  -           c
                """));
    }

    [Theory]
    [InlineData("unit: seven", "11: devices[0].unit: 'seven' is not a whole number; expected 0 to 255")]
    [InlineData("interval: 10", "15: devices[0].interval: '10' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h")]
    [InlineData("interval: 50ms", "15: devices[0].interval: '50ms' is out of range; expected 100ms to 7d")]
    [InlineData("interval: 8d", "15: devices[0].interval: '8d' is out of range; expected 100ms to 7d")]
    [InlineData("interval: 100.5ms", "15: devices[0].interval: '100.5ms' is too fine; expected a multiple of 1ms")]
    [InlineData("interval:", "14: devices[0].interval: has no value; expected one behind the colon")]
    [InlineData("interval: ~", "15: devices[0].interval: has no value; leave the key out for the default")]
    [InlineData("interval: [1s]", "15: devices[0].interval: is a list; expected a single value")]
    [InlineData("password: hunter2", "5: devices[0].password: unknown key 'password': secrets do not stand with a device, they are stored encrypted: rondo devices secret set NAME password, or PUT /api/devices/NAME/secrets/password (Modbus needs none)")]
    [InlineData("password_file: /run/secrets/a", "5: devices[0].password_file: unknown key 'password_file': secrets do not stand with a device, they are stored encrypted: rondo devices secret set NAME password, or PUT /api/devices/NAME/secrets/password (Modbus needs none)")]
    [InlineData("snmp-community: public", "5: devices[0].snmp-community: unknown key 'snmp-community': secrets do not stand with a device, they are stored encrypted: rondo devices secret set NAME community, or PUT /api/devices/NAME/secrets/community (Modbus needs none)")]
    [InlineData("Interval: 1s", "5: devices[0].Interval: unknown key 'Interval'; did you mean interval?")]
    [InlineData("max-registers: 3", "5: devices[0].max-registers: unknown key 'max-registers'; did you mean max_registers?")]
    [InlineData("<<: 3", "5: devices[0].<<: merge keys are not read here; expected defaults:, profiles: or repeat: instead")]
    [InlineData("unit: 1\n    unit: 2", "5: devices[0].unit: the key is given twice, first on line 5; expected it once", 6)]
    [InlineData("enabled: maybe", "14: devices[0].enabled: 'maybe' is neither true nor false; expected true or false")]
    [InlineData("enabled: true\n    monitoring_enabled: true", "5: devices[0].monitoring_enabled: says the same as enabled on line 5; expected only one of them", 6)]
    [InlineData("hostname: b", "5: devices[0].hostname: says the same as address on line 4; expected only one of them")]
    [InlineData("driver: snmp", "13: devices[0].driver: 'snmp' is not a driver; expected modbus")]
    [InlineData("max_lateness: 11s", "19: devices[0].max_lateness: 11s is longer than the interval; expected at most 10s")]
    [InlineData("timeout: 1m", "14: devices[0].timeout: 1m is longer than the interval; expected at most 10s")]
    [InlineData("parent: a", "13: devices[0].parent: is the device itself; expected another device")]
    [InlineData("tags: [x, y, x]", "11: devices[0].tags[2]: 'x' is given twice; expected each tag once")]
    [InlineData("framing: ascii", "14: devices[0].framing: 'ascii' is not a framing; expected tcp or rtu")]
    [InlineData("retries: 6", "14: devices[0].retries: '6' is out of range; expected 0 to 5")]
    [InlineData("repeat: 5..1", "13: devices[0].repeat: '5..1' is not a range; expected a range such as 1..200, or a mapping of names to ranges such as {g: 1..10, n: 1..20}")]
    [InlineData("repeat: 1..999999", "13: devices[0].repeat: stands for 999,999 devices; expected at most 100,000")]
    [InlineData("repeat: 1..3", "11: devices[0].name: 'a' would be the name of 3 devices; expected {n} in it, such as a-{n}", 3)]
    [InlineData("category: x-{m}\n    repeat: 1..1", "15: devices[0].category: {m} uses 'm', which repeat does not give; expected n (n = 1)")]
    [InlineData("unit: \"{n+254}\"\n    repeat: 1..9", "11: devices[0].name: 'a' would be the name of 9 devices; expected {n} in it, such as a-{n}", 3)]
    public void A_device_with(string lines, string expected, int line = 5)
    {
        var mistakes = Fleet.Mistakes($"""
            # a device
            devices:
              - name: a
                address: 10.0.0.1
                {lines}
                points:
                - {"{"} name: p, address: 0 {"}"}
            """);
        Assert.Equal($"f.yaml:{line}:{expected}", mistakes[0]);
    }

    [Theory]
    [InlineData("name: p p, address: 1", "devices[0].points[0].name: 'p p' is not a name; expected 1 to 100 letters, digits, '.', '_' and '-'")]
    [InlineData("name: p, address: 65535", "devices[0].points[0].address: 65535 leaves no room for the 2 registers of float32; expected at most 65534")]
    [InlineData("name: p, address: 65536", "devices[0].points[0].address: '65536' is out of range; expected 0 to 65535 (style: modicon reads numbers such as 400001)")]
    [InlineData("name: p, address: 0xZZ", "devices[0].points[0].address: '0xZZ' is not a register address; expected 0 to 65535, decimal or hexadecimal such as 0x0034")]
    [InlineData("name: p, address: 20001, style: modicon", "devices[0].points[0].address: '20001' is not a Modicon number; expected five or six digits such as 30001 (input), 40001 or 400001 (holding), 10001 (discrete), 00001 (coil)")]
    [InlineData("name: p, address: 40001, style: modicon, function: input", "devices[0].points[0].function: says input, but the Modicon number names holding; expected them to agree, or no function")]
    [InlineData("name: p, address: 0, style: one_based", "devices[0].points[0].address: '0' is out of range; expected 1 to 65536")]
    [InlineData("name: p, address: 1, style: octal", "devices[0].points[0].style: 'octal' is not a style; expected wire, one_based or modicon")]
    [InlineData("name: p, address: 1, function: holdin", "devices[0].points[0].function: 'holdin' is not a function; expected coil, discrete, holding or input; did you mean holding?")]
    [InlineData("name: p, address: 1, function: coil, type: int16", "devices[0].points[0].type: int16 cannot be read from a coil; expected bit, or function holding or input")]
    [InlineData("name: p, address: 1, type: bit", "devices[0].points[0].type: bit of a register needs to know which one; expected also bit: 0 to 15")]
    [InlineData("name: p, address: 1, bit: 16", "devices[0].points[0].bit: '16' is out of range; expected 0 to 15")]
    [InlineData("name: p, address: 1, bit: 3, type: int16", "devices[0].points[0].bit: goes with type bit, not int16; expected no bit, or type bit")]
    [InlineData("name: p, address: 1, bit: 3, function: coil", "devices[0].points[0].bit: picks a bit of a register, and a coil is one already; expected no bit")]
    [InlineData("name: p, address: 1, scale: 0", "devices[0].points[0].scale: '0' is zero, which would lose every value; expected any other number")]
    [InlineData("name: p, address: 1, scale: .nan", "devices[0].points[0].scale: '.nan' is not a number; expected one such as 0.1, 1000, 1e-3")]
    [InlineData("name: p, address: 1, scale_address: 2", "devices[0].points[0].scale_address: 2 is one of the value's own registers (1 to 2); expected another")]
    [InlineData("name: p, address: 1, scale_address: 126", "devices[0].points[0].scale_address: needs 126 registers in one request and max_registers is 125; expected it to fit")]
    [InlineData("name: p, address: 1, type: int16, not_available: 0x10000", "devices[0].points[0].not_available: 0x10000 has more bits than int16; expected at most 16 bits")]
    [InlineData("name: p, address: 1, order: XYZ", "devices[0].points[0].order: 'XYZ' is not a byte order; expected ABCD, CDAB, BADC or DCBA")]
    [InlineData("name: p, address: 1, kind: guage", "devices[0].points[0].kind: 'guage' is not a kind; expected gauge, counter, energy or state; did you mean gauge?")]
    public void A_point_with(string point, string expected)
    {
        var mistakes = Fleet.Mistakes("devices:\n- name: a\n  address: a\n  points: [{ " + point + " }]");
        var mistake = Assert.Single(mistakes);

        // The column is that of the value: found again in the text by what the path's last part is called.
        var key = expected.Split(": ")[0].Split('.')[^1] + ": ";
        var column = ("  points: [{ " + point).IndexOf(key, StringComparison.Ordinal) + key.Length + 1;
        Assert.Equal($"f.yaml:4:{column}: {expected}", mistake);
    }

    [Fact]
    public void A_point_without_a_name_or_an_address() =>
        Assert.Equal(
            [
                "f.yaml:6:9: devices[0].points[0]: has no address, and profile sdm120 has no point of this name; expected address: and function:",
                "f.yaml:7:9: devices[0].points[1]: has no name; expected one such as name: power_total",
            ],
            Fleet.Mistakes("""
                devices:
                  - name: a
                    address: h
                    profile: sdm120
                    points:
                      - { name: p }
                      - { address: 1 }
                """));
}
