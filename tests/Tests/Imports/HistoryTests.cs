using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

public sealed class HistoryTests
{
    [Theory, BothDatabases]
    public async Task Years_of_history_come_in_and_stay_as_long_as_imported_readings_are_kept(DatabaseKind kind)
    {
        var options = new RetentionOptions();
        await using var rig = await ImportRig.StartAsync(kind, oldest: options.Imported);
        var row = await rig.ImportAsync("meter,channel,timestamp,value,status\nM1,import,2005-01-01T00:00Z,1,A\nM1,import,2021-01-01T00:00Z,2,A\nM1,import,2026-01-01T00:00Z,3,A\n");
        Assert.Equal((2, 1), (row.Inserted, row.Rejected));

        // Far older than what is polled may be.
        await new ReadingRetention(rig.Database, options, new RollupOptions()).RunAsync();
        Assert.Equal(["M1/import 2021-01-01T00:00:00Z 2 good", "M1/import 2026-01-01T00:00:00Z 3 good"], await rig.ValuesAsync());
        await new ReadingRetention(rig.Database, options with { Imported = TimeSpan.FromDays(1_000) }, new RollupOptions()).RunAsync();
        Assert.Equal(["M1/import 2026-01-01T00:00:00Z 3 good"], await rig.ValuesAsync());
    }
}
