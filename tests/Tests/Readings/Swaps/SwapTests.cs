using Rondo.Readings;
using Rondo.Readings.Quality;
using Rondo.Readings.Rollups;
using Rondo.Readings.Swaps;
using Rondo.Storage;
using Rondo.Tests.Readings.Rollups;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Swaps;

public sealed class SwapTests
{
    private static readonly DateTime _start = new(2026, 2, 25, 0, 0, 0, DateTimeKind.Utc);

    [Theory, BothDatabases]
    public async Task A_declared_swap_counts_what_both_meters_did_and_is_rolled_up_by_itself(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(2), interval: TimeSpan.FromHours(1));
        for (var hour = 0; hour < 24; hour++)
        {
            // The old meter rises by 1 each hour to 1009, the new one from 5 by 2.
            await rig.PutAsync(At(hour).ToDateTime(), null, hour < 10 ? 1_000 + hour : 7 + ((hour - 10) * 2), null, null);
        }

        await rig.RunAsync();
        Assert.Equal(9 + 7 + 26, await RoseAsync(rig));
        Assert.Equal(1, (await QualityAsync(rig)).Negative);

        // Between 9 and 10 o'clock the old meter went on to 1009.4, the new one from 5 to 7.
        var change = await rig.Store.Database.WriteAsync("swap", tx => MeterSwaps.Declare(tx, "m/counter", At(9.5), 1_009.4, 5));
        Assert.Equal((At(9.5), 1_009.4, 5d), (change.Swap!.At, change.Swap.OldEnd!.Value, change.Swap.NewStart!.Value));
        await rig.RunAsync();
        Assert.Equal(9 + 0.4m + 2 + 26, await RoseAsync(rig));
        Assert.Equal(2.4m, (await rig.ReadAsync(2, Tier.Hour)).Single(p => p.At == At(9).Micros).Delta);
        Assert.Equal(0, (await QualityAsync(rig)).Negative);

        // Without numbers the last reading before and the first one after stand for them; taken back it is a reset again.
        await rig.Store.Database.WriteAsync("swap", tx => MeterSwaps.Declare(tx, "m/counter", At(9.5), null, null));
        await rig.RunAsync();
        Assert.Equal(9 + 26, await RoseAsync(rig));
        Assert.Single(await rig.Store.Database.ReadAsync("swaps", tx => MeterSwaps.List(tx, "m/counter")));
        Assert.True((await rig.Store.Database.WriteAsync("swap", tx => MeterSwaps.Remove(tx, "m/counter", At(9.5)))).IsRemoved);
        await rig.RunAsync();
        Assert.Equal(9 + 7 + 26, await RoseAsync(rig));
        Assert.True((await rig.Store.Database.WriteAsync("swap", tx => MeterSwaps.Remove(tx, "m/counter", At(9.5)))).IsUnknown);
    }

    [Theory, BothDatabases]
    public async Task What_would_make_consumption_negative_or_is_no_counter_is_refused(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(2), interval: TimeSpan.FromHours(1));
        await rig.PutAsync(At(1).ToDateTime(), 1, 100, null, null);
        await rig.PutAsync(At(2).ToDateTime(), 1, 7, null, null);
        Task<SwapChange> DeclareAsync(string series, double? end, double? start) => rig.Store.Database.WriteAsync("swap", tx => MeterSwaps.Declare(tx, series, At(1.5), end, start));
        Assert.Contains("below the 8", (await DeclareAsync("m/counter", null, 8)).Refusal, StringComparison.Ordinal);
        Assert.Contains("above the 99.5", (await DeclareAsync("m/counter", 99.5, null)).Refusal, StringComparison.Ordinal);
        Assert.Contains("no counter but gauge", (await DeclareAsync("m/gauge", null, null)).Refusal, StringComparison.Ordinal);
        Assert.NotNull((await DeclareAsync("m/counter", double.NaN, null)).Refusal);
        Assert.True((await DeclareAsync("m/nobody", null, null)).IsUnknown);
        Assert.Empty(await rig.Store.QueryAsync<long>("select series_id from meter_swap"));
        Assert.Equal(1, await rig.Store.ScalarAsync<long>("select count(*) from rollup_mark"));
    }

    [Theory, BothDatabases]
    public async Task What_a_file_brings_again_is_counted_in_its_day(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(2), interval: TimeSpan.FromHours(1));
        foreach (var round in (int[])[1, 2, 3])
        {
            await rig.Store.Database.WriteAsync("insert", tx =>
            {
                var batch = new SampleBatch();
                for (var hour = 0; hour < 48; hour++)
                {
                    batch.Put(RollupRig.Source, At(hour).Micros, 0, hour, '.');
                    batch.Put(RollupRig.Source, At(hour).Micros, round, hour, '.');
                }

                batch.Sort();
                SampleWriter.For(kind).Insert(tx, batch);
            });
        }

        // The first round brought nothing again, each other one its gauge; the other channels came once each (and were refused: the row was there).
        Assert.Equal(48, (await QualityAsync(rig, "m/gauge")).Duplicates);
        Assert.Equal(0, (await QualityAsync(rig, "m/energy")).Duplicates);
    }

    [Fact]
    public void Where_a_meter_was_swapped_no_slip_and_no_reset_is_guessed()
    {
        Point[] points = [new(10, 100, false), new(20, 3, false), new(30, 101, false), new(40, 102, false)];
        Assert.Equal((1m, 30L), CounterWalk.From(points, 0, null, [])!.Value);
        Assert.Equal((0m, 20L), CounterWalk.From(points, 0, null, [new Swap(15, null, null)])!.Value);
        Assert.Equal((1m, 20L), CounterWalk.From(points, 0, null, [new Swap(20, 100.5, 2.5)])!.Value);
        Assert.Equal((98m, 30L), CounterWalk.From(points, 1, null, [new Swap(15, null, null)])!.Value);
        Assert.Equal((null, 20L), CounterWalk.From(points, 0, null, [new Swap(12, null, null), new Swap(15, null, null)])!.Value);
        Assert.Equal((null, 20L), CounterWalk.From(points, 0, null, [new Swap(15, null, 50)])!.Value);
        Assert.Null(CounterWalk.From(points, 0, null, [new Swap(25, null, null)]));
        Assert.Equal((0m, 20L), CounterWalk.From(points, 0, 65_536, [new Swap(15, null, null)])!.Value);
    }

    private static Instant At(double hours) => Instant.From(_start.AddHours(hours));

    private static async Task<decimal> RoseAsync(RollupRig rig)
    {
        var day = (await rig.ReadAsync(2, Tier.Day)).Single();
        return day.Delta!.Value + day.Unallocated!.Value;
    }

    private static async Task<DayQuality> QualityAsync(RollupRig rig, string name = "m/counter") =>
        (await rig.Store.Database.ReadAsync("quality", tx => new QualityReader(rig.Options).Read(tx, name, At(0), At(24))))![0];
}
