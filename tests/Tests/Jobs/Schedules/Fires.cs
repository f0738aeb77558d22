using System.Globalization;
using NodaTime;
using NodaTime.Text;
using Rondo.Jobs.Schedules;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Tests.Jobs.Schedules;

/// <summary>What an expression fires at, as text that fits a table.</summary>
internal static class Fires
{
    private static readonly OffsetDateTimePattern _pattern = OffsetDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd HH:mm:sso<G>");

    public static DateTimeZone Zone(string name) => DateTimeZoneProviders.Tzdb[name];

    /// <summary>In UTC: <c>2026-01-01</c> at midnight, <c>2026-01-01 00:05</c>, <c>2026-01-01 00:05:30</c>.</summary>
    public static string[] InUtc(string expression, Instant after, int count) =>
        [.. After(CronExpression.Parse(expression), DateTimeZone.Utc, after, count).Select(at => at.ToDateTime() switch
        {
            { TimeOfDay.Ticks: 0 } day => day.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
            { Second: 0 } minute => minute.ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture),
            var second => second.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture),
        })];

    /// <summary>As the clocks of a zone show it: <c>2026-03-29 03:00+02</c>.</summary>
    public static string[] InZone(string expression, string zone, Instant after, int count) =>
        [.. After(CronExpression.Parse(expression), Zone(zone), after, count).Select(at =>
            _pattern.Format(NodaTime.Instant.FromDateTimeUtc(at.ToDateTime()).InZone(Zone(zone)).ToOffsetDateTime())
                .Replace(":00+", "+", StringComparison.Ordinal).Replace(":00-", "-", StringComparison.Ordinal))];

    public static Instant At(string text) =>
        Instant.TryParse(text, out var at) ? at : throw new FormatException(text);

    private static IEnumerable<Instant> After(CronExpression expression, DateTimeZone zone, Instant after, int count)
    {
        for (var n = 0; n < count && expression.Next(after, zone) is { } next; n++)
        {
            Assert.True(next > after, $"{expression} in {zone}: {next} is not later than {after}");
            after = next;
            yield return next;
        }
    }
}
