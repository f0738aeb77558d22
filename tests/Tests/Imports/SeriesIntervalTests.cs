using Rondo.Imports.Formats;
using Rondo.Readings.Quality;
using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>What files say of how often their values come, and what of them is missing because of it.</summary>
public sealed class SeriesIntervalTests
{
    [Theory, BothDatabases]
    public async Task Of_the_days_of_a_file_it_is_known_how_many_values_there_were_to_be_and_where_they_are_missing(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var lines = Files.Long(1, 5 * 48, "2024-01-01T00:00:00Z").Split('\n');

        // Of the second day six half hours are missing, of the fourth all, of the fifth those from noon on.
        await rig.ImportAsync(string.Join('\n', lines.Where((_, n) => n < 1 + 60 || n is >= 1 + 66 and < 1 + 144 or >= 1 + 192 and < 1 + 216)) + "\n");
        Assert.Equal(1_800_000_000, await rig.Store.ScalarAsync<long?>("select interval_us from series"));

        // Before it is rolled up and after it the same.
        await CheckAsync();
        await new RollupRunner(rig.Database, new RollupOptions()).RunMarkedAsync(stop: default);
        Assert.Equal(0, await rig.CountAsync("rollup_mark"));
        await CheckAsync();

        async Task CheckAsync()
        {
            var days = await rig.Database.ReadAsync("quality", tx => new QualityReader(new RollupOptions()).Read(tx, "M1/import", At(-24), At(24 * 7)))!;
            Assert.Equal(
                ["2023-12-31 0/0", "2024-01-01 48/48", "2024-01-02 42/48 6:06:00-09:00/6", "2024-01-03 48/48", "2024-01-04 0/48 48:00:00-00:00/48", "2024-01-05 24/48 24:12:00-00:00/24", "2024-01-06 0/0", "2024-01-07 0/0"],
                days!.Select(d => $"{d.Day} {d.Present}/{d.Expected}{string.Concat(d.Gaps.Select(g => $" {g.Missing}:{g.From.ToDateTime():HH:mm}-{g.To.ToDateTime():HH:mm}/{g.Missing}"))}"));
            var question = new SeriesQuestion { Series = "M1/import", From = At(-24), To = At(24 * 7), Step = Tier.Day };
            var answer = (await rig.Database.ReadAsync("days", tx => new SeriesReader(new RollupOptions()).Read(tx, question)))!;
            Assert.Equal([(48, 48), (42, 48), (48, 48), (24, 48)], answer.Buckets.Select(b => (b.Count, b.Expected!.Value)));
            Assert.Equal((162, 240, 0.675), (answer.Present, answer.Expected, answer.Completeness));
            var filled = (await rig.Database.ReadAsync("days", tx => new SeriesReader(new RollupOptions()).Read(tx, question with { GapFill = GapFill.Null })))!;
            Assert.Equal([(0, 0), (48, 48), (42, 48), (48, 48), (0, 48), (24, 48), (0, 0), (0, 0)], filled.Buckets.Select(b => (b.Count, b.Expected!.Value)));
            var raw = (await rig.Database.ReadAsync("raw", tx => new SeriesReader(new RollupOptions()).Read(tx, question with { From = At(24), To = At(48), Step = Tier.Raw })))!;
            Assert.Equal((42, 48), (raw.Present, raw.Expected));
        }
    }

    [Theory, BothDatabases]
    public async Task Days_on_which_the_clock_is_changed_have_the_half_hours_they_have(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        await SiteZone.ChangeAsync(rig.Database, "Europe/London", default);
        await rig.ImportAsync(
            Files.WideHeader(50) + Files.WideRow("M1", "2023-10-28", Files.Count(48).Concat(["", ""])) + Files.WideRow("M1", "2023-10-29", Files.Count(50)) + Files.WideRow("M1", "2024-03-31", Files.Count(46).Concat(["", "", "", ""])),
            "wide-half-hours");
        var days = await QualityAsync(rig, await rig.Store.ScalarAsync<string>("select name from series"), "2023-10-27T23:00:00Z", "2023-10-29T12:00:00Z");
        Assert.Equal([(48L, 48, 0), (50, 50, 0)], days.Select(d => (d.Expected!.Value, d.Present, d.GapCount)));
        days = await QualityAsync(rig, days[0].Series, "2024-03-31T00:00:00Z", "2024-03-31T12:00:00Z");
        Assert.Equal([(46L, 46, 0)], days.Select(d => (d.Expected!.Value, d.Present, d.GapCount)));
    }

    [Theory, BothDatabases]
    public async Task A_later_file_says_the_interval_of_a_series_that_has_none_or_another(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        await rig.ImportAsync(Files.Long(2, 48));
        await rig.Store.ExecuteAsync("update series set interval_us = null where name = 'M1/import'");
        await rig.Store.ExecuteAsync("update series set interval_us = 900000000 where name = 'M2/import'");
        await rig.ImportAsync(Files.Long(2, 48, "2026-02-01T00:00:00Z"));
        Assert.Equal([1_800_000_000, 1_800_000_000], await rig.Store.QueryAsync<long>("select interval_us from series order by name"));

        // Two values show nothing.
        await rig.ImportAsync("meter,timestamp,value\nM1,2026-03-01T00:00Z,1\nM1,2026-03-01T04:00Z,1\n");
        Assert.Equal(1_800_000_000, await rig.Store.ScalarAsync<long?>("select min(interval_us) from series"));
    }

