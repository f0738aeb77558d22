using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>The database goes away under load and comes back.</summary>
public sealed class PostgresRestartTests(ITestOutputHelper output)
{
    private const int Gateways = 100;

    [Fact]
    public async Task Five_seconds_without_PostgreSQL_lose_nothing_that_the_spool_can_keep()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Postgres, Gateways);
        await site.PrepareAsync(site.DeviceFile());
        var server = await site.StartServerAsync();
        await site.UntilPolledAsync(Gateways);
        var polling = Site.Now;
        await site.UntilPolledAsync(2 * Gateways);

        var down = Site.Now;
        await site.Postgres!.StopImmediatelyAsync();
        await Passing.OfSeconds(5);
        await site.Postgres.StartAsync();
        var up = Site.Now;

        // Committed again, not only polled again.
        var back = await UntilCommittedAsync(site, up);
        output.WriteLine($"the first slot after the restart was committed {(back - up).TotalSeconds:0.0} s after it");
        await site.UntilPolledAsync(2 * Gateways);
        Assert.False(server.HasExited);
        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());

        var meanwhile = proof.Rows.Count(row => row.Outcome == "ok" && row.Slot > down && row.Slot < up);
        output.WriteLine($"{meanwhile} polls of the outage were kept; missed: {string.Join(", ", proof.MissedByReason)}");
        Assert.True(meanwhile > 0, "nothing was polled while the database was away");
        proof.MissedOnlyFor("database_down", "late", "node_down");

        // The plans began before the server did: until it polled, slots had no node, or one that was still arming. Afterwards there was one all the
        // while, and only a machine that is too slow makes it late.
        Assert.All(proof.Missed.Where(row => row.Reason == "node_down"), row => Assert.True(
            row.LastSlot <= down, $"{row.Device}: node_down from {row.Slot} to {row.LastSlot}, polled since {polling}, database away {down} to {up}, back {back}"));
        var late = proof.Missed.Where(row => row.Reason == "late" && row.Slot > polling).Sum(row => row.Slots);
        Assert.True(late * 20 <= proof.Validation.Expected, $"{late} of {proof.Validation.Expected} slots were late");
        Assert.All(proof.Missed.Where(row => row.Reason == "database_down"), row => Assert.InRange(row.Slot.Micros, down.Micros - 1_000_000, back.Micros));
    }

    private static async Task<Instant> UntilCommittedAsync(Site site, Instant after)
    {
        var newest = new Instant(0);
        await site.Server!.UntilAsync(
            async () =>
            {
                newest = await site.Postgres!.ScalarAsync("select max(slot) from poll where outcome = 'ok'", "rondo") is DateTime slot ? Instant.From(slot) : default;
                return newest > after;
            },
            "an outcome committed after the restart",
            TimeSpan.FromSeconds(60));
        return Site.Now;
    }
}
