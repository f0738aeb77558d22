using Npgsql;
using Rondo.Polling.Fleet;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Tests.Polling.Runtime;
using Rondo.Tests.Support;

namespace Rondo.Tests.Polling.Fleet;

/// <summary>A process that stands still in the middle of a change of the fleet, with the gate that everybody who records has to pass.</summary>
public sealed class FrozenChangeTests
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_change_that_stands_still_is_ended_by_the_server_and_recording_goes_on(bool isReading)
    {
        await using var rig = await PollingRig.StartAsync(DatabaseKind.Postgres);
        await rig.ApplyAsync(Meters.Meter("m"));
        await rig.RunAsync(TimeSpan.FromSeconds(3));
        var recorded = rig.Recorder.Totals.Ok;

        await using var theirs = rig.Store.OpenAsCommand();
        using var holds = new SemaphoreSlim(0);
        using var goOn = new SemaphoreSlim(0);
        var change = theirs.WriteLongAsync("frozen", tx =>
        {
            PlanGate.Change(tx);
            using var command = new NpgsqlCommand("select repeat('x', 8000) from generate_series(1, 100000)", ((PostgresWork)tx).Link);
            using var reader = isReading ? command.ExecuteReader() : null;
            reader?.Read();
            holds.Release();
            Assert.True(goOn.Wait(TimeSpan.FromMinutes(3)), "the test lets it go on");
            return true;
        });
        Assert.True(await holds.WaitAsync(TimeSpan.FromSeconds(30)), "it holds the gate");
        for (var step = 0; step < 10; step++)
        {
            rig.Time.Advance(TimeSpan.FromMilliseconds(100));
            await rig.FireAsync();
            await rig.QuietAsync();
        }

        // While it stands still, and not because it would have gone on by itself.
        await Eventually.TrueAsync(
            async () =>
            {
                await rig.RecordAsync();
                return rig.Recorder.Totals.Ok > recorded;
            },
            "a batch passes",
            TimeSpan.FromMinutes(1));
        goOn.Release();
        Assert.True((await Assert.ThrowsAsync<StorageFault>(() => change)).IsTransient, "its session was ended");
    }
}
