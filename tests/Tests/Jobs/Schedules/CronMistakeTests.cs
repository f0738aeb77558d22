using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using Rondo.Jobs.Schedules;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Tests.Jobs.Schedules;

/// <summary>What is said about texts that are no expressions: field, place, text, what is wrong with it, what was expected.</summary>
public sealed class CronMistakeTests
{
    private const string Fields = "expected 5 fields (minute, hour, day of month, month, day of week), 6 with seconds first, or a macro such as @daily";
    private const string MonthDays = "expected 1 to 31, L (the last day), LW (the last weekday), or one such as 15W (the weekday nearest to the 15th)";
    private const string WeekDays = "expected 0 to 7 (0 and 7 are Sunday), SUN to SAT, or one such as 5L (the last Friday) or 5#2 (the second Friday)";
    private const string Macros = "expected @hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually";

    [Theory]
    [InlineData("60 * * * *", "minute, character 1: '60' is out of range; expected 0 to 59")]
    [InlineData("61 * * * * *", "second, character 1: '61' is out of range; expected 0 to 59")]
    [InlineData("* 24 * * *", "hour, character 3: '24' is out of range; expected 0 to 23")]
    [InlineData("* * 0 * *", "day of month, character 5: '0' is out of range; " + MonthDays)]
    [InlineData("* * 32W * *", "day of month, character 5: '32' is out of range; expected 1 to 31")]
    [InlineData("* * * 13 *", "month, character 7: '13' is out of range; expected 1 to 12 or JAN to DEC")]
    [InlineData("* * * * 8", "day of week, character 9: '8' is out of range; " + WeekDays)]
    [InlineData("99999999999 * * * *", "minute, character 1: '99999999999' is out of range; expected 0 to 59")]
    [InlineData("  5,10-70  * * * *", "minute, character 8: '70' is out of range; expected 0 to 59")]
    [InlineData("* * * MOM *", "month, character 7: 'MOM' is no month; expected 1 to 12 or JAN to DEC")]
    [InlineData("* * * * MON-FRY", "day of week, character 13: 'FRY' is no day of week; expected 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("? * * * *", "minute, character 1: '?' is no minute; expected 0 to 59")]
    [InlineData("+5 * * * *", "minute, character 1: '+5' is no minute; expected 0 to 59")]
    [InlineData("1.5 * * * *", "minute, character 1: '1.5' is no minute; expected 0 to 59")]
    [InlineData("-5 * * * *", "minute, character 1: '-5' is incomplete; expected 0 to 59")]
    [InlineData("* 8- * * *", "hour, character 3: '8-' is incomplete; expected 0 to 23")]
    [InlineData("* 8-9-10 * * *", "hour, character 5: '9-10' is no hour; expected 0 to 23")]
    [InlineData("1,,2 * * * *", "minute, character 3: '' is no minute; expected 0 to 59")]
    [InlineData("1, 2 * * *", "minute, character 3: '' is no minute; expected 0 to 59")]
    [InlineData("*/0 * * * *", "minute, character 3: '0' is out of range; expected a step of 1 to 59")]
    [InlineData("*/90 * * * *", "minute, character 3: '90' is out of range; expected a step of 1 to 59")]
    [InlineData("* */24 * * *", "hour, character 5: '24' is out of range; expected a step of 1 to 23")]
    [InlineData("*/x * * * *", "minute, character 3: 'x' is not a step; expected a step of 1 to 59")]
    [InlineData("5/ * * * *", "minute, character 3: '' is not a step; expected a step of 1 to 59")]
    [InlineData("/5 * * * *", "minute, character 1: '/5' is incomplete; expected 0 to 59")]
    [InlineData("0 0 L-3 * *", "day of month, character 5: 'L' is no day of month; expected 1 to 31")]
    [InlineData("0 0 W * *", "day of month, character 5: 'W' is no day of month; " + MonthDays)]
    [InlineData("0 0 1-9W * *", "day of month, character 7: '9W' is no day of month; expected 1 to 31")]
    [InlineData("0 0 * * L", "day of week, character 9: 'L' does not say which day; expected the day before it, such as 5L or FRIL (the last Friday of the month)")]
    [InlineData("0 0 * * 8L", "day of week, character 9: '8' is out of range; expected 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("0 0 * * 5#6", "day of week, character 11: '6' is out of range; expected 1 to 5 after the #")]
    [InlineData("0 0 * * 5#", "day of week, character 11: '' does not say which one of the month; expected 1 to 5 after the #")]
    [InlineData("0 0 * * #2", "day of week, character 9: '#2' is incomplete; expected 0 to 7 (0 and 7 are Sunday) or SUN to SAT")]
    [InlineData("0 0 5#2 * *", "day of month, character 5: '5#2' is no day of month; " + MonthDays)]
    [InlineData("\u0007a\u202eb\u0001 * * * *", "minute, character 1: '\uFFFDa\uFFFDb\uFFFD' is no minute; expected 0 to 59")]
    public void A_field_that_is_wrong(string text, string expected) => Assert.Equal(expected, Error(text));

    [Theory]
    [InlineData("", "the expression is empty; " + Fields)]
    [InlineData(" \t ", "the expression is empty; " + Fields)]
    [InlineData("daily", "'daily' has 1 field; " + Fields)]
    [InlineData("* * * *", "'* * * *' has 4 fields; " + Fields)]
    [InlineData("0 0 12 * * ? 2026", "'0 0 12 * * ? 2026' has 7 fields; " + Fields)]
    [InlineData("@every 5m", "'@every 5m' has 2 fields; " + Fields)]
    [InlineData(" @dayly", "character 2: '@dayly' is not a macro; " + Macros)]
    [InlineData("@reboot", "character 1: '@reboot' is not a macro; " + Macros)]
    public void Something_else_altogether(string text, string expected) => Assert.Equal(expected, Error(text));

    [Theory]
    [InlineData("0 0 31 2 *", "day of month, character 5: '31' never comes in month '2', so the expression would never fire; expected a day that the month has")]
    [InlineData("0 0 30,31 FEB ?", "day of month, character 5: '30,31' never comes in month 'FEB', so the expression would never fire; expected a day that the month has")]
    [InlineData("0 0 0 31 4,6,9,11 0-6", null)]
    [InlineData("0 0 0 31 4,6,9,11 *", "day of month, character 7: '31' never comes in month '4,6,9,11', so the expression would never fire; expected a day that the month has")]
    [InlineData("0 0 31W 4 *", "day of month, character 5: '31W' never comes in month '4', so the expression would never fire; expected a day that the month has")]
    [InlineData("0 0 */31 * MON#2", "day of month, character 5: '*/31' never meets day of week 'MON#2' in month '*', so the expression would never fire; expected days that fall together")]
    [InlineData("0 0 29 2 *", null)]
    [InlineData("0 0 31 2 MON", null)]
    [InlineData("0 0 * 2 MON#5", null)]
    public void What_can_never_fire_is_refused_and_what_seldom_does_is_not(string text, string? expected) =>
        Assert.Equal(expected ?? "", CronExpression.TryParse(text, out _, out var error) ? "" : error);

    [Fact]
    public void Its_length_is_bounded()
    {
        var longest = "0" + string.Concat(Enumerable.Repeat(",10", 82)) + " * * * *";
        Assert.Equal(CronExpression.MaxLength - 1, longest.Length);
        Assert.Equal(longest, CronExpression.Parse(longest + " ").Text);
        Assert.Equal("the expression has 257 characters; expected at most 256", Error(longest + "  "));
    }

    [Fact]
    public void Parse_throws_what_TryParse_says()
    {
        var fault = Assert.Throws<FormatException>(() => CronExpression.Parse("60 * * * *"));
        Assert.Equal(Error("60 * * * *"), fault.Message);
    }

    [Fact]
    public void Random_texts_are_read_or_refused_in_one_line()
    {
        var pieces = Gen.Elements(
            "*", "?", "/", "-", ",", "#", "L", "W", "@", "0", "1", "7", "15", "31", "59", "60", "MON", "fri", "JAN", "x", "\n", "é", "\ud800", " ", " ", " * ", " *", " 0 0 * * ");
        Prop.ForAll(pieces.ListOf().Select(string.Concat).ToArbitrary(), text =>
        {
            if (CronExpression.TryParse(text, out var expression, out var error))
            {
                Assert.Equal("", error);
                Assert.NotNull(expression.Next(Instant.Epoch, DateTimeZone.Utc));
            }
            else
            {
                Assert.Null(expression);
                Assert.InRange(error.Length, 10, 300);
                Assert.DoesNotContain(error, char.IsControl);
                Assert.Contains("; expected ", error, StringComparison.Ordinal);
            }
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(3000));
    }

    private static string Error(string text)
    {
        Assert.False(CronExpression.TryParse(text, out var expression, out var error));
        Assert.Null(expression);
        return error;
    }
}
