using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>What imports write and take back is rolled up without anybody saying so.</summary>
public sealed class ImportRollupTests
{
    [Theory, BothDatabases]
    public async Task A_day_of_50_half_hours_is_one_day_and_is_gone_when_its_import_is_taken_back(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 7);
        await SiteZone.ChangeAsync(rig.Database, "Europe/London", default);
        var rollups = new RollupRunner(rig.Database, new RollupOptions());
        var text = Files.WideHeader(50)
            + Files.WideRow("M1", "2026-10-24", Files.Count(48).Concat(["", ""]))
            + Files.WideRow("M1", "2026-10-25", Files.Count(50))
            + Files.WideRow("M1", "2026-10-26", Files.Count(48).Concat(["", ""]));
        var import = await rig.ImportAsync(text, "wide-half-hours");
        Assert.Equal((146, 0), (import.Inserted, import.Rejected));

        await rollups.RunMarkedAsync(stop: default);
        Assert.Equal(0, await rig.CountAsync("rollup_mark"));
        Assert.Equal(
            ["2026-10-23T23:00:00Z 48 1176", "2026-10-24T23:00:00Z 50 1275", "2026-10-26T00:00:00Z 48 1176"], await DaysAsync(rig));
        Assert.Equal(3, await rig.CountAsync("(select at from rollup where tier = 3) d"));

        // A correction of one value touches its own day, and an undo takes everything out again.
        var corrected = await rig.ImportAsync(Files.WideHeader(50) + Files.WideRow("M1", "2026-10-25", Files.Count(49).Concat(["150"])), "wide-half-hours", own: Files.Changed("wide-half-hours", "overlap: last-wins"));
        Assert.Equal(1, await rig.CountAsync("rollup_mark"));
        await rollups.RunMarkedAsync(stop: default);
        Assert.Equal("2026-10-24T23:00:00Z 50 1375", (await DaysAsync(rig))[1]);
        await rig.UndoAsync(corrected.Id);
        await rig.UndoAsync(import.Id);
        await rollups.RunMarkedAsync(stop: default);
        Assert.Equal((0, 0, 0), (await rig.CountAsync("sample"), await rig.CountAsync("rollup"), await rig.CountAsync("rollup_mark")));
    }

    private static async Task<List<string>> DaysAsync(ImportRig rig)
    {
        var name = await rig.Store.ScalarAsync<string>("select min(name) from series");
        Assert.True(Instant.TryParse("2026-10-23T23:00:00Z", out var from));
        var answer = await rig.Database.ReadAsync("days", tx => new SeriesReader(new RollupOptions()).Read(tx, new SeriesQuestion { Series = name!, From = from, To = from + TimeSpan.FromHours(73), Step = Tier.Day }));
        return [.. answer!.Buckets.Select(b => $"{b.At} {b.Count} {b.Value:0}")];
    }
}
