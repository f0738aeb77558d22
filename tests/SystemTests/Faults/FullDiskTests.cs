using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>A disk that fills up and is freed again.</summary>
public sealed class FullDiskTests(ITestOutputHelper output)
{
    private const int Gateways = 50;

    [Fact]
    public async Task A_full_disk_is_survived_and_said_and_polling_goes_on_when_there_is_room_again()
    {
        await using var disk = await SmallDisk.MountAsync("24m");
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, Gateways, folder: disk.Folder);
        await site.PrepareAsync(site.DeviceFile("500ms"));
        var server = await site.StartServerAsync();
        await site.UntilPolledAsync(2 * Gateways);

        var full = Site.Now;
        disk.Fill();
        await server.WaitForLineAsync("full", TimeSpan.FromSeconds(60));
        await Passing.OfSeconds(3);
        Assert.False(server.HasExited);

        disk.Free();
        var freed = Site.Now;
        await server.UntilAsync(
            async () => await site.ReadAsync(tx => tx.First<long?>(new Sql("test.newest", "select max(slot) from poll where outcome = 'ok'"))) > freed.Micros,
            "an outcome committed after the disk was freed",
            TimeSpan.FromSeconds(60));
        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());
        var kept = proof.Rows.Count(row => row.Outcome == "ok" && row.Slot > full && row.Slot < freed);
        output.WriteLine($"{kept} polls of the time without room were kept; missed: {string.Join(", ", proof.MissedByReason)}");
        proof.MissedOnlyFor("database_down", "late", "node_down");

        // The plans began before the server did; afterwards there was one all the while.
        Assert.All(proof.Missed.Where(row => row.Reason == "node_down"), row => Assert.True(row.LastSlot <= full, $"{row.Device}: node_down from {row.Slot} to {row.LastSlot}, full since {full}"));
    }
}
