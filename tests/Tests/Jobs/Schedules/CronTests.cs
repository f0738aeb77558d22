using NodaTime;
using Rondo.Jobs.Schedules;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Tests.Jobs.Schedules;

/// <summary>What expressions mean where clocks never change. 2026-01-01, after which all of them are asked, is a Thursday.</summary>
public sealed class CronTests
{
    private static readonly Instant _newYear = Fires.At("2026-01-01T00:00:00Z");

    [Theory]
    [InlineData("* * * * *", "2026-01-01 00:01", "2026-01-01 00:02", "2026-01-01 00:03")]
    [InlineData("*/5 * * * *", "2026-01-01 00:05", "2026-01-01 00:10", "2026-01-01 00:15")]
    [InlineData("*/25 * * * *", "2026-01-01 00:25", "2026-01-01 00:50", "2026-01-01 01:00")]
    [InlineData("10-40/15 * * * *", "2026-01-01 00:10", "2026-01-01 00:25", "2026-01-01 00:40", "2026-01-01 01:10")]
    [InlineData("7/25 * * * *", "2026-01-01 00:07", "2026-01-01 00:32", "2026-01-01 00:57", "2026-01-01 01:07")]
    [InlineData("50-10/7 * * * *", "2026-01-01 00:04", "2026-01-01 00:50", "2026-01-01 00:57", "2026-01-01 01:04")]
    [InlineData("5,35-36,58/1 * * * *", "2026-01-01 00:05", "2026-01-01 00:35", "2026-01-01 00:36", "2026-01-01 00:58", "2026-01-01 00:59", "2026-01-01 01:05")]
    [InlineData("00 08 * * *", "2026-01-01 08:00", "2026-01-02 08:00")]
    [InlineData("15 8-17/4 * * *", "2026-01-01 08:15", "2026-01-01 12:15", "2026-01-01 16:15", "2026-01-02 08:15")]
    [InlineData("0 22-2 * * *", "2026-01-01 01:00", "2026-01-01 02:00", "2026-01-01 22:00", "2026-01-01 23:00", "2026-01-02")]
    [InlineData("0 22-2/2 * * *", "2026-01-01 02:00", "2026-01-01 22:00", "2026-01-02")]
    [InlineData(" \t0  0\n1 1 * ", "2027-01-01", "2028-01-01")]
    public void Times_of_day(string expression, params string[] expected) =>
        Assert.Equal(expected, Fires.InUtc(expression, _newYear, expected.Length));

    [Theory]
    [InlineData("30 * * * * *", "2026-01-01 00:00:30", "2026-01-01 00:01:30")]
    [InlineData("*/20 59 23 * * *", "2026-01-01 23:59", "2026-01-01 23:59:20", "2026-01-01 23:59:40", "2026-01-02 23:59")]
    [InlineData("0 0 0 1 1 *", "2027-01-01", "2028-01-01")]
    [InlineData("58-1 0 12 ? * MON", "2026-01-05 12:00", "2026-01-05 12:00:01", "2026-01-05 12:00:58", "2026-01-05 12:00:59", "2026-01-12 12:00")]
    public void Six_fields_begin_with_seconds(string expression, params string[] expected) =>
        Assert.Equal(expected, Fires.InUtc(expression, _newYear, expected.Length));

    [Theory]
    [InlineData("0 0 15 * *", "2026-01-15", "2026-02-15")]
    [InlineData("0 0 31 * *", "2026-01-31", "2026-03-31", "2026-05-31")]
    [InlineData("0 0 29 2 *", "2028-02-29", "2032-02-29", "2036-02-29")]
    [InlineData("0 0 25-5/4 * *", "2026-01-02", "2026-01-25", "2026-01-29", "2026-02-02")]
    [InlineData("0 0 1 JAN-DEC/3 *", "2026-04-01", "2026-07-01", "2026-10-01", "2027-01-01")]
    [InlineData("0 0 1 nov-feb *", "2026-02-01", "2026-11-01", "2026-12-01", "2027-01-01")]
    [InlineData("0 0 1 3,Jun,9 *", "2026-03-01", "2026-06-01", "2026-09-01", "2027-03-01")]
    [InlineData("0 0 L * *", "2026-01-31", "2026-02-28", "2026-03-31", "2026-04-30")]
    [InlineData("0 0 l 2 *", "2026-02-28", "2027-02-28", "2028-02-29")]
    [InlineData("0 0 LW * *", "2026-01-30", "2026-02-27", "2026-03-31", "2026-04-30", "2026-05-29")]
    [InlineData("0 0 15W * *", "2026-01-15", "2026-02-16", "2026-03-16", "2026-04-15", "2026-05-15", "2026-06-15", "2026-07-15", "2026-08-14")]
    [InlineData("0 0 1W * *", "2026-02-02", "2026-03-02", "2026-04-01", "2026-05-01", "2026-06-01", "2026-07-01", "2026-08-03")]
    [InlineData("0 0 31w * *", "2026-01-30", "2026-03-31", "2026-05-29", "2026-07-31")]
    [InlineData("0 0 L,15W,3 2 *", "2026-02-03", "2026-02-16", "2026-02-28", "2027-02-03", "2027-02-15")]
    public void Days_of_the_month(string expression, params string[] expected) =>
        Assert.Equal(expected, Fires.InUtc(expression, _newYear, expected.Length));

