using Rondo.Readings.Quality;
using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Rollups;

public sealed class QualityTests
{
    // Before the time of the tests' clock: days that are over.
    private static readonly DateTime _start = new(2026, 2, 25, 0, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan _half = TimeSpan.FromMinutes(30);

    [Theory, BothDatabases]
    public async Task A_day_is_judged_by_its_gaps_outliers_stuck_values_and_negative_deltas(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(5), interval: _half);
        await rig.Store.Database.WriteAsync("fill", tx =>
        {
            for (var n = 0; n < 96; n++)
            {
                // On the second day: silence from 6 to 9 o'clock, then a gauge that stands still, one value far off, a counter that goes back, one negative energy.
                if (n is < 60 or >= 66)
                {
                    var gauge = n == 50 ? 9_999 : n is >= 70 and < 92 ? 5 : 10 + (n % 7);
                    RollupRig.Put(tx, _start + (_half * n), [gauge, n == 80 ? 3 : n, n == 81 ? -1 : 1, 0], n == 55 ? "s..." : null);
                }
            }
        });
        var gauge = await ReadAsync(rig, "m/gauge");
        Assert.Equal(2, gauge.Count);
        Assert.True(gauge[0].IsGood, $"{gauge[0]}");
        Assert.Equal(("2026-02-26", 48L, 42, 1, 1, 1), (gauge[1].Day, gauge[1].Expected, gauge[1].Present, gauge[1].GapCount, gauge[1].Suspect, gauge[1].Outliers));
        Assert.Equal([new ReadingGap(At(30), At(33), 6)], gauge[1].Gaps);
        Assert.Equal(new StuckValue(5, At(35), At(45.5), 22), gauge[1].Stuck);
        Assert.Equal(0.875, gauge[1].Completeness);
        Assert.Equal([0, 1], (await ReadAsync(rig, "m/counter")).Select(d => d.Negative));
        Assert.Equal([0, 1], (await ReadAsync(rig, "m/energy")).Select(d => d.Negative));
        Assert.Null((await ReadAsync(rig, "m/state"))[1].Stuck);
        Assert.Null(await rig.Store.Database.ReadAsync("quality", tx => new QualityReader(rig.Options).Read(tx, "m/nobody", At(0), At(1))));
        await Assert.ThrowsAsync<QuestionRefused>(() => rig.Store.Database.ReadAsync("quality", tx => new QualityReader(rig.Options).Read(tx, "m/gauge", At(0), At(24 * 500))));
    }

    [Theory, BothDatabases]
    public async Task A_day_that_is_not_over_lacks_nothing_of_what_is_to_come(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(9), interval: _half);
        var now = FakeTime.Start.UtcDateTime;
        await rig.PutAsync(now - _half, 1, 1, 1, 1);
        var days = await rig.Store.Database.ReadAsync("quality", tx => new QualityReader(rig.Options).Read(tx, "m/gauge", Instant.From(now - _half), Instant.From(now.AddDays(3))))!;
        Assert.Equal((48L, 1, 1), (days![0].Expected, days[0].Present, days[0].GapCount));
        Assert.True(days.Count <= 2, $"{days.Count} days");
    }

    private static Instant At(double hours) => Instant.From(_start.AddHours(hours));

    private static async Task<List<DayQuality>> ReadAsync(RollupRig rig, string name) =>
        (await rig.Store.Database.ReadAsync("quality", tx => new QualityReader(rig.Options).Read(tx, name, At(0), At(48))))!;
}
