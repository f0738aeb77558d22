using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Retention;

public sealed class RetentionTests
{
    private const long Polled = 1;
    private const long Imported = 2;
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);

    private static readonly RetentionOptions _options = new()
    {
        Polled = _day * 100, Imported = _day * 1_000, Quarters = _day * 200, Hours = _day * 300, Days = _day * 1_500, Weeks = null, Months = _day * 10, Years = null,
    };

    [Fact]
    public void A_tier_is_kept_at_least_as_long_as_what_it_is_made_of()
    {
        Assert.Equal(_day * 300, _options.Of(SeriesClass.Polled, Tier.Hour));
        Assert.Equal(_day * 1_000, _options.Of(SeriesClass.Imported, Tier.Hour));
        Assert.Equal(_day * 1_500, _options.Of(SeriesClass.Polled, Tier.Month));
        Assert.Null(_options.Of(SeriesClass.Polled, Tier.Year));
        var forever = new RetentionOptions { Polled = null };
        Assert.All(Enum.GetValues<Tier>(), tier => Assert.Null(forever.Of(SeriesClass.Polled, tier)));
        Assert.Equal(_day * 3_650, forever.Of(SeriesClass.Imported, Tier.Hour));
        Assert.Null(new RetentionOptions().Of(SeriesClass.Imported, Tier.Day));
    }

    [Theory, BothDatabases]
    public async Task Each_tier_of_each_class_goes_when_its_time_is_over_and_a_dry_run_says_so_before(DatabaseKind kind)
    {
        await using var store = await FilledAsync(kind);
        var retention = new ReadingRetention(store.Database, _options, new RollupOptions());
        var before = await CountsAsync(store);
        var planned = await retention.PlanAsync();
        Assert.Equal(before, await CountsAsync(store));
        var gone = await retention.RunAsync();

        // By partition what a partition has nothing else beside; the polled sample of 500 days ago lies in one with an imported one.
        Assert.Equal([500, 50], await AgesAsync(store, Imported, "sample", before: 900));
        Assert.Equal([50], await AgesAsync(store, Polled, "sample"));
        Assert.Equal(kind == DatabaseKind.Postgres ? 3 : 0, gone[0].Partitions);
        Assert.Equal(kind == DatabaseKind.Postgres ? 1 : 3, gone[0].Rows);
        Assert.Equal([150, 50], await AgesAsync(store, Polled, "1"));
        Assert.Equal([250, 150, 50], await AgesAsync(store, Polled, "2"));
        Assert.Equal([500, 250, 150, 50], await AgesAsync(store, Imported, "2", before: 900));
        Assert.Equal([500, 250, 150, 50], await AgesAsync(store, Polled, "3", before: 900));
        Assert.Equal([2_000, 500, 250, 150, 50], await AgesAsync(store, Polled, "4"));
        Assert.Equal(planned.Select(p => (p.Class, p.Tier, p.Before)), gone.Select(g => (g.Class, g.Tier, g.Before)));
        Assert.Equal(planned.Where(p => p.Tier != "raw").Select(p => p.Rows), gone.Where(p => p.Tier != "raw").Select(p => p.Rows));
        Assert.Equal(3, planned[0].Rows);
        Assert.Equal(gone[0].Partitions, planned[0].Partitions);
        Assert.All(await retention.RunAsync(), again => Assert.Equal((0, 0), (again.Rows, again.Partitions)));
    }

    [Theory, BothDatabases]
    public async Task What_is_rolled_up_stays_whatever_it_is_made_of_goes_and_whoever_rolls_up_again(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, new FakeTime());
        await MakeAsync(store);
        var (old, options) = (store.Database.Clock.Now - (_day * 40), new RollupOptions());
        await store.Database.WriteAsync("fill", tx =>
        {
            for (var i = 0; i < 96 * 3; i++)
            {
                Put(tx, Polled, old + (TimeSpan.FromMinutes(15) * i), i);
            }
        });
        var runner = new RollupRunner(store.Database, options);
        await runner.RunAsync(isAll: true);
        var before = await BucketsAsync(store, from: 3);
        var retention = new ReadingRetention(store.Database, new RetentionOptions { Polled = _day * 20, Quarters = _day * 20, Hours = _day * 20 }, options);
        await retention.RunAsync();
        Assert.Equal(0, await store.ScalarAsync<long>("select count(*) from sample where source_id = 1"));
        Assert.Equal(0, await store.ScalarAsync<long>("select count(*) from rollup where tier in (1, 2)"));

        // A late reading of a day whose hours are gone, and whoever has it all computed once more.
        await store.Database.WriteLongAsync("late", tx =>
        {
            if (kind == DatabaseKind.Postgres)
            {
                Partitions.Ensure(tx, "sample", SampleWriter.PartitionLength, old, old + (_day * 3));
            }

            Put(tx, Polled, old + _day + TimeSpan.FromMinutes(1), 1_000);
            RollupMarks.Add(tx, [new RollupMark(Polled, old, old + (_day * 3))]);
            return 0;
        });
        await runner.RunAsync(isAll: true);
        Assert.Equal(before, await BucketsAsync(store, from: 3));

        // Whoever asks for what is gone is told so, and auto takes a step that is there.
        var question = new SeriesQuestion { Series = "polled/v", From = old, To = old + (_day * 3), Step = Tier.Hour };
        var answer = (await store.Database.ReadAsync("ask", tx => new SeriesReader(options).Read(tx, question)))!;
        Assert.NotNull(answer.KeptFrom);
        answer = (await store.Database.ReadAsync("ask", tx => new SeriesReader(options).Read(tx, question with { Step = null })))!;
        Assert.Equal((Tier.Day, null, 96 * 3), (answer.Step, answer.KeptFrom, answer.Present));
    }

    [Theory, BothDatabases]
    public async Task What_is_not_rolled_up_when_its_time_is_over_is_before_it_goes(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, new FakeTime());
        await MakeAsync(store);
        var old = store.Database.Clock.Now - (_day * 40);
        await store.Database.WriteAsync("fill", tx =>
        {
            for (var i = 0; i < 20; i++)
            {
                Put(tx, Polled, old + (TimeSpan.FromMinutes(15) * i), 2);
                Put(tx, Imported, old + (TimeSpan.FromMinutes(15) * i), 3);
            }

            RollupMarks.Add(tx, [new RollupMark(Imported, old, old + TimeSpan.FromHours(5))]);
        });
        var options = new RetentionOptions { Polled = _day * 20, Imported = _day * 20 };
        if (kind == DatabaseKind.Postgres)
        {
            // While another process has one of them, nothing of its class goes.
            await using var beside = store.Beside();
            using var held = new ManualResetEventSlim();
            using var mayEnd = new ManualResetEventSlim();
            var other = beside.Database.WriteAsync("hold", tx =>
            {
                Assert.True(SourceStore.TryLock(tx, Polled));
                held.Set();
                mayEnd.Wait(TimeSpan.FromSeconds(30));
            });
            held.Wait(TimeSpan.FromSeconds(30));
            await new ReadingRetention(store.Database, options, new RollupOptions()).RunAsync();
            Assert.Equal((20, 0), (await store.ScalarAsync<long>("select count(*) from sample where source_id = 1"), await store.ScalarAsync<long>("select count(*) from sample where source_id = 2")));
            mayEnd.Set();
            await other;
        }

        await new ReadingRetention(store.Database, options, new RollupOptions()).RunAsync();
        Assert.Equal(0, await store.ScalarAsync<long>("select count(*) from sample"));
        Assert.Equal(["1 40", "2 60"], await store.QueryAsync<string>($"select cast(series_id as text) || ' ' || cast(cast(sum({(kind == DatabaseKind.Sqlite ? "cast(total as real)" : "total")}) as {(kind == DatabaseKind.Sqlite ? "integer" : "bigint")}) as text) from rollup where tier = 5 group by series_id order by series_id"));
    }

    private static async Task<TestStore> FilledAsync(DatabaseKind kind)
    {
        var store = await TestStore.CreateAsync(kind, new FakeTime());
        await MakeAsync(store);
        var now = store.Database.Clock.Now;
        await store.Database.WriteLongAsync("fill", tx =>
        {
            foreach (var age in (int[])[50, 150, 250, 500, 2_000])
            {
                foreach (var source in (long[])[Polled, Imported])
                {
                    if (age is 50 or 500 || source == (age == 2_000 ? Imported : Polled))
                    {
                        if (kind == DatabaseKind.Postgres)
                        {
                            Partitions.Ensure(tx, "sample", SampleWriter.PartitionLength, now - (_day * age), now - (_day * age) + TimeSpan.FromSeconds(1));
                        }

                        Put(tx, source, now - (_day * age), age);
                    }

                    foreach (var tier in Enum.GetValues<Tier>().Where(t => t > Tier.Raw && (source == Polled || t != Tier.Quarter)))
                    {
                        RollupStore.Insert(tx, [(source, tier, Parts.Fold((now - (_day * age)).Micros, [new Parts { Readings = 1, Low = 1, High = 1, First = 1, Last = 1 }]))]);
                    }
                }
            }

            // As if it had been rolled up when it came.
            SourceStore.Saw(tx, Polled, now);
            return 0;
        });
        return store;
    }

    private static Task<int> MakeAsync(TestStore store) => store.Database.WriteLongAsync("make", tx =>
    {
        var now = tx.Now;
        if (tx.Dialect == Dialect.Postgres)
        {
            Partitions.Ensure(tx, "sample", SampleWriter.PartitionLength, now - (_day * 50), now + _day);
        }

        SeriesStore.AddSources(tx, [(Polled, "polled/main")], now);
        SeriesStore.AddSources(tx, [(Imported, "meter")], now, "meter");
        SeriesStore.AddSeries(tx, [new(Polled, Polled, 0, "polled/v", "kWh", "energy"), new(Imported, Imported, 0, "meter/v", "kWh", "energy")]);
        return 0;
    });

    private static void Put(Transaction tx, long source, Instant at, int value) => tx.Execute(
        new Sql("test.put", $"insert into sample (source_id, at, vals) values (@source, @at, {(tx.Dialect == Dialect.Sqlite ? $"'[{value}]'" : $"array[{value}]::float8[]")})"), new { source, at });

    private static async Task<List<int>> AgesAsync(TestStore store, long of, string what, int before = int.MaxValue)
    {
        var now = store.Database.Clock.Now;
        var rows = await store.QueryAsync<Instant>(what == "sample" ? "select at from sample where source_id = @of order by at" : $"select at from rollup where series_id = @of and tier = {what} order by at", new { of });
        return [.. rows.Select(at => (int)Math.Round((now - at).TotalDays)).Where(age => age < before)];
    }

    private static Task<List<string>> BucketsAsync(TestStore store, int from) =>
        store.QueryAsync<string>("select cast(tier as text) || ' ' || cast(readings as text) || ' ' || cast(total as text) from rollup where series_id = 1 and tier >= @from order by tier, at", new { from });

    private static async Task<string> CountsAsync(TestStore store) => $"{await store.ScalarAsync<long>("select count(*) from sample")} {await store.ScalarAsync<long>("select count(*) from rollup")}";
}
