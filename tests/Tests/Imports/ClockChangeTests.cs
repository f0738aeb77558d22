using Rondo.Imports.Profiles;

namespace Rondo.Tests.Imports;

/// <summary>The two days of the year on which clocks are changed, in Europe/London: 2024-03-31 has 46 half hours, 2024-10-27 has 50.</summary>
public sealed class ClockChangeTests
{
    private static readonly Profile _wide = Files.Shipped("wide-half-hours");

    [Theory]
    [InlineData("2024-03-30", 48, "2024-03-30T00:00:00Z", "2024-03-30T23:30:00Z")]
    [InlineData("2024-03-31", 46, "2024-03-31T00:00:00Z", "2024-03-31T22:30:00Z")]
    [InlineData("2024-04-01", 48, "2024-03-31T23:00:00Z", "2024-04-01T22:30:00Z")]
    [InlineData("2024-10-27", 50, "2024-10-26T23:00:00Z", "2024-10-27T23:30:00Z")]
    public void Values_of_a_wide_row_go_by_their_position_in_elapsed_time(string date, int count, string first, string last)
    {
        // Columns for the longest day; what the day does not need is empty.
        var read = Files.Read(_wide, Files.WideHeader(50) + Files.WideRow("M1", date, Files.Count(count).Concat(Enumerable.Repeat("", 50 - count))));
        Assert.Empty(read.Rejects);
        Assert.Equal(count, read.Intervals.Count);
        Assert.Equal((first, last), (read.Starts.First(), read.Starts.Last()));
        Assert.Equal(Enumerable.Range(1, count).Select(i => (decimal)i), read.Intervals.Select(i => i.Value));
        Assert.All(read.Intervals.Zip(read.Intervals.Skip(1)), pair => Assert.Equal(1_800, pair.Second.StartS - pair.First.StartS));
    }

    [Fact]
    public void Columns_of_an_ordinary_day_on_a_short_one_hold_nothing_in_the_missing_hour()
    {
        // 01:00 and 01:30 do not exist: periods 3 and 4 are blank, or zero.
        foreach (var none in new[] { "", "0" })
        {
            var values = Files.Count(48).Select((v, i) => i is 2 or 3 ? none : v);
            var read = Files.Read(_wide, Files.WideHeader(48) + Files.WideRow("M1", "2024-03-31", values));
            Assert.Empty(read.Rejects);
            Assert.Equal(46, read.Intervals.Count);
            Assert.Equal(["2024-03-31T00:30:00Z=2", "2024-03-31T01:00:00Z=5"], read.Lines.Skip(1).Take(2));
            Assert.Equal("2024-03-31T22:30:00Z=48", read.Lines.Last());
        }

        // With numbers in it nobody knows what they are of.
        Assert.Equal(["2   too_many_values"], Files.Read(_wide, Files.WideHeader(48) + Files.WideRow("M1", "2024-03-31", Files.Count(48))).Reasons);
        Assert.Equal(["2   too_many_values"], Files.Read(_wide, Files.WideHeader(50) + Files.WideRow("M1", "2024-05-01", Files.Count(50))).Reasons);
    }

    [Fact]
    public void Of_48_values_on_a_long_day_nobody_knows_which_hour_is_missing_unless_the_profile_says()
    {
        var row = Files.WideHeader(48) + Files.WideRow("M1", "2024-10-27", Files.Count(48));
        Assert.Equal(["2   too_few_values"], Files.Read(_wide, row).Reasons);
        var read = Files.Read(Files.Changed("wide-half-hours", "long_day: dropped"), row);
        Assert.Equal(48, read.Intervals.Count);

        // 01:30 of summer time, and then 02:00 of winter time: the hour between was left out and stays missing.
        Assert.Equal(["2024-10-27T00:30:00Z=4", "2024-10-27T02:00:00Z=5"], read.Lines.Skip(3).Take(2));
        Assert.Equal("2024-10-27T23:30:00Z=48", read.Lines.Last());
    }

    [Fact]
    public void A_zone_without_changes_has_48_half_hours_on_every_day()
    {
        var profile = Files.Changed("wide-half-hours", "zone: UTC");
        Assert.Equal(48, Files.Read(profile, Files.WideHeader(48) + Files.WideRow("M1", "2024-03-31", Files.Count(48))).Intervals.Count);

        // Half an hour is put forward and back on Lord Howe Island.
        var howe = Files.Changed("wide-half-hours", "zone: Australia/Lord_Howe");
        var read = Files.Read(howe, Files.WideHeader(50) + Files.WideRow("M1", "2024-04-07", Files.Count(49).Append("")) + Files.WideRow("M1", "2024-10-06", Files.Count(47).Concat(["", "", ""])));
        Assert.Empty(read.Rejects);
        Assert.Equal(96, read.Intervals.Count);
        Assert.Equal("2024-04-06T13:00:00Z", read.Starts.First());
    }

