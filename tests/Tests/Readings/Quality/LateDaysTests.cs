using Rondo.Loops;
using Rondo.Readings;
using Rondo.Readings.Quality;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Http;
using Rondo.Tests.Readings.Rollups;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Quality;

public sealed class LateDaysTests
{
    // Five days before the clock of the tests; the last of them is the daily job's.
    private static readonly DateTime _start = FakeTime.Start.UtcDateTime.AddDays(-5);
    private static readonly TimeSpan _half = TimeSpan.FromMinutes(30);

    [Theory, BothDatabases]
    public async Task A_day_of_which_something_comes_late_or_goes_is_judged_again(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        Assert.Equal([0, 1, 2, 3], await LateAsync(rig));
        await JudgeAsync(rig);
        Assert.Empty(await LateAsync(rig));
        Assert.Empty(await FindingsAsync(rig));

        await rig.Store.Database.WriteAsync("remove", tx =>
        {
            RollupRig.Remove(tx, At(24 + 6), At(24 + 9) - _half);
            RollupRig.Mark(tx, At(24 + 6), At(24 + 9) - _half);
        });
        await rig.RunAsync();
        Assert.Equal([1], await LateAsync(rig));
        await JudgeAsync(rig);
        Assert.Equal(["m/counter 42/48 1", "m/energy 42/48 1", "m/gauge 42/48 1", "m/state 42/48 1"], await FindingsAsync(rig));

        await rig.Store.Database.WriteAsync("back", tx => Fill(tx, 48 + 12, 48 + 18));
        await rig.RunAsync();
        await JudgeAsync(rig);
        Assert.Empty(await FindingsAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task The_day_before_is_late_once_the_daily_job_was_there_and_today_never(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        await JudgeAsync(rig);
        await rig.PutAsync(At(4 * 24), 1, 1, 1, 1);
        await rig.PutAsync(At(5 * 24), 1, 1, 1, 1);
        await rig.RunAsync();
        Assert.Empty(await LateAsync(rig));
        await rig.Store.Database.WriteAsync("job", tx => LateDays.Judging(tx, Instant.From(At(6 * 24))));
        await rig.PutAsync(At(4 * 24), 1, 1, 1, 1);
        await rig.PutAsync(At(5 * 24), 1, 1, 1, 1);
        await rig.RunAsync();
        Assert.Equal([4], await LateAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task What_is_only_rolled_up_once_more_is_not_late(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        await JudgeAsync(rig);
        Assert.NotEqual(0, await new RollupRunner(rig.Store.Database, rig.Options).MarkAsync(Instant.Epoch, Instant.From(At(24 * 30)), TestContext.Current.CancellationToken));
        await rig.PutAsync(At(30), 1, 1, 1, 1);

        // In pieces: what is cut off keeps what was said of it.
        await rig.RunAsync(samples: 20, days: 3);
        Assert.Equal([1], await LateAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task A_day_of_which_something_came_meanwhile_is_not_taken_away(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        var seen = await rig.Store.Database.ReadAsync("next", tx => LateDays.Next(tx, long.MinValue, 10));
        await rig.PutAsync(At(30), 1, 1, 1, 1);
        await rig.RunAsync();
        var taken = await rig.Store.Database.WriteAsync("take", tx => seen.ConvertAll(day => LateDays.Take(tx, day)));
        Assert.Equal([true, false, true, true], taken);
        Assert.Equal([1], await LateAsync(rig));

        // A row that comes again has no version that somebody saw before.
        var again = Assert.Single(await rig.Store.Database.ReadAsync("next", tx => LateDays.Next(tx, long.MinValue, 10)));
        Assert.True(await rig.Store.Database.WriteAsync("take", tx => LateDays.Take(tx, again)));
        rig.Time.Advance(TimeSpan.FromSeconds(1));
        await rig.PutAsync(At(30), 1, 1, 1, 1);
        await rig.RunAsync();
        Assert.False(await rig.Store.Database.WriteAsync("take", tx => LateDays.Take(tx, again)));
        Assert.Equal([1], await LateAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task A_day_that_the_daily_job_is_judging_waits_for_its_end(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        await rig.Store.Database.WriteAsync("job", tx => LateDays.Leave(tx, Instant.From(At(48))));
        Assert.Equal([0, 1, 3], await LateAsync(rig));
        await JudgeAsync(rig);
        Assert.Empty(await LateAsync(rig));
        await rig.Store.Database.WriteAsync("job", tx => LateDays.Leave(tx, null));
        Assert.Equal([2], await LateAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task Whole_days_missing_between_what_came_are_late_too(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(7), interval: _half, isPolled: false);
        await rig.Store.ExecuteAsync("update series set interval_us = 1800000000");
        await rig.Store.Database.WriteAsync("first", tx => Fill(tx, 48, 2 * 48));
        await rig.RunAsync();
        Assert.Equal([1], await LateAsync(rig));
        await JudgeAsync(rig);
        await rig.Store.Database.WriteAsync("behind", tx => Fill(tx, 3 * 48, 4 * 48));
        await rig.RunAsync();
        Assert.Equal([2, 3], await LateAsync(rig));
        await JudgeAsync(rig);
        await rig.Store.Database.WriteAsync("before", tx => Fill(tx, -2 * 48, -48));
        await rig.RunAsync();
        Assert.Equal([-2, -1, 0], await LateAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task Of_polled_days_whose_plans_are_gone_what_was_found_stays(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        await rig.Store.ExecuteAsync("update source set kind = 'poll_group'");
        await rig.Store.Database.WriteAsync("find", tx => FindingStore.Put(tx, Instant.From(At(0)), [1], [(1, new DayQuality { Series = "m/gauge", Day = "2026-02-24", Expected = 50, Present = 48, GapCount = 2 })]));
        rig.Periods = [new(Instant.From(At(24)), null, _half.Ticks / 10, 0)];
        await JudgeAsync(rig);
        Assert.Empty(await LateAsync(rig));
        Assert.Equal(["m/gauge 48/50 2"], await FindingsAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task A_source_that_cannot_be_judged_keeps_nobody_waiting(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        await rig.Store.Database.WriteAsync("other", tx =>
        {
            SeriesStore.AddSources(tx, [(2, "n/main")], tx.Now);
            SeriesStore.AddSeries(tx, [new NewSeries(9, 2, 0, "n/gauge", "kWh", "gauge")]);
            tx.Execute(new Sql("test", "insert into reading_late_day (source_id, day, version) values (2, @day, 1)"), new { day = Instant.From(At(0)) });
        });
        rig.Fault = source => source == 1 ? new StorageFault(StorageFaultKind.Misuse, "no plans of this one") : null;
        await using var supervisor = new LoopSupervisor(TimeProvider.System, new Chance(1));
        var loop = new LateDaysLoop(rig.Store.Database, rig.Options, TimeProvider.System);
        supervisor.Start(loop);
        await Eventually.TrueAsync(async () => await rig.Store.ScalarAsync<long>("select count(*) from reading_late_day where source_id = 2") == 0, "the other one is judged", TimeSpan.FromSeconds(30));
        await Eventually.TrueAsync(() => loop.Failures > 0, "it is said", TimeSpan.FromSeconds(30));
        Assert.Equal([0, 1, 2, 3], await LateAsync(rig));
    }

    [Theory, BothDatabases]
    public async Task Without_a_beginning_findings_are_of_the_last_days_and_of_older_ones_found_in_them(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        var now = Instant.From(FakeTime.Start);
        await rig.Store.Database.WriteAsync("find", tx =>
        {
            FindingStore.Put(tx, now - TimeSpan.FromDays(30), [1], [(1, new DayQuality { Series = "m/gauge", Day = "old", Present = 1 })]);
            FindingStore.Put(tx, now - TimeSpan.FromDays(2), [1], [(1, new DayQuality { Series = "m/gauge", Day = "new", Present = 2 })]);
        });
        Assert.Equal([2, 1], await ListAsync(null, now + TimeSpan.FromHours(1)));
        Assert.Equal([2], await ListAsync(now - TimeSpan.FromDays(10), now + TimeSpan.FromHours(1)));
        Assert.Equal([2], await ListAsync(null, now - TimeSpan.FromHours(1)));
        Assert.Empty(await ListAsync(null, now + TimeSpan.FromDays(4)));

        async Task<List<int>> ListAsync(Instant? from, Instant until) => (await rig.Store.Database.ReadAsync("list", tx => FindingStore.List(tx, from, until, 10))).ConvertAll(f => f.Present);
    }

    [Theory, BothDatabases]
    public async Task Of_days_whose_readings_are_gone_what_was_found_stays(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind);
        await rig.Store.Database.WriteAsync("find", tx => FindingStore.Put(tx, Instant.From(At(0)), [1], [(1, new DayQuality { Series = "m/gauge", Day = "2026-02-25", Expected = 48, Present = 7 })]));
        await rig.Store.Database.WriteAsync("keep", tx => KeptFrom.Say(tx, SeriesClass.Imported, Tier.Raw, Instant.From(At(24))));
        await JudgeAsync(rig);
        Assert.Empty(await LateAsync(rig));
        Assert.Equal(["m/gauge 7/48 0"], await FindingsAsync(rig));
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_server_judges_the_days_of_a_file_that_comes_late(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestPostgres.CreateAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        var day = new Instant(Instant.Floor((rondo.Server.Database.Clock.Now - TimeSpan.FromDays(30)).Micros, 86_400_000_000));
        await rondo.Server.Database.WriteAsync("fill", tx =>
        {
            SeriesStore.AddSources(tx, [(1, "M1")], tx.Now, "meter");
            SeriesStore.AddSeries(tx, [new(1, 1, 0, "M1/import", "kWh", "energy", IntervalUs: 1_800_000_000)]);
        });
        var batch = new SampleBatch();
        foreach (var half in Enumerable.Range(0, 48).Where(n => n is < 20 or > 22))
        {
            batch.Put(1, (day + (_half * half)).Micros, 0, 1, SampleBatch.Good);
        }

        batch.Sort();
        await new SamplePartitions(rondo.Server.Database).PrepareAsync(batch, TestContext.Current.CancellationToken);
        await rondo.Server.Database.WriteAsync("samples", tx => { SampleWriter.For(postgres is null ? DatabaseKind.Sqlite : DatabaseKind.Postgres).Insert(tx, batch); });
        var found = await Eventually.GetAsync(
            async () => (await rondo.GetAsync("/api/readings/findings")).Good().GetProperty("findings").EnumerateArray().ToList(), list => list.Count > 0, "the day is judged", TimeSpan.FromMinutes(2));
        var one = Assert.Single(found);
        Assert.Empty((await rondo.GetAsync($"/api/readings/findings?from={day + TimeSpan.FromDays(1)}")).Good().GetProperty("findings").EnumerateArray());
        Assert.Equal(("M1/import", 48, 45, 1), (one.GetProperty("series").GetString(), one.GetProperty("expected").GetInt32(), one.GetProperty("present").GetInt32(), one.GetProperty("gaps").GetInt32()));
    }

    private static DateTime At(double hours) => _start.AddHours(hours);

    private static async Task<RollupRig> FilledAsync(DatabaseKind kind)
    {
        var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(7), interval: _half, isPolled: false);
        await rig.Store.Database.WriteAsync("fill", tx => Fill(tx, 0, 5 * 48));
        await rig.RunAsync();
        return rig;
    }

    private static void Fill(Transaction tx, int from, int until)
    {
        for (var n = from; n < until; n++)
        {
            RollupRig.Put(tx, _start + (_half * n), [n % 7, n, 1, n % 2]);
        }

        RollupRig.Mark(tx, _start + (_half * from), _start + (_half * (until - 1)));
    }

    private static async Task JudgeAsync(RollupRig rig)
    {
        var judge = new LateDaysJudge(rig.Store.Database, rig.Options);
        for (var after = long.MinValue; await judge.NextAsync(after, TestContext.Current.CancellationToken) is { Count: > 0 } late; after = late[0].Source)
        {
            var signs = 0;
            await judge.JudgeAsync(late, () => signs++, TestContext.Current.CancellationToken);
            Assert.True(signs is 0 or >= 4, "a sign of life for each series");
        }
    }

    // The late days, counted from the first.
    private static async Task<List<int>> LateAsync(RollupRig rig) =>
        [.. (await rig.Store.Database.ReadAsync("late", tx => LateDays.Next(tx, long.MinValue, 100))).Select(d => (int)(d.Day.ToDateTime() - _start).TotalDays)];

    private static async Task<List<string>> FindingsAsync(RollupRig rig) =>
        [.. (await rig.Store.Database.ReadAsync("findings", tx => FindingStore.List(tx, Instant.Epoch, tx.Now, 100))).Select(f => $"{f.Series} {f.Present}/{f.Expected} {f.Gaps}")];
}
