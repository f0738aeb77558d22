using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>Mistakes between devices, and texts that are no device file at all.</summary>
public class Device_file_shape
{
    [Theory]
    [InlineData("", "1:1: the file is empty; expected a mapping with devices:")]
    [InlineData("# only a comment\n", "1:1: the file is empty; expected a mapping with devices:")]
    [InlineData("---\n", "1:1: the file is empty; expected a mapping with devices:")]
    [InlineData("- name: a\n", "1:1: the file is a list; expected a mapping with devices: at the top (put 'devices:' above the list)")]
    [InlineData("hello\n", "1:1: the file is a single value; expected a mapping with devices: at the top")]
    [InlineData("defaults: {}\n", "1:1: the file has no devices:; expected a list of them (devices: [] for none)")]
    [InlineData("devices:\n", "1:9: devices: has no value; expected a list of devices")]
    [InlineData("devices: {a: b}\n", "1:10: devices: is a mapping; expected a list of devices (each begins with '- ')")]
    [InlineData("device: []\ndevices: []\n", "1:1: device: unknown key 'device'; did you mean devices?")]
    [InlineData("devices: []\n---\ndevices: []\n", "2:1: a second document begins here; expected one document in a file (one list of devices: may hold them all)")]
    [InlineData("devices: []\n...\ndefaults: {}\n", "3:1: a second document begins here; expected one document in a file (one list of devices: may hold them all)")]
    [InlineData("devices:\n\t- name: a\n", "2:1: a tab is used for indentation; YAML expects spaces")]
    [InlineData("devices:\n  - name: a\n   unit: 1\n", "3:4: this is not YAML: while parsing a block collection, did not find expected '-' indicator (check that the keys of one mapping begin in the same column, and that quotes and brackets are closed)")]
    [InlineData("devices: [\n", "2:1: this is not YAML: while parsing a node, did not find expected node content (check that the keys of one mapping begin in the same column, and that quotes and brackets are closed)")]
    [InlineData("devices: !!set []\n", "1:10: devices: the tag 'tag:yaml.org,2002:set' means nothing here; expected a plain value")]
    [InlineData("devices: *x\n", "1:10: devices: the alias *x has no anchor before it; expected &x on a finished value above")]
    [InlineData("? [a]\n: b\ndevices: []\n", "1:3: a list cannot be a key; expected a word")]
    public void A_text_that_is_no_device_file(string text, string expected) => Assert.Equal("f.yaml:" + expected, Fleet.Mistakes(text)[0]);

    [Theory]
    [InlineData("devices: []\n}\n")]
    [InlineData("devices: []\n%YAML 1.1\nfoo: bar\n")]
    [InlineData("devices: []\n%a\nfoo: bar\n")]
    [InlineData("devices: []\n... x\n")]
    public void Nothing_behind_the_document_goes_unread(string text) => Assert.NotEmpty(Fleet.Mistakes(text));

    [Fact]
    public void What_follows_from_a_mistake_is_not_told_as_another_one() =>
        Assert.Equal(
            [
                "f.yaml:4:14: devices[0].profile: 'sdm63' is not a profile; expected schneider-pm5xxx, sdm120 or sdm630; did you mean sdm630?",
                "f.yaml:6:21: devices[0].groups[0].interval: 'x' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h",
                "f.yaml:10:34: devices[1].points[0].address: 'x' is not a register address; expected 0 to 65535, decimal or hexadecimal such as 0x0034",
                "f.yaml:11:36: devices[2].points: has 0 points; expected 1 to 1000",
            ],
            Fleet.Mistakes("""
                devices:
                  - name: a
                    address: h
                    profile: sdm63
                    groups:
                      - { interval: x, max_lateness: 20s, points: [power_total, { name: voltage_l1, scale: 2 }] }
                      - { name: rest }
                  - name: b
                    address: h
                    points: [{ name: p, address: x }]
                  - { name: c, address: h, points: [] }
                """));

    [Fact]
    public void A_name_given_twice_names_both_lines() =>
        Assert.Equal(
            ["f.yaml:5:11: devices[1].name: 'a' is already the name of the device on line 2; expected each name once"],
            Fleet.Mistakes("""
                devices:
                  - name: a
                    address: h1
                    profile: sdm120
                  - name: a
                    address: h2
                    profile: sdm120
                """));

    [Fact]
    public void Devices_of_one_endpoint_must_agree_on_its_settings_and_both_lines_are_named() =>
        Assert.Equal(
            ["f.yaml:7:23: devices[1].response_timeout: 2s here, but 3s for 'a' on line 2; both share gw:502, expected one response_timeout (say it once under endpoints:)"],
            Fleet.Mistakes("""
                devices:
                  - name: a
                    address: gw
                    response_timeout: 3s
                    profile: sdm120
                  - name: b
                    response_timeout: 2s
                    address: GW:502
                    unit: 2
                    profile: sdm120
                """));

