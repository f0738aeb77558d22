using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Rondo.Jobs.Schedules;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Tests.Jobs.Schedules;

public sealed class ScheduleTimingTests
{
    private static readonly Instant _anchor = Fires.At("2026-03-01T08:30:00.25Z");

    [Theory]
    [InlineData("30s", 30)]
    [InlineData("5m", 300)]
    [InlineData("1h", 3600)]
    [InlineData("1d", 86_400)]
    [InlineData("1h30m", 5400)]
    [InlineData(" 1D 2H ", 93_600)]
    [InlineData("90s", 90)]
    [InlineData("1s", 1)]
    [InlineData("366d", 366 * 86_400)]
    public void An_interval_is_read_and_shown_so_that_it_reads_the_same(string text, int seconds)
    {
        var timing = Assert.IsType<IntervalTiming>(Read(new ScheduleText(Every: text)));
        Assert.Equal(TimeSpan.FromSeconds(seconds), timing.Every);
        Assert.Equal(_anchor, timing.Anchor);
        Assert.Equal(timing.Every, Assert.IsType<IntervalTiming>(Read(timing.Text)).Every);
    }

    [Fact]
    public void What_was_read_can_be_shown()
    {
        Assert.Equal("every: 90m", Read(new ScheduleText(Every: "1h30m")).ToString());
        Assert.Equal("cron: \"0 6 * * *\", zone: Europe/Berlin", Read(new ScheduleText(" 0 6 * * * ", "Europe/Berlin")).ToString());
    }

    [Fact]
    public void A_cron_expression_is_read_in_its_zone_or_in_UTC()
    {
        var berlin = Assert.IsType<CronTiming>(Read(new ScheduleText("0 6 * * *", "Europe/Berlin")));
        Assert.Equal(new ScheduleText("0 6 * * *", "Europe/Berlin"), berlin.Text);
        Assert.Equal(Fires.At("2026-03-02T05:00:00Z"), berlin.Next(_anchor));
        Assert.Equal(Fires.At("2026-03-02T06:00:00Z"), Read(new ScheduleText("0 6 * * *")).Next(_anchor));
        Assert.Equal(new ScheduleText("0 6 * * *", "UTC"), Read(new ScheduleText("0 6 * * *")).Text);
    }

    [Theory]
    [InlineData(null, null, null, "says neither cron nor every; expected one of them, such as cron: \"*/5 * * * *\" or every: 5m")]
    [InlineData("* * * * *", null, "5m", "says both cron and every; expected only one of them")]
    [InlineData("60 * * * *", "Nowhere", null, "cron: minute, character 1: '60' is out of range; expected 0 to 59")]
    [InlineData(null, "UTC", "5m", "zone: goes with cron, and every '5m' needs none; expected no zone")]
    [InlineData(null, null, "", "every: '' is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d")]
    [InlineData(null, null, "5", "every: '5' is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d")]
    [InlineData(null, null, "5 weeks", "every: '5 weeks' is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d")]
    [InlineData(null, null, "1.5h", "every: '1.5h' is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d")]
    [InlineData(null, null, "-5m", "every: '-5m' is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d")]
    [InlineData(null, null, "1h30", "every: '1h30' is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d")]
    [InlineData(null, null, "0s", "every: '0s' is out of range; expected 1s to 366d")]
    [InlineData(null, null, "366d1s", "every: '366d1s' is out of range; expected 1s to 366d")]
    [InlineData(null, null, "999999999d", "every: '999999999d' is out of range; expected 1s to 366d")]
    [InlineData("* * * * *", "Mars/Olympus", null, "zone: 'Mars/Olympus' is not a time zone; expected an IANA name such as Europe/Berlin or UTC")]
    [InlineData("* * * * *", "", null, "zone: '' is not a time zone; expected an IANA name such as Europe/Berlin or UTC")]
    [InlineData("* * * * *", "Europe/Berln", null, "zone: 'Europe/Berln' is not a time zone; expected an IANA name such as Europe/Berlin or UTC; did you mean Europe/Berlin?")]
    [InlineData("* * * * *", "europe/berlin", null, "zone: 'europe/berlin' is not a time zone; expected an IANA name such as Europe/Berlin or UTC; did you mean Europe/Berlin?")]
    [InlineData("* * * * *", "Tokio", null, "zone: 'Tokio' is not a time zone; expected an IANA name such as Europe/Berlin or UTC; did you mean Asia/Tokyo?")]
    [InlineData("* * * * *", "New York", null, "zone: 'New York' is not a time zone; expected an IANA name such as Europe/Berlin or UTC; did you mean America/New_York?")]
    [InlineData("* * * * *", "Louisville", null, "zone: 'Louisville' is not a time zone; expected an IANA name such as Europe/Berlin or UTC; did you mean America/Kentucky/Louisville or America/Louisville?")]
    [InlineData("* * * * *", "W. Europe Standard Time", null, "zone: 'W. Europe Standard Time' is not a time zone; expected an IANA name such as Europe/Berlin or UTC; did you mean Europe/Berlin?")]
    public void A_mistake_is_named_with_what_was_expected(string? cron, string? zone, string? every, string expected)
    {
        Assert.False(new ScheduleText(cron, zone, every).TryRead(_anchor, out var timing, out var error));
        Assert.Null(timing);
        Assert.Equal(expected, error);
    }

