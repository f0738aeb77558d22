using System.Text.RegularExpressions;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>docs/operations/devices.md tells the truth.</summary>
public partial class Manual_page
{
    [Fact]
    public void Every_example_is_a_good_file()
    {
        var blocks = Blocks();
        Assert.True(blocks.Length >= 5);
        Assert.All(blocks, block =>
        {
            var reading = DeviceFile.Parse(block, "devices.md");
            Assert.Equal([], reading.Mistakes.Select(mistake => mistake.ToString()));
            Assert.Equal([], reading.Warnings.Select(mistake => mistake.ToString()));
            Assert.NotEmpty(reading.Devices);
        });
    }

    [Fact]
    public void The_complete_example_means_what_its_comments_say()
    {
        var devices = DeviceFile.Parse(Blocks()[0], "devices.md").Devices;
        Assert.Equal(203, devices.Count);
        var byName = devices.ToDictionary(device => device.Name);
        Assert.Equal(["power_total", "voltage_l1", "voltage_l2", "voltage_l3"], byName["main-meter"].Groups[0].Points.Select(point => point.Name));
        Assert.Equal(TimeSpan.FromMinutes(1), byName["main-meter"].Groups[1].Interval);
        Assert.Equal("gateway.example:1502", byName["boiler"].Address);
        Assert.Equal((2, 4), byName["boiler"].Groups[0].Points.Single(point => point.Name == "alarm").Modbus is var alarm ? (alarm.Function, alarm.Address) : default);
        Assert.Equal(0x63, byName["inverter"].Groups[0].Points[0].Modbus.ScaleAddress);
        Assert.Equal("10.1.0.200:502", byName["shop-200"].Address);
    }

    [Fact]
    public void Every_key_and_every_profile_is_on_the_page()
    {
        var page = Page();
        var names = SpecFields.Device.SelectMany(field => field.Names).Concat(SpecFields.Endpoint.SelectMany(field => field.Names)).Concat(SpecFields.Modbus.SelectMany(field => field.Names))
            .Concat(SpecFields.Timing.SelectMany(field => field.Names)).Concat(SpecFields.Point.SelectMany(field => field.Names)).Concat(SpecFields.Register.SelectMany(field => field.Names))
            .Concat(Profiles.All.Select(profile => profile.Name));
        Assert.All(names, name => Assert.Matches($@"\b{Regex.Escape(name)}\b", page));
    }

    internal static string[] Blocks() => YamlBlock().Matches(Page()).Select(match => match.Groups["text"].Value).ToArray();

    private static string Page()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder!.FullName, "Rondo.slnx")))
        {
            folder = folder.Parent;
        }

        return File.ReadAllText(Path.Combine(folder.FullName, "docs", "operations", "devices.md")).ReplaceLineEndings("\n");
    }

    [GeneratedRegex("```yaml\n(?<text>.*?)```", RegexOptions.Singleline | RegexOptions.ExplicitCapture)]
    private static partial Regex YamlBlock();
}