    [Theory]
    [InlineData("0 0 * * 0", "2026-01-04", "2026-01-11")]
    [InlineData("0 0 * * 7", "2026-01-04", "2026-01-11")]
    [InlineData("0 0 * * sun", "2026-01-04", "2026-01-11")]
    [InlineData("0 0 * * 0,7", "2026-01-04", "2026-01-11")]
    [InlineData("0 0 * * MON-FRI", "2026-01-02", "2026-01-05", "2026-01-06")]
    [InlineData("0 0 * * FRI-MON", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05", "2026-01-09")]
    [InlineData("0 0 * * 5-7", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-09")]
    [InlineData("0 0 * * 6-0", "2026-01-03", "2026-01-04", "2026-01-10")]
    [InlineData("0 0 * * 7-2", "2026-01-04", "2026-01-05", "2026-01-06", "2026-01-11")]
    [InlineData("0 0 * * 0-7", "2026-01-02", "2026-01-03", "2026-01-04", "2026-01-05")]
    [InlineData("0 0 * * 1-7/2", "2026-01-02", "2026-01-04", "2026-01-05", "2026-01-07")]
    [InlineData("0 0 * * 3/2", "2026-01-02", "2026-01-07", "2026-01-09")]
    [InlineData("0 0 * * 5#2", "2026-01-09", "2026-02-13", "2026-03-13")]
    [InlineData("0 0 * * FRI#2", "2026-01-09", "2026-02-13", "2026-03-13")]
    [InlineData("0 0 * * 7#5", "2026-03-29", "2026-05-31", "2026-08-30")]
    [InlineData("0 0 * * MON#1,mon#3,6", "2026-01-03", "2026-01-05", "2026-01-10", "2026-01-17", "2026-01-19")]
    [InlineData("0 0 * * 5L", "2026-01-30", "2026-02-27", "2026-03-27")]
    [InlineData("0 0 * * FRIL", "2026-01-30", "2026-02-27", "2026-03-27")]
    [InlineData("0 0 * 2 MON#5", "2044-02-29", "2072-02-29", "2112-02-29")]
    public void Days_of_the_week(string expression, params string[] expected) =>
        Assert.Equal(expected, Fires.InUtc(expression, _newYear, expected.Length));

    [Theory]
    [InlineData("30 4 1,15 * 5", "2026-01-01 04:30", "2026-01-02 04:30", "2026-01-09 04:30", "2026-01-15 04:30")]
    [InlineData("0 0 13 * FRI", "2026-01-02", "2026-01-09", "2026-01-13", "2026-01-16")]
    [InlineData("0 0 L * MON#1", "2026-01-05", "2026-01-31", "2026-02-02")]
    [InlineData("0 0 31 2 MON", "2026-02-02", "2026-02-09")]
    [InlineData("0 0 1-31 * MON", "2026-01-02", "2026-01-03")]
    [InlineData("0 0 ? * MON", "2026-01-05", "2026-01-12")]
    [InlineData("0 0 15 * ?", "2026-01-15", "2026-02-15")]
    [InlineData("0 0 */2 * MON", "2026-01-05", "2026-01-19", "2026-02-09", "2026-02-23")]
    [InlineData("0 0 1-7 * */3", "2026-01-03", "2026-01-04", "2026-01-07", "2026-02-01")]
    public void Two_restricted_day_fields_widen_each_other_and_a_star_narrows(string expression, params string[] expected) =>
        Assert.Equal(expected, Fires.InUtc(expression, _newYear, expected.Length));

    [Theory]
    [InlineData("@hourly", "2026-01-01 01:00", "2026-01-01 02:00")]
    [InlineData("@daily", "2026-01-02", "2026-01-03")]
    [InlineData("@midnight", "2026-01-02", "2026-01-03")]
    [InlineData("@weekly", "2026-01-04", "2026-01-11")]
    [InlineData("@monthly", "2026-02-01", "2026-03-01")]
    [InlineData("@yearly", "2027-01-01", "2028-01-01")]
    [InlineData(" @Annually ", "2027-01-01", "2028-01-01")]
    public void Macros(string expression, params string[] expected) =>
        Assert.Equal(expected, Fires.InUtc(expression, _newYear, expected.Length));

    [Theory]
    [InlineData("* * * * *", true)]
    [InlineData("0 * * * *", true)]
    [InlineData("0 */6 * * *", true)]
    [InlineData("0 0-23 1 * *", true)]
    [InlineData("0 0/2 * * *", true)]
    [InlineData("30 0 */8,5 * * *", true)]
    [InlineData("@hourly", true)]
    [InlineData("* 2 * * *", false)]
    [InlineData("*/15 8-17 * * *", false)]
    [InlineData("0 1/2 * * *", false)]
    [InlineData("0 0,6,12,18 * * *", false)]
    [InlineData("@daily", false)]
    public void The_hour_field_says_whether_times_or_an_interval_are_meant(string expression, bool isIntervalLike) =>
        Assert.Equal(isIntervalLike, CronExpression.Parse(expression).IsIntervalLike);

    [Fact]
    public void It_is_later_by_however_little()
    {
        var noon = Fires.At("2026-01-01T12:00:00Z");
        var expression = CronExpression.Parse("0 12 * * *");
        Assert.Equal(noon, expression.Next(new Instant(noon.Micros - 1), DateTimeZone.Utc));
        Assert.Equal(noon + TimeSpan.FromDays(1), expression.Next(noon, DateTimeZone.Utc));
        Assert.Equal(noon + TimeSpan.FromDays(1), expression.Next(new Instant(noon.Micros + 1), DateTimeZone.Utc));
    }

    [Fact]
    public void Before_the_epoch_is_no_different()
    {
        var expression = CronExpression.Parse("* * * * * *");
        Assert.Equal(Instant.Epoch, expression.Next(new Instant(-1), DateTimeZone.Utc));
        Assert.Equal(new Instant(-1_000_000), expression.Next(new Instant(-1_000_001), DateTimeZone.Utc));
        Assert.Equal(Fires.At("1893-04-01T00:00:00Z"), CronExpression.Parse("0 0 * * *").Next(Fires.At("1893-03-31T00:00:00Z"), DateTimeZone.Utc));
    }

    [Theory]
    [InlineData("UTC")]
    [InlineData("Europe/Berlin")]
    [InlineData("Pacific/Apia")]
    [InlineData("Etc/GMT+12")]
    public void There_is_an_end_and_nothing_throws_before_or_behind_it(string zone)
    {
        foreach (var text in new[] { "0 0 1 1 *", "*/15 * * * *", "0 0 29 2 *", "0 * * 2 MON#5", "59 59 23 31 12 *" })
        {
            var expression = CronExpression.Parse(text);
            Assert.NotNull(expression.Next(new Instant(long.MinValue), Fires.Zone(zone)));
            Assert.Null(expression.Next(Fires.At("2201-01-01T12:00:00Z"), Fires.Zone(zone)));
            Assert.Null(expression.Next(Fires.At("2202-01-01T00:00:00Z"), Fires.Zone(zone)));
            Assert.Null(expression.Next(new Instant(long.MaxValue), Fires.Zone(zone)));
        }
    }

    // Walked minute by minute this would be tens of billions of minutes.
    [Theory]
    [InlineData("0 0 29 2 *")]
    [InlineData("0 * 29 2 *")]
    [InlineData("0 0 * 2 MON#5")]
    public void What_comes_seldom_is_found_without_walking_there(string text)
    {
        var expression = CronExpression.Parse(text);
        for (var n = 0; n < 10_000; n++)
        {
            Assert.NotNull(expression.Next(_newYear + TimeSpan.FromHours(n), Fires.Zone("Europe/Berlin")));
        }
    }
}