    [Fact]
    public void A_point_in_two_groups_is_a_mistake_of_the_second() =>
        Assert.Equal(
            ["f.yaml:7:56: devices[0].groups[1].points[1]: name: 'voltage_l1' is already a point of group 'fast'; expected each point once in a device"],
            Fleet.Mistakes("""
                devices:
                  - name: a
                    address: gw
                    profile: sdm630
                    groups:
                      - { name: fast, interval: 1s, points: [voltage_l1] }
                      - { name: slow, interval: 5s, points: [power_l1, voltage_l1] }
                """));

    [Fact]
    public void A_point_that_is_not_in_the_profile_is_suggested() =>
        Assert.Equal(
            ["f.yaml:5:14: devices[0].points[0]: 'voltage_1' is not a point of profile sdm120; did you mean voltage_l1?"],
            Fleet.Mistakes("devices:\n  - name: a\n    address: gw\n    profile: sdm120\n    points: [voltage_1]"));

    [Fact]
    public void A_loop_of_parents_is_a_mistake() =>
        Assert.Equal(
            ["f.yaml:2:48: devices[0].parent: 'b' is at last a child of 'a' again; expected no loop of parents"],
            Fleet.Mistakes("""
                devices:
                  - { name: a, address: h, groups: [], parent: b }
                  - { name: b, address: h, groups: [], parent: a }
                """));

    [Fact]
    public void An_endpoint_given_twice_in_two_spellings_is_a_mistake() =>
        Assert.Equal(
            ["f.yaml:3:3: endpoints[GW]: gw:502 is given twice, first on line 2; expected each endpoint once"],
            Fleet.Mistakes("endpoints:\n  gw:502: { retries: 1 }\n  GW: { retries: 2 }\ndevices: []"));

    [Fact]
    public void A_mistake_in_defaults_is_told_once_and_its_consequences_not_at_all() =>
        Assert.Equal(
            ["f.yaml:1:23: defaults.interval: '1x' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h"],
            Fleet.Mistakes("""
                defaults: { interval: 1x }
                devices:
                  - { name: a, address: h, profile: sdm120, max_lateness: 20s }
                  - { name: b, address: h, profile: sdm120, max_lateness: 20s, unit: 2 }
                """));

    [Fact]
    public void A_mistake_that_only_some_repetitions_make_is_told_once_with_the_number() =>
        Assert.Equal(
            ["f.yaml:2:27: devices[0].unit: '256' is out of range; expected 0 to 255 (n = 6)"],
            Fleet.Mistakes("devices:\n  - { name: 'm{n}', unit: '{n+250}', repeat: 1..9, address: h, profile: sdm120 }"));

    [Fact]
    public void A_mistake_inside_an_own_profile_points_into_the_profile_even_when_nothing_uses_it() =>
        Assert.Equal(
            ["f.yaml:3:36: profiles.p.points[0].address: 65535 leaves no room for the 2 registers of float32; expected at most 65534"],
            Fleet.Mistakes("profiles:\n  p:\n    points: [{ name: far, address: 65535 }]\ndevices: []"));

    [Fact]
    public void A_limit_that_a_built_in_profile_cannot_keep_is_the_devices_mistake()
    {
        var mistake = Assert.Single(Fleet.Mistakes("devices:\n  - { name: a, address: h, profile: sdm120, max_registers: 1 }"));
        Assert.Equal("f.yaml:2:5: devices[0]: type: needs 2 registers in one request, evenly aligned, and max_registers is 1; expected it to fit", mistake);
    }

    [Fact]
    public void Warnings_do_not_hold_a_file_up()
    {
        var reading = Rondo.Polling.Configuration.DeviceFile.Parse("""
            endpoints:
              10.0.0.2: { retries: 1 }
            devices:
              - { name: a, address: 10.0.0.1, profile: sdm120 }
              - { name: b, address: 10.0.0.1, profile: sdm120 }
              - { name: c, address: 10.0.0.3, profile: sdm120, response_timeout: 2s, interval: 1s }
            """, "f.yaml");
        Assert.True(reading.IsGood);
        Assert.Equal(
            [
                "f.yaml:2:3: endpoints[10.0.0.2]: no device of this file is at 10.0.0.2:502, so these settings have no effect; did you mean 10.0.0.1:502?",
                "f.yaml:5:5: devices[1]: 'b' and 'a' on line 4 are both unit 1 at 10.0.0.1:502; is one of them a copy?",
                "f.yaml:6:84: devices[2].interval: 1s is shorter than the response_timeout of 2s, so a slow answer is given up before that; a longer interval or a shorter response_timeout would fit",
            ],
            reading.Warnings.Select(warning => warning.ToString()));
    }
}
