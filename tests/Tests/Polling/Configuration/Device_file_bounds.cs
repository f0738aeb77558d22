using System.Text;
using FsCheck;
using FsCheck.Fluent;
using Rondo.Polling.Configuration;
using Xunit;

namespace Rondo.Tests.Polling.Configuration;

/// <summary>No text breaks the reader, or makes it large or slow.</summary>
public class Device_file_bounds
{
    private static readonly string[] pieces =
    [
        "devices", "defaults", "endpoints", "profiles", "points", "groups", "name", "address", "repeat", "unit", "interval", "profile", "tags", ": ", ":", "\n", "\n  ", "\n    ", "\n- ",
        "\n  - ", "{", "}", "[", "]", ", ", "- ", "? ", "&a ", "*a", "!!x ", "'", "\"", "|", ">", "#", "%", "@", "`", "\t", "~", "1", "1..3", "{n}", "sdm630", "10s", "-1", "0x", "\\", "é", "\0", "\uD800", "---", "...", "<<",
    ];

    [Fact]
    public void Random_pieces_of_a_file_never_throw() =>
        Prop.ForAll(
            Gen.Elements(pieces).ListOf().Select(string.Concat).ToArbitrary(),
            text => IsSane(DeviceFile.Parse(text, "f"))).Check(Config.QuickThrowOnFailure.WithMaxTest(3000).WithEndSize(120));

    [Fact]
    public void Random_text_never_throws() =>
        Prop.ForAll<string>(text => IsSane(DeviceFile.Parse(text ?? "", "f"))).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void Random_bytes_never_throw() =>
        Prop.ForAll<byte[]>(bytes => IsSane(DeviceFile.Parse((bytes ?? []).AsSpan(), "f"))).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));

    [Fact]
    public void A_good_file_with_random_damage_never_throws()
    {
        var good = Manual_page.Blocks()[0];
        var damage = from at in Gen.Choose(0, good.Length - 1)
                     from length in Gen.Choose(0, 20)
                     from piece in Gen.Elements(pieces)
                     select good.Remove(at, Math.Min(length, good.Length - at)).Insert(at, piece);
        Prop.ForAll(damage.ToArbitrary(), text => IsSane(DeviceFile.Parse(text, "f"))).Check(Config.QuickThrowOnFailure.WithMaxTest(300));
    }

    [Fact]
    public void A_bomb_of_aliases_is_refused()
    {
        var text = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var i = 1; i < 20; i++)
        {
            text.Append($"a{i}: &a{i} [{string.Join(", ", Enumerable.Repeat($"*a{i - 1}", 10))}]\n");
        }

        Assert.Contains("unfolds to more than 3,000,000 values", Fleet.Mistakes(text.ToString())[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("[")]
    [InlineData("{a: ")]
    [InlineData("- ")]
    public void Deep_nesting_is_refused(string open) =>
        Assert.Contains("is nested more than 24 levels deep", Fleet.Mistakes(string.Concat(Enumerable.Repeat(open, 5000)))[0], StringComparison.Ordinal);

    [Fact]
    public void A_file_beyond_its_size_is_refused() =>
        Assert.Equal("f.yaml:1:1: the file has 17.0 MiB; expected at most 16 MiB (split it, or use profile and repeat)", Assert.Single(Fleet.Mistakes(new string('#', 17 * 1024 * 1024))));

    [Fact]
    public void A_file_of_nothing_but_mistakes_lists_a_thousand_and_counts_the_rest()
    {
        var mistakes = Fleet.Mistakes("devices:\n" + string.Concat(Enumerable.Repeat("- x\n", 5000)));
        Assert.Equal(1001, mistakes.Length);
        Assert.EndsWith("and 4000 more mistakes; these 1000 come first", mistakes[^1], StringComparison.Ordinal);
    }

    [Fact]
    public void Ten_thousand_devices_are_read_at_once()
    {
        var text = new StringBuilder("devices:\n");
        for (var i = 0; i < 10_000; i++)
        {
            text.Append($"  - {{ name: m{i}, address: 10.0.{i / 250}.1, unit: {i % 250}, profile: sdm630, interval: 60s }}\n");
        }

        Assert.Equal(10_000, Fleet.Good(text.ToString()).Count);
    }

    private static bool IsSane(DeviceFileReading reading) =>
        reading.IsGood == (reading.Mistakes.Count == 0) && (reading.IsGood || reading.Devices.Count == 0) && reading.Mistakes.All(mistake => mistake is { Line: > 0, Column: > 0, Message.Length: > 0 });
}