    [Fact]
    public void Random_texts_are_read_or_refused()
    {
        var pieces = Gen.Elements("1", "30", "999999999", "s", "m", "h", "d", "D", " ", ".", "-", "Europe", "/", "UTC", "+", "\0", "é");
        Prop.ForAll(pieces.ListOf().Select(string.Concat).ToArbitrary(), text =>
        {
            foreach (var schedule in new[] { new ScheduleText(Every: text), new ScheduleText("* * * * *", text) })
            {
                Assert.NotEqual(schedule.TryRead(_anchor, out var timing, out var error), error.Length > 0);
                Assert.Equal(timing is null, error.Length > 0);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(1000));
    }

    [Fact]
    public void An_interval_is_due_on_its_grid_from_the_anchor_on() => Prop.ForAll(
        (from every in Gen.Choose(1, 60) from anchor in Gen.Choose(-200, 200) from after in Gen.Choose(-400, 400) select (every, anchor, after)).ToArbitrary(),
        c =>
        {
            // In half seconds, so that the grid and what is asked do not always meet.
            var expected = (long)c.anchor;
            while (expected <= c.after)
            {
                expected += 2 * c.every;
            }

            var timing = new IntervalTiming(TimeSpan.FromSeconds(c.every), new Instant(c.anchor * 500_000L));
            Assert.Equal(new Instant(expected * 500_000), timing.Next(new Instant(c.after * 500_000L)));
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void An_interval_does_not_care_about_clocks()
    {
        var timing = new IntervalTiming(TimeSpan.FromDays(1), _anchor);
        Assert.Equal(_anchor, timing.Next(new Instant(_anchor.Micros - 1)));
        Assert.Equal(_anchor + TimeSpan.FromDays(30), timing.Next(_anchor + TimeSpan.FromDays(29)));
    }

    [Fact]
    public void An_interval_ends_with_2200_and_does_not_overflow()
    {
        var second = TimeSpan.FromSeconds(1);
        Assert.Equal(Fires.At("2200-12-31T23:59:59Z"), new IntervalTiming(second, Instant.Epoch).Next(Fires.At("2200-12-31T23:59:58Z")));
        Assert.Null(new IntervalTiming(second, Instant.Epoch).Next(Fires.At("2200-12-31T23:59:59Z")));
        Assert.Null(new IntervalTiming(second, new Instant(long.MinValue)).Next(new Instant(long.MaxValue)));
        Assert.Null(new IntervalTiming(second, new Instant(long.MaxValue)).Next(Instant.Epoch));
        Assert.Equal(Instant.Epoch, new IntervalTiming(second, Instant.Epoch).Next(new Instant(long.MinValue)));
    }

    [Theory]
    [InlineData(0.5)]
    [InlineData(1.5)]
    [InlineData(-60)]
    [InlineData(366 * 86_400 + 1)]
    public void An_interval_that_is_none_is_a_bug(double seconds) =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new IntervalTiming(TimeSpan.FromSeconds(seconds), _anchor));

    private static ScheduleTiming Read(ScheduleText text)
    {
        Assert.True(text.TryRead(_anchor, out var timing, out var error), error);
        Assert.Equal("", error);
        return timing;
    }
}
