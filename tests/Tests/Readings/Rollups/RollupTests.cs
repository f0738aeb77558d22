using Rondo.Readings;
using Rondo.Readings.Queries;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Rollups;

public sealed class RollupTests
{
    private static readonly DateTime _start = new(2026, 3, 1, 0, 0, 0, DateTimeKind.Utc);
    private static readonly TimeSpan _half = TimeSpan.FromMinutes(30);

    [Theory, BothDatabases]
    public async Task A_corrected_value_has_its_own_buckets_computed_and_no_others(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 40, isPolled: false);
        Assert.True((await rig.RunAsync()).Buckets["1h"] > 900);
        await rig.PutAsync(At(24 * 3), 1, 0, 100, 0);
        var pass = await rig.RunAsync();

        // The hour for four series, and the one before for the counter: what it rose by is told there.
        Assert.Equal(5, pass.Buckets["1h"]);
        Assert.Equal(5, pass.Buckets["1d"]);
        Assert.True(pass.Buckets["1w"] <= 8 && pass.Buckets["1mo"] <= 8 && pass.Buckets["1y"] == 4, string.Join(", ", pass.Buckets));
        Assert.Equal(100 + 1, (await rig.ReadAsync(3, Tier.Hour)).Single(p => p.At == Instant.From(At(24 * 3)).Micros).Total);
        Assert.Equal(0, (await rig.RunAsync()).Sources);
    }

    [Theory, BothDatabases]
    public async Task A_transaction_reads_so_many_samples_at_most_however_many_days_are_marked(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 40, isPolled: false);
        await rig.RunAsync();

        // Every other day, so that there are as many spans.
        await rig.Store.Database.WriteAsync("mark", tx =>
        {
            for (var day = 0; day < 40; day += 2)
            {
                RollupRig.Mark(tx, At(24 * day), At((24 * day) + 23));
            }
        });
        var step = await rig.Store.Database.WriteAsync("step", tx => RollupStep.Take(tx, RollupRig.Source, rig.Options with { MostSamples = 150 }));
        Assert.True(step.IsMore);
        Assert.Equal(3 + 1, await rig.Store.Database.ReadAsync("taken", tx => 20 - RollupMarks.See(tx, RollupRig.Source, 100).Count(m => m.ToAt.Micros - m.FromAt.Micros == 23 * 3_600_000_000L)));
        Assert.Equal(0, (await rig.RunAsync(samples: 150)).Buckets["1d"] % 4);
        Assert.Empty(await rig.Store.Database.ReadAsync("marks", tx => RollupMarks.See(tx, RollupRig.Source, 100)));
    }

    [Theory, BothDatabases]
    public async Task Running_again_over_what_is_rolled_up_changes_nothing(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 3, isPolled: true);
        await rig.RunAsync();
        var before = await rig.DumpAsync();
        var marked = await new RollupRunner(rig.Store.Database, rig.Options).MarkAsync(Instant.Epoch, Instant.From(At(24 * 30)), TestContext.Current.CancellationToken);
        Assert.Equal(3, marked);
        Assert.NotEqual(0, (await rig.RunAsync()).Sources);
        Assert.Equal(before, await rig.DumpAsync());
    }

    [Theory, BothDatabases]
    public async Task What_a_counter_rose_by_across_a_hole_is_kept_and_flagged(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(2), interval: _half);
        await rig.PutAsync(At(0), null, 10, null, null);
        await rig.PutAsync(At(0) + _half, null, 11, null, null);
        await rig.PutAsync(At(5), null, 20, null, null);
        await rig.PutAsync(At(5) + _half, null, 21.5, null, null);
        await rig.RunAsync();
        var hours = await rig.ReadAsync(2, Tier.Hour);
        Assert.Equal([(1m, 9m), (1.5m, 0m)], hours.Select(h => (h.Delta!.Value, h.Unallocated!.Value)));
        var day = Assert.Single(await rig.ReadAsync(2, Tier.Day));
        Assert.Equal((2.5m, 9m, 48), (day.Delta, day.Unallocated, day.Expected));
    }

    [Theory, BothDatabases]
    public async Task A_reset_counts_once_the_next_reading_confirms_it_and_a_slip_never_does(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(2), interval: _half);
        await rig.PutAsync(At(0), null, 100, null, null);
        await rig.PutAsync(At(1), null, 2, null, null);
        await rig.RunAsync();
        Assert.Equal(0, (await rig.ReadAsync(2, Tier.Day)).Single().Delta + (await rig.ReadAsync(2, Tier.Day)).Single().Unallocated);
        await rig.PutAsync(At(2), null, 5, null, null);
        await rig.RunAsync();
        Assert.Equal(5, (await rig.ReadAsync(2, Tier.Day)).Single().Delta + (await rig.ReadAsync(2, Tier.Day)).Single().Unallocated);
        await rig.PutAsync(At(2), null, 104, null, null);
        await rig.RunAsync();
        Assert.Equal(4, (await rig.ReadAsync(2, Tier.Day)).Single().Delta + (await rig.ReadAsync(2, Tier.Day)).Single().Unallocated);
    }

    [Theory, BothDatabases]
    public async Task Rollups_stay_when_the_samples_they_are_made_of_are_let_go_of(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 3, isPolled: true);
        await rig.RunAsync();
        var before = await rig.DumpAsync();
        await rig.Store.Database.WriteAsync("keep", tx => KeptFrom.Say(tx, SeriesClass.Polled, Tier.Raw, Instant.From(At(24))));
        await rig.Store.Database.WriteAsync("drop", tx => RollupRig.Remove(tx, At(0), At(23) + _half));
        Assert.Equal(before, await rig.DumpAsync());

        // Not even somebody who has them computed again takes them away.
        await rig.Store.Database.WriteAsync("mark", tx => RollupRig.Mark(tx, At(0), At(48)));
        await rig.RunAsync();
        Assert.Equal(before.Where(l => l.StartsWith("3 ", StringComparison.Ordinal)), (await rig.DumpAsync()).Where(l => l.StartsWith("3 ", StringComparison.Ordinal)));
    }

    [Theory, BothDatabases]
    public async Task Another_time_zone_has_everything_rolled_up_by_its_clock(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 3, isPolled: true);
        await rig.RunAsync();
        Assert.Equal(3, (await rig.ReadAsync(1, Tier.Day)).Count);
        Assert.True(await SiteZone.ChangeAsync(rig.Store.Database, "Asia/Kathmandu", TestContext.Current.CancellationToken));
        Assert.False(await SiteZone.ChangeAsync(rig.Store.Database, "Asia/Kathmandu", TestContext.Current.CancellationToken));
        await rig.RunAsync();
        var days = await rig.ReadAsync(1, Tier.Day);
        Assert.Equal([At(-5) - TimeSpan.FromMinutes(45), At(18) + TimeSpan.FromMinutes(15)], days.Take(2).Select(d => new Instant(d.At).ToDateTime()));
        Assert.Equal(3 * 48, days.Sum(d => d.Readings));
    }

    [Theory, BothDatabases]
    public async Task A_bucket_keeps_what_was_expected_when_its_plans_are_gone(DatabaseKind kind)
    {
        // Three days that are over on the tests' clock.
        await using var rig = await RollupRig.CreateAsync(kind, At(-96), At(24), interval: _half);
        await rig.Store.Database.WriteAsync("fill", tx =>
        {
            for (var n = 0; n < 3 * 48; n++)
            {
                RollupRig.Put(tx, At(-96 + (n / 2.0)), [n, n, 1, n % 2]);
            }
        });
        await rig.RunAsync();
        var question = new SeriesQuestion { Series = "m/energy", From = Instant.From(At(-96)), To = Instant.From(At(-24)), Step = Tier.Day };
        var reader = new SeriesReader(rig.Options);
        Task<SeriesAnswer?> AskAsync(SeriesQuestion asked) => rig.Store.Database.ReadAsync("ask", tx => reader.Read(tx, asked));
        var before = (await AskAsync(question))!;
        Assert.Equal([48, 48, 48], before.Buckets.Select(b => b.Expected!.Value));
        rig.Periods = [new(Instant.From(At(-60)), null, TimeSpan.FromDays(1).Ticks / 10, 0)];
        var after = (await AskAsync(question))!;
        Assert.Equal([48, 48, 1], after.Buckets.Select(b => b.Expected!.Value));
        Assert.Equal(after.Buckets.Sum(b => b.Expected), after.Expected);
        rig.Periods = [];
        Assert.Equal(before.Buckets, (await AskAsync(question))!.Buckets);
        Assert.Equal(before.Buckets.Sum(b => b.Expected), (await AskAsync(question with { Calendar = SiteCalendar.Find("Africa/Abidjan") }))!.Expected);
    }

    [Theory, BothDatabases]
    public async Task An_answer_has_what_is_not_rolled_up_yet(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 3, isPolled: true);
        var question = new SeriesQuestion { Series = "m/energy", From = Instant.From(_start), To = Instant.From(At(72)), Step = Tier.Day };
        var reader = new SeriesReader(rig.Options);
        Task<SeriesAnswer?> AskAsync(SeriesQuestion asked) => rig.Store.Database.ReadAsync("ask", tx => reader.Read(tx, asked));
        var before = (await AskAsync(question))!;
        Assert.Empty(await rig.ReadAsync(3, Tier.Day));
        Assert.Equal([48m, 48m, 48m], before.Buckets.Select(b => b.Value));
        Assert.False(before.IsPending);
        await rig.RunAsync();
        Assert.Equal(before.Buckets, (await AskAsync(question))!.Buckets);
        await rig.PutAsync(At(30), 1, 1, 11, 1);
        Assert.Equal([48m, 58m, 48m], (await AskAsync(question))!.Buckets.Select(b => b.Value));
        Assert.Equal(48m, (await rig.ReadAsync(3, Tier.Day))[1].Total);

        // In other zones and steps out of the same parts.
        var zone = SiteCalendar.Find("Asia/Kathmandu");
        Assert.Equal(154m, (await AskAsync(question with { Calendar = zone }))!.Buckets.Sum(b => b.Sum));
        Assert.Equal(144, (await AskAsync(question with { Step = Tier.Quarter }))!.Buckets.Count);
        Assert.Equal(288, (await AskAsync(question with { Step = Tier.Quarter, GapFill = GapFill.Linear }))!.Buckets.Count);
        Assert.Equal(Tier.Raw, (await AskAsync(question with { Step = null }))!.Step);
        Assert.Equal(Tier.Hour, (await AskAsync(question with { Step = null, Points = 100 }))!.Step);
        Assert.Null(await AskAsync(question with { Series = "m/nobody" }));
        await Assert.ThrowsAsync<QuestionRefused>(() => AskAsync(question with { To = Instant.From(_start.AddYears(50)), Step = Tier.Quarter }));
    }

    [Theory, BothDatabases]
    public async Task Gaps_are_gaps_unless_they_are_to_be_filled(DatabaseKind kind)
    {
        await using var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(2), interval: _half);
        await rig.PutAsync(At(1), 10, null, null, null);
        await rig.PutAsync(At(4), 40, null, null, null);
        var question = new SeriesQuestion { Series = "m/gauge", From = Instant.From(_start), To = Instant.From(At(6)), Step = Tier.Hour };
        Task<List<decimal?>> AskAsync(GapFill fill) => rig.Store.Database.ReadAsync("ask", tx => new SeriesReader(rig.Options).Read(tx, question with { GapFill = fill })!.Buckets.Select(b => b.Value).ToList());
        Assert.Equal([10, 40], await AskAsync(GapFill.None));
        Assert.Equal([null, 10, null, null, 40, null], await AskAsync(GapFill.Null));
        Assert.Equal([null, 10, 10, 10, 40, 40], await AskAsync(GapFill.Previous));
        Assert.Equal([null, 10, 20, 30, 40, null], await AskAsync(GapFill.Linear));
    }

    [Theory, BothDatabases]
    public async Task The_newest_of_many_are_found_however_old(DatabaseKind kind)
    {
        await using var rig = await FilledAsync(kind, days: 1, isPolled: true);
        var newest = await rig.Store.Database.ReadAsync("newest", tx => SeriesReader.Latest(tx, ["m/energy", "m/nobody", "m/gauge"]));
        Assert.Equal([("m/energy", (Instant?)Instant.From(At(23) + _half), (double?)1), ("m/gauge", Instant.From(At(23) + _half), 47)], newest.Select(n => (n.Name, n.At, n.Value)));
    }

    [Theory, BothDatabases]
    public async Task The_newest_of_long_ago_are_found_whether_or_not_they_are_rolled_up_and_after_some_were_taken_away(DatabaseKind kind)
    {
        var start = FakeTime.Start.UtcDateTime.AddDays(-60);
        await using var rig = await RollupRig.CreateAsync(kind, start, start.AddDays(2), interval: _half, isPolled: false);
        await rig.Store.Database.WriteAsync("fill", tx =>
        {
            for (var n = 0; n < 96; n++)
            {
                RollupRig.Put(tx, start + (_half * n), [n, n, 1, null]);
            }

            RollupRig.Mark(tx, start, start + (_half * 95));
        });
        Task<List<string>> NewestAsync() => rig.Store.Database.ReadAsync(
            "newest", tx => SeriesReader.Latest(tx, ["m/gauge", "m/state"]).ConvertAll(n => $"{n.Name} {(n.At is { } at ? (at.ToDateTime() - start) / _half : -1)}"));
        Assert.Equal(["m/gauge 95", "m/state -1"], await NewestAsync());
        await rig.RunAsync();
        Assert.Equal(["m/gauge 95", "m/state -1"], await NewestAsync());
        await rig.Store.Database.WriteAsync("late", tx => RollupRig.Put(tx, start.AddDays(4), [1, 1, 1, null]));
        Assert.Equal(["m/gauge 192", "m/state -1"], await NewestAsync());
        await rig.Store.Database.WriteAsync("remove", tx => RollupRig.Remove(tx, start + (_half * 40), start.AddDays(4)));
        Assert.Equal(["m/gauge 39", "m/state -1"], await NewestAsync());
    }

    internal static DateTime At(double hours) => _start.AddHours(hours);

    // Half-hours: 0, 1, 2 … as a gauge, a counter that rises by one, and one unit of energy each.
    private static async Task<RollupRig> FilledAsync(DatabaseKind kind, int days, bool isPolled)
    {
        var rig = await RollupRig.CreateAsync(kind, _start, _start.AddDays(days), interval: _half, isPolled: isPolled);
        await rig.Store.Database.WriteLongAsync("fill", tx =>
        {
            for (var n = 0; n < days * 48; n++)
            {
                RollupRig.Put(tx, _start + (_half * n), [n, n, 1, n % 2]);
            }

            if (!isPolled)
            {
                RollupRig.Mark(tx, _start, _start + (_half * ((days * 48) - 1)));
            }

            return 0;
        });
        return rig;
    }
}
