using FsCheck;
using FsCheck.Fluent;
using NodaTime;
using NodaTime.TimeZones;
using Rondo.Jobs.Schedules;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Tests.Jobs.Schedules;

/// <summary>Random expressions against an oracle that looks at the clock again and again, and sees it jump.</summary>
public sealed class CronWalkTests
{
    private const long Day = 86_400;
    private const long Hour = 3600;
    private const long Micros = 1_000_000;

    // By an hour, by half an hour, at midnight, over a day, by two hours, twice within weeks, at a minute past midnight, by 15 minutes.
    private static readonly string[] _zones =
    [
        "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Pacific/Apia", "Antarctica/Troll", "Africa/Casablanca",
        "America/St_Johns", "Asia/Kathmandu",
    ];

    private static Arbitrary<int> Seeds() => Gen.Choose(0, int.MaxValue).ToArbitrary();

    [Fact]
    public void Where_clocks_never_change_it_fires_when_walking_by_minutes_says() => Prop.ForAll(Seeds(), seed =>
    {
        var random = new Random(seed);
        var from = random.NextInt64(-30 * 365 * Day, 200 * 365 * Day) / 60 * 60;
        var zone = DateTimeZone.ForOffset(Offset.FromHours(random.Next(-12, 13)));
        Check(new RandomCron(random, withSeconds: false), zone, from + Day, (from, from + (3 * Day)), 60, 0, random);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(200));

    [Fact]
    public void Around_a_change_of_clocks_it_fires_when_walking_by_minutes_says() => Prop.ForAll(Seeds(), seed =>
    {
        var random = new Random(seed);
        var zone = Fires.Zone(_zones[random.Next(_zones.Length)]);
        var change = ChangeOf(zone, random);
        var from = (change - random.NextInt64(0, 2 * Day)) / 60 * 60;
        Check(new RandomCron(random, withSeconds: false, HoursNearChanges(random)), zone, change, (from, from + (3 * Day)), 60, 3 * Day, random);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(500));

    [Fact]
    public void Around_a_change_of_clocks_it_fires_when_walking_by_seconds_says() => Prop.ForAll(Seeds(), seed =>
    {
        var random = new Random(seed);
        var zone = Fires.Zone(_zones[random.Next(4)]);
        var change = ChangeOf(zone, random);
        var from = change - random.NextInt64(0, 2 * Hour);
        Check(new RandomCron(random, withSeconds: true, HoursNearChanges(random)), zone, change, (from, from + (3 * Hour)), 1, 3 * Hour, random);
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(100));

    [Fact]
    public void Over_years_it_fires_on_the_days_that_walking_by_days_says() => Prop.ForAll(Seeds(), seed =>
    {
        var random = new Random(seed);
        var cron = new RandomCron(random, withSeconds: false, "12");
        if (!CronExpression.TryParse(cron.Text, out var expression, out var error))
        {
            Assert.Contains("never", error, StringComparison.Ordinal);
            Assert.DoesNotContain(Enumerable.Range(0, 400 * 366).Select(new DateOnly(2000, 1, 1).AddDays), cron.Names);
            return;
        }

        var first = new DateOnly(random.Next(1970, 2190), 1, 1).AddDays(random.Next(365));
        var expected = Enumerable.Range(0, 4 * 365).Select(first.AddDays).Where(cron.Names);
        var found = new List<DateOnly>();
        var at = Instant.From(first.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        while (expression.Next(at, DateTimeZone.Utc) is { } next && DateOnly.FromDateTime(next.ToDateTime()) is var day && day < first.AddDays(4 * 365))
        {
            found.Add(day);
            at = Instant.From(day.AddDays(1).ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        }

        Assert.Equal($"{cron.Text}: {string.Join(' ', expected)}", $"{cron.Text}: {string.Join(' ', found)}");
    }).Check(Config.QuickThrowOnFailure.WithMaxTest(300));

    private static void Check(
        RandomCron cron, DateTimeZone zone, long change, (long From, long Until) window, int step, long lookBack, Random random)
    {
        if (!CronExpression.TryParse(cron.Text, out var expression, out var error))
        {
            Assert.Contains("never", error, StringComparison.Ordinal);
            return;
        }

        Assert.Equal(cron.IsInterval, expression.IsIntervalLike);
        var walked = Walk(cron, zone, window.From - lookBack, window.Until, step).Where(second => second >= window.From).ToList();

        // From each to the next: anywhere before it is as good a place to ask from.
        var found = new List<long>();
        var at = new Instant((window.From * Micros) - random.NextInt64(1, Micros));
        while (Next(at) is { } next)
        {
            found.Add(next);
            at = new Instant((next * Micros) + random.NextInt64(0, step * Micros));
        }

        Assert.Equal(Shown(cron, zone, walked), Shown(cron, zone, found));

        // And from places that have nothing to do with it: to the microsecond at the change, soon after it, anywhere.
        long[] places =
        [
            (change * Micros) - 1,
            change * Micros,
            .. Enumerable.Range(0, 10).Select(_ => (change * Micros) + random.NextInt64(0, 2 * Hour * Micros)),
            .. Enumerable.Range(0, 10).Select(_ => random.NextInt64(window.From * Micros, window.Until * Micros)),
        ];
        foreach (var place in places.Where(place => place >= window.From * Micros && place < window.Until * Micros))
        {
            at = new Instant(place);
            var expected = walked.Where(second => second * Micros > place).Take(1);
            Assert.Equal($"after {at} {Shown(cron, zone, expected)}", $"after {at} {Shown(cron, zone, Next(at) is { } next ? [next] : [])}");
        }

        // Beyond the window nobody has walked.
        long? Next(Instant after)
        {
            if (expression.Next(after, zone) is not { } next)
            {
                return null;
            }

            Assert.True(next > after, $"{cron.Text}: {next} is not later than {after}");
            Assert.Equal(0, next.Micros % Micros);
            return next.Micros < window.Until * Micros ? next.Micros / Micros : null;
        }
    }

    private static SortedSet<long> Walk(RandomCron cron, DateTimeZone zone, long from, long until, int step)
    {
        var fires = new SortedSet<long>();
        var shown = LocalAt(zone, from - step);
        var latest = shown;
        for (var at = from; at < until; at += step)
        {
            var local = LocalAt(zone, at);
            for (var skipped = shown + step; skipped < local; skipped += step)
            {
                if (cron.Names(skipped))
                {
                    fires.Add(cron.IsInterval ? at + (skipped - shown - step) : at);
                }
            }

            if (cron.Names(local) && (cron.IsInterval || local > latest))
            {
                fires.Add(at);
            }

            (shown, latest) = (local, Math.Max(latest, local));
        }

        fires.RemoveWhere(at => at >= until);
        return fires;
    }

    private static long LocalAt(DateTimeZone zone, long second) => second + zone.GetUtcOffset(NodaTime.Instant.FromUnixTimeSeconds(second)).Seconds;

    // From 1980 on all of them have offsets of whole minutes; Kathmandu changed in 1986.
    private static long ChangeOf(DateTimeZone zone, Random random)
    {
        var (from, until) = (NodaTime.Instant.FromUtc(1980, 1, 1, 0, 0), NodaTime.Instant.FromUtc(2040, 1, 1, 0, 0));
        ZoneInterval[] intervals = [.. zone.GetZoneIntervals(from, until).Where(interval => interval.HasEnd)];
        return intervals[random.Next(intervals.Length)].End.ToUnixTimeSeconds();
    }

    private static string? HoursNearChanges(Random random) => random.Next(6) switch
    {
        0 => "*",
        1 or 2 => $"{random.Next(4)}",
        3 => "23",
        _ => null,
    };

    private static string Shown(RandomCron cron, DateTimeZone zone, IEnumerable<long> seconds) =>
        $"{cron.Text} in {zone}: {string.Join(' ', seconds.Select(second => new Instant(second * Micros)))}";
}