    [Theory, BothDatabases]
    public async Task Of_many_meters_with_few_values_in_each_chunk_the_whole_file_shows_the_interval(DatabaseKind kind)
    {
        // Hours in the order of time: two values of each meter in a chunk.
        await using var rig = await ImportRig.StartAsync(kind, chunk: 20);
        await rig.ImportAsync(Hours(10, 30, "2024-01-01T00:00:00Z"));
        Assert.Equal(Enumerable.Repeat<long?>(3_600_000_000, 10), await rig.Store.QueryAsync<long?>("select interval_us from series"));

        // What was said of a series before is replaced as soon as the file leaves no doubt, and not by less.
        await rig.Store.ExecuteAsync("update series set interval_us = 1800000000");
        await rig.ImportAsync(Hours(10, 23, "2024-02-01T00:00:00Z"));
        Assert.Equal(Enumerable.Repeat<long?>(1_800_000_000, 10), await rig.Store.QueryAsync<long?>("select interval_us from series"));
        await rig.ImportAsync(Hours(10, 24, "2024-03-01T00:00:00Z"));
        Assert.Equal(Enumerable.Repeat<long?>(3_600_000_000, 10), await rig.Store.QueryAsync<long?>("select interval_us from series"));
    }

    [Theory, BothDatabases]
    public async Task What_no_file_shows_and_no_profile_says_is_not_known(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 2);
        await rig.ImportAsync(Hours(2, 2, "2024-01-01T00:00:00Z"));
        Assert.Equal([null, null], await rig.Store.QueryAsync<long?>("select interval_us from series"));
        await rig.ImportAsync(Hours(1, 2, "2024-02-01T00:00:00Z"), own: Files.Changed("long-csv", "interval: 60m"));
        Assert.Equal([3_600_000_000, null], await rig.Store.QueryAsync<long?>("select interval_us from series order by name"));

        // What a profile says of a file that shows another one gives way, also when that is seen later.
        await rig.ImportAsync(Hours(2, 5, "2024-03-01T00:00:00Z"), own: Files.Changed("long-csv", "interval: 15m"));
        Assert.Equal([3_600_000_000, 3_600_000_000], await rig.Store.QueryAsync<long?>("select interval_us from series order by name"));
    }

    [Theory]
    [InlineData(60, 30, false, 3_600_000_000L, true)]
    [InlineData(60, 5, true, 3_600_000_000L, false)]
    [InlineData(60, 2, true, 1_800_000_000L, false)]
    [InlineData(60, 2, false, null, false)]
    [InlineData(15, 96, true, 900_000_000L, true)]
    [InlineData(1_440, 31, false, 86_400_000_000L, true)]
    [InlineData(43_200, 12, true, null, false)]
    public void A_long_file_shows_the_interval_of_its_values(int minutes, int values, bool isSaid, long? interval, bool isSure)
    {
        var all = Enumerable.Range(0, values);
        foreach (var chunk in new[] { values, 3, 1 })
        {
            var channel = new MeterChannel("M1", "import", "kWh");
            foreach (var piece in all.Chunk(chunk).TakeWhile(_ => !channel.IsLookedAt))
            {
                channel.Look([.. piece.Select(n => new Interval(channel, n * 60L * minutes, 1_800, 1, false))], isLong: true, isSaid);
            }

            Assert.Equal((interval, isSure, values >= 24), (channel.IntervalUs, channel.IsIntervalSure, channel.IsLookedAt));
        }

        var wide = new MeterChannel("M1", "import", "kWh");
        wide.Look([new Interval(wide, 0, 1_800, 1, false)], isLong: false, isSaid);
        Assert.Equal((1_800_000_000, true, true), (wide.IntervalUs!.Value, wide.IsIntervalSure, wide.IsLookedAt));
    }

    private static string Hours(int meters, int values, string from)
    {
        Assert.True(Instant.TryParse(from, out var first));
        return "meter,timestamp,value\n" + string.Concat(Enumerable.Range(0, values).SelectMany(hour => Enumerable.Range(1, meters).Select(meter => $"M{meter},{first + TimeSpan.FromHours(hour)},{hour}\n")));
    }

    private static Instant At(double hours) => Instant.From(new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddHours(hours));

    private static async Task<List<DayQuality>> QualityAsync(ImportRig rig, string? series, string from, string until)
    {
        Assert.True(Instant.TryParse(from, out var first));
        Assert.True(Instant.TryParse(until, out var last));
        return (await rig.Database.ReadAsync("quality", tx => new QualityReader(new RollupOptions()).Read(tx, series!, first, last)))!;
    }
}