    [Theory]
    [InlineData("start", "00:00 00:30 01:00 01:30 01:00 01:30 02:00 02:30")]
    [InlineData("end", "00:30 01:00 01:30 01:00 01:30 02:00 02:30 03:00")]
    [InlineData("end", "00:30 01:00 01:30 02:00 01:30 02:00 02:30 03:00")]
    public void The_hour_that_comes_twice_in_a_long_file_is_told_apart_by_its_order(string label, string times)
    {
        var profile = Files.Changed("long-csv", "zone: Europe/London", $"label: {label}");
        var all = times.Split(' ').Select((t, i) => $"M1,2024-10-27 {t},{i + 1}");
        var read = Files.Read(profile, "meter,timestamp,value\n" + string.Join('\n', all) + "\n");
        Assert.Empty(read.Rejects);
        Assert.Equal(Enumerable.Range(0, 8).Select(i => $"{Instant("2024-10-26T23:00:00Z") + TimeSpan.FromMinutes(30 * i)}={i + 1}"), read.Lines);

        // Two meters row by row: each has its own order.
        var both = times.Split(' ').SelectMany((t, i) => new[] { $"A,2024-10-27 {t},{i + 1}", $"B,2024-10-27 {t},{i + 1}" });
        var mixed = Files.Read(profile, "meter,timestamp,value\n" + string.Join('\n', both) + "\n");
        Assert.Equal(read.Starts, mixed.Intervals.Where(i => i.Of.Meter == "B").Select(i => new Rondo.Storage.Instant(i.StartS * 1_000_000).ToString()));
    }

    [Theory]
    [InlineData("start", "00:00 00:30 02:00 02:30")]
    [InlineData("end", "00:30 02:00 02:30 03:00")]
    [InlineData("end", "00:30 01:00 02:30 03:00")]
    public void The_hour_that_does_not_exist_is_stepped_over(string label, string times)
    {
        var profile = Files.Changed("long-csv", "zone: Europe/London", $"label: {label}");
        var read = Files.Read(profile, "meter,timestamp,value\n" + string.Join('\n', times.Split(' ').Select((t, i) => $"M1,2024-03-31 {t},{i + 1}")) + "\n");
        Assert.Empty(read.Rejects);
        Assert.Equal(Enumerable.Range(0, 4).Select(i => $"{Instant("2024-03-31T00:00:00Z") + TimeSpan.FromMinutes(30 * i)}={i + 1}"), read.Lines);
        Assert.Equal(["2 timestamp 2024-03-31 01:30 no_such_time"], Files.Read(Files.Changed("long-csv", "zone: Europe/London"), "meter,timestamp,value\nM1,2024-03-31 01:30,1\n").Reasons);
    }

    [Fact]
    public void An_hour_that_is_there_once_is_summer_time_and_the_other_one_stays_missing()
    {
        var read = Files.Read(Files.Changed("long-csv", "zone: Europe/London"), "meter,timestamp,value\nM1,2024-10-27 00:30,1\nM1,2024-10-27 01:00,2\nM1,2024-10-27 01:30,3\nM1,2024-10-27 02:00,4\n");
        Assert.Equal(["2024-10-26T23:30:00Z=1", "2024-10-27T00:00:00Z=2", "2024-10-27T00:30:00Z=3", "2024-10-27T02:00:00Z=4"], read.Lines);
    }

    [Fact]
    public void Whoever_says_the_offset_is_obeyed()
    {
        var read = Files.Read(
            Files.Changed("long-csv", "zone: Europe/London"),
            "meter,timestamp,value\nM1,2024-10-27T01:00:00+01:00,1\nM1,2024-10-27T01:00:00+00:00,2\nM1,2024-10-27T02:00:00Z,3\nM1,2024-10-26T22:00-0200,4\n");
        Assert.Equal(["2024-10-27T00:00:00Z=1", "2024-10-27T01:00:00Z=2", "2024-10-27T02:00:00Z=3", "2024-10-27T00:00:00Z=4"], read.Lines);
    }

    [Theory]
    [InlineData("2024-03-31", 46)]
    [InlineData("2024-05-01", 48)]
    [InlineData("2024-10-27", 50)]
    public void Periods_number_a_day_in_elapsed_time(string date, int count)
    {
        var profile = Files.Changed("long-csv", "zone: Europe/London");
        var read = Files.Read(profile, "mpan,settlement date,settlement period,kwh\n" + string.Concat(Enumerable.Range(1, count + 1).Select(p => $"M1,{date},{p},{p}\n")));
        Assert.Equal(count, read.Intervals.Count);
        Assert.Equal([$"{count + 2} settlement period {count + 1} bad_period"], read.Reasons);
        Assert.Equal(1_800 * (count - 1), read.Intervals[^1].StartS - read.Intervals[0].StartS);
    }

    private static Rondo.Storage.Instant Instant(string text)
    {
        Assert.True(Rondo.Storage.Instant.TryParse(text, out var at));
        return at;
    }
}
