using System.Globalization;
using Rondo.Readings;
using Rondo.Readings.Archive;
using Rondo.Readings.Quality;
using Rondo.Readings.Queries;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Archive;

/// <summary>Samples that are packed are there as if they were not, for everybody.</summary>
public sealed class ArchiveTests
{
    private const long Meter = 1;
    private const long Polled = 2;
    private static readonly TimeSpan _minute = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan _after = TimeSpan.FromDays(14);
    private static readonly RollupOptions _options = new();
    private readonly FakeTime _time = new();

    [Fact]
    public async Task A_year_takes_a_fifth_of_the_room_at_most_and_is_the_same_in_plain_SQL()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, _time);
        await MakeAsync(store);
        var random = new Random(5);

        // Two weeks of a counter and a gauge at 60 s, and a year of half-hourly energy.
        var now = Day(store.Database.Clock.Now);
        await PagesAsync(store);
        var before = await PagesAsync(store);
        await FillAsync(store, now, random, days: 21);
        var plain = await PagesAsync(store) - before;
        var rows = await DumpAsync(store);
        await RollUpAsync(store);
        var rolled = await PagesAsync(store);
        var packed = await new SampleArchiver(store.Database, _after).RunAsync();
        Assert.Equal(0, await new SampleArchiver(store.Database, _after).RunAsync());
        Assert.Equal(rows, await DumpAsync(store));

        // What is left of the plain samples lies at the new end; of the packed ones the room that they gave back is what counts.
        var left = await store.ScalarAsync<long>("select count(*) from sample");
        var all = left + packed;
        var archive = await PagesAsync(store) - (rolled - plain) - (plain * left / (double)all);
        var factor = plain * packed / (double)all / archive;
        TestContext.Current.TestOutputHelper?.WriteLine($"{packed} samples: {plain} pages for {all} plain, {archive:0} archived, factor {factor:0.0}");
        Assert.True(factor >= 5, $"{packed} of {all} samples are packed, and take {archive:0} pages instead of {plain * packed / (double)all:0}");
    }

    [Fact]
    public async Task Whoever_asks_gets_the_same_from_the_archive()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, _time);
        await MakeAsync(store);
        var now = Day(store.Database.Clock.Now);
        await FillAsync(store, now, new Random(6), days: 30);
        await RollUpAsync(store);
        var before = await AskAsync(store, now);
        Assert.True(await new SampleArchiver(store.Database, _after).RunAsync() > 20_000);
        Assert.Equal(before, await AskAsync(store, now));

        // Everything rolled up once more, from what is archived too.
        var buckets = await BucketsAsync(store);
        await store.ExecuteAsync("delete from rollup");
        await new RollupRunner(store.Database, _options).MarkAsync(Instant.Epoch, now + TimeSpan.FromDays(400), default);
        await RollUpAsync(store);
        Assert.Equal(buckets, await BucketsAsync(store));
    }

    [Fact]
    public async Task Late_and_corrected_readings_of_an_archived_time_are_written_and_taken_back_as_ever()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, _time);
        await MakeAsync(store);
        var now = Day(store.Database.Clock.Now);
        await FillAsync(store, now, new Random(7), days: 20);
        await RollUpAsync(store);
        await new SampleArchiver(store.Database, _after).RunAsync();
        var before = await DumpAsync(store);
        var (at, late) = ((now - TimeSpan.FromDays(200)).Micros, (now - TimeSpan.FromDays(200) + TimeSpan.FromMinutes(7)).Micros);
        var archived = await store.ScalarAsync<long>("select count(*) from sample_archive");
        var was = await store.Database.WriteAsync("correct", tx =>
        {
            var writer = SampleWriter.For(DatabaseKind.Sqlite);
            var batch = new SampleBatch();
            batch.Put(Meter, at, 0, 99.5, 'e');
            batch.Put(Meter, late, 0, 1.25, '.');
            batch.Sort();
            var clash = Assert.Single(writer.Insert(tx, batch));
            var value = clash.Stored.Get(0)!.Value;
            clash.Stored.Set(0, 99.5, 'e');
            writer.Replace(tx, [clash.Stored]);
            return value;
        });
        Assert.Equal(before.Count + 1, (await DumpAsync(store)).Count);
        await RollUpAsync(store);

        // Packed again, with what came in between, and taken back again.
        Assert.True(await new SampleArchiver(store.Database, _after).RunAsync() > 1);
        Assert.InRange(await store.ScalarAsync<long>("select count(*) from sample_archive"), archived, archived + 1);
        Assert.Equal(before.Count + 1, (await DumpAsync(store)).Count);
        await store.Database.WriteAsync("undo", tx =>
        {
            var writer = SampleWriter.For(DatabaseKind.Sqlite);
            var rows = writer.Read(tx, [(Meter, late), (Meter, at)]);
            Assert.Equal([(99.5, 'e'), (1.25, '.')], rows.Select(r => r.Get(0)!.Value));
            rows[0].Set(0, was.Value, was.Mark);
            rows[1].Remove(0);
            writer.Replace(tx, rows);
        });
        Assert.Equal(before, await DumpAsync(store));
    }

    [Fact]
    public async Task The_newest_sample_and_what_is_not_rolled_up_stay_plain_and_retention_lets_go_of_both()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, _time);
        await MakeAsync(store);
        var now = Day(store.Database.Clock.Now);
        await store.Database.WriteAsync("fill", tx =>
        {
            for (var i = 0; i < 500; i++)
            {
                Put(tx, Polled, now - TimeSpan.FromDays(300) + (_minute * i), i, i == 499 ? null : 2);
                Put(tx, Meter, now - TimeSpan.FromDays(300) + (_minute * i), i, null);
            }
        });
        await new SampleArchiver(store.Database, _after).RunAsync();
        Assert.Equal([Meter + " 1", Polled + " 500"], await PlainAsync(store));
        await RollUpAsync(store);
        await new SampleArchiver(store.Database, _after).RunAsync();
        Assert.Equal([Meter + " 1", Polled + " 1"], await PlainAsync(store));

        // The newest of a series may be archived where the newest sample has none.
        var latest = await store.Database.ReadAsync("latest", tx => SeriesReader.Latest(tx, ["p/counter", "p/gauge"]));
        Assert.Equal([(499d, 499), (2d, 498)], latest.Select(l => (l.Value!.Value, (int)Math.Round((l.At!.Value - (now - TimeSpan.FromDays(300))).TotalMinutes))));
        var retention = new ReadingRetention(store.Database, new RetentionOptions { Polled = TimeSpan.FromDays(100), Imported = null }, _options);
        Assert.Equal(500, (await retention.PlanAsync())[0].Rows);
        Assert.Equal(500, (await retention.RunAsync())[0].Rows);
        Assert.Equal(500, (await DumpAsync(store)).Count);
        Assert.Equal(0, await store.ScalarAsync<long>("select count(*) from sample_archive_column where source_id = 2"));
    }

    private static Task<RollupPass> RollUpAsync(TestStore store) => new RollupRunner(store.Database, _options).RunAsync(isAll: true);

    private static async Task<List<string>> PlainAsync(TestStore store) => await store.QueryAsync<string>("select source_id || ' ' || count(*) from sample group by source_id order by source_id");

    private static Task MakeAsync(TestStore store) => store.Database.WriteAsync("make", tx =>
    {
        SeriesStore.AddSources(tx, [(Meter, "M1")], tx.Now, "meter");
        SeriesStore.AddSources(tx, [(Polled, "p/main")], tx.Now);
        SeriesStore.AddSeries(tx, [new(1, Meter, 0, "M1/import", "kWh", "energy"), new(2, Polled, 0, "p/counter", "kWh", "counter"), new(3, Polled, 1, "p/gauge", "W", "gauge")]);
    });

    private static Task<int> FillAsync(TestStore store, Instant now, Random random, int days) => store.Database.WriteLongAsync("fill", tx =>
    {
        var counter = 48_123.45;
        for (var at = now - TimeSpan.FromDays(days + 20); at < now; at += _minute)
        {
            // With a hole, values that are missing and marks.
            if (random.Next(2_000) == 0)
            {
                at += TimeSpan.FromMinutes(random.Next(500));
            }

            counter = Math.Round(counter + (random.NextDouble() * 0.08), 2);
            Put(tx, Polled, at, counter, random.Next(500) == 0 ? null : Math.Round(2_300 + (random.NextDouble() * 900), 1));
        }

        for (var at = now - TimeSpan.FromDays(365); at < now; at += TimeSpan.FromMinutes(30))
        {
            Put(tx, Meter, at, Math.Round(random.NextDouble() * 2, 3), null, random.Next(900) == 0 ? "e" : null);
        }

        RollupMarks.Add(tx, [new RollupMark(Meter, now - TimeSpan.FromDays(365), now)]);
        return 0;
    });

    private static void Put(Transaction tx, long source, Instant at, double first, double? second, string? flags = null) => tx.Execute(
        new Sql("test.put", "insert into sample (source_id, at, vals, flags) values (@source, @at, @vals, @flags)"),
        new { source, at, vals = source == Meter ? string.Create(CultureInfo.InvariantCulture, $"[{first}]") : string.Create(CultureInfo.InvariantCulture, $"[{first},{(second is { } known ? known.ToString(CultureInfo.InvariantCulture) : "null")}]"), flags });

    // Whoever looks with a plain sqlite3 sees this.
    private static Task<List<string>> DumpAsync(TestStore store) => store.QueryAsync<string>("select series || ' ' || at || ' ' || printf('%.17g', value) || ' ' || quality || ' ' || time from reading order by series, at");

    private static Task<List<string>> BucketsAsync(TestStore store) => store.QueryAsync<string>("select series_id || ' ' || tier || ' ' || at || ' ' || readings || ' ' || suspect || ' ' || total || ' ' || low || ' ' || high || ' ' || coalesce(delta, '-') from rollup order by series_id, tier, at");

    private static async Task<List<string>> AskAsync(TestStore store, Instant now)
    {
        var lines = new List<string>();
        await store.Database.ReadAsync("ask", tx =>
        {
            foreach (var name in (string[])["M1/import", "p/counter", "p/gauge"])
            {
                for (var from = now - TimeSpan.FromDays(51); from < now; from += TimeSpan.FromDays(10))
                {
                    lines.AddRange(ReadingQuery.Range(tx, name, from + _minute, from + TimeSpan.FromDays(9), 700).Select(Line));
                    lines.AddRange(ReadingQuery.Newest(tx, name, from, 300).Select(Line));
                    foreach (var step in (Tier?[])[null, Tier.Hour, Tier.Day])
                    {
                        var answer = new SeriesReader(_options).Read(tx, new SeriesQuestion { Series = name, From = from, To = from + TimeSpan.FromDays(9), Step = step, Calendar = SiteCalendar.Find("Asia/Kathmandu") })!;
                        lines.Add($"{name} {answer.Step} {answer.Present} {answer.Buckets.Sum(b => b.Sum)} {answer.Readings.Count}");
                    }
                }

                lines.AddRange(new QualityReader(_options).Read(tx, name, now - TimeSpan.FromDays(45), now - TimeSpan.FromDays(10))!.Select(d => $"{d.Day} {d.Present} {d.GapCount} {d.Suspect} {d.Outliers}"));
            }

            return 0;
        });
        return lines;
    }

    private static string Line(Reading r) => string.Create(CultureInfo.InvariantCulture, $"{r.At} {r.Value:R} {r.Quality}");

    private static Instant Day(Instant at) => new(at.Micros - (at.Micros % 86_400_000_000));

    private static async Task<long> PagesAsync(TestStore store) => await store.ScalarAsync<long>("select page_count from pragma_page_count") - await store.ScalarAsync<long>("select freelist_count from pragma_freelist_count");
}
