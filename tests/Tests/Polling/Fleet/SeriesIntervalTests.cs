using Rondo.Polling.Configuration;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Fleet;

public sealed class SeriesIntervalTests
{
    [Theory, BothDatabases]
    public async Task A_series_knows_the_interval_of_its_group(DatabaseKind kind)
    {
        await using var rig = await PollingRig.StartAsync(kind);
        foreach (var seconds in (long[])[10, 60])
        {
            var reading = DeviceFile.Parse($"devices:\n  - name: m\n    address: 10.0.0.1:502\n    interval: {seconds}s\n    points:\n      - {{ name: e, function: input, address: 0 }}\n", "f.yaml");
            Assert.Empty(reading.Mistakes);
            await rig.ApplyAsync([.. reading.Devices]);
            Assert.Equal(seconds * 1_000_000, await rig.Store.ScalarAsync<long?>("select interval_us from series"));
        }
    }
}
