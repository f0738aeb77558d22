using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Kills;

/// <summary>kill -9 at random moments: whatever the moment, every slot keeps exactly one outcome.</summary>
public sealed class KillTests(ITestOutputHelper output)
{
    private const int Gateways = 200;

    // What had been polled but was not yet committed when the kill came, and slots that came due before the next start had armed them.
    private static readonly TimeSpan CommitLag = TimeSpan.FromSeconds(1);
    // How long a started server may take to claim, load and arm; on a busy machine seconds.
    private static readonly TimeSpan ArmLag = TimeSpan.FromMilliseconds(1_500);

    // A request is stamped by the simulator's clock, its slot by the database's: the same machine, two readings.
    private static readonly TimeSpan ClockNoise = TimeSpan.FromMilliseconds(20);

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public Task Ten_kills_leave_one_outcome_for_every_slot_and_miss_only_the_downtime(DatabaseKind kind) => RunAsync(kind, 10);

    [Theory]
    [Trait("Category", "Soak")]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public Task Fifty_kills_leave_one_outcome_for_every_slot_and_miss_only_the_downtime(DatabaseKind kind) => RunAsync(kind, 50);

    private async Task RunAsync(DatabaseKind kind, int kills)
    {
        var seed = Environment.GetEnvironmentVariable("RONDO_TEST_SEED") is { Length: > 0 } given ? int.Parse(given, null) : Random.Shared.Next(1_000_000);
        output.WriteLine($"RONDO_TEST_SEED={seed}");
        var random = new Random(seed);
        await using var site = await Site.CreateAsync(kind, Gateways);
        await site.PrepareAsync(site.DeviceFile());

        var downtimes = new List<(Instant From, Instant To)>();
        var server = await site.StartServerAsync();
        downtimes.Add((Instant.Epoch, Site.Now));
        for (var kill = 0; kill < kills; kill++)
        {
            // From the middle of arming to some seconds of steady polling.
            await Passing.OfSeconds(0.001 + (random.NextDouble() * (kill % 3 == 0 ? 0.2 : 2.5)));
            var killed = Site.Now;
            await server.Kill9Async();
            await server.DisposeAsync();
            server = await site.StartServerAsync();
            downtimes.Add((killed, Site.Now));
        }

        await site.UntilPolledAsync(2 * Gateways);
        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());
        output.WriteLine($"{proof.Validation.Expected} slots, {proof.Ok} ok, missed: {string.Join(", ", proof.MissedByReason)}");

        // A server that is killed before it has armed anything has not ended the downtime before it.
        for (var i = 0; i < kills; i++)
        {
            var (from, to) = downtimes[i];
            foreach (var next in downtimes.Skip(i + 1).Take(kills - i).TakeWhile(next => next.From - to < ArmLag))
            {
                to = next.To;
            }

            downtimes.Add((from, to));
        }

        proof.MissedOnlyFor("node_down", "late");
        // Slots between the start of a server and the moment it has armed them are late by nature; others only when the machine is too slow.
        var late = proof.Missed.Where(row => row.Reason == "late" && !downtimes.Exists(down => row.Slot >= down.From && row.Slot <= down.To + ArmLag)).Sum(row => row.Slots);
        Assert.True(late * 20 <= proof.Validation.Expected, $"{late} of {proof.Validation.Expected} slots were late while the server ran");
        foreach (var gap in proof.Missed.Where(row => row.Reason == "node_down"))
        {
            Assert.True(
                downtimes.Exists(down => gap.Slot >= down.From - CommitLag && gap.LastSlot <= down.To + ArmLag),
                $"{gap.Device}: {gap.Slots} slots from {gap.Slot} to {gap.LastSlot} are node_down, but the server was down {string.Join(", ", downtimes.Select(d => $"{d.From}–{d.To}"))}");
        }

        PolledOnce(site, proof, [.. downtimes.Take(kills + 1)]);
    }

    /// <summary>What the gateways saw: one poll for every slot that has a reading, and never two.</summary>
    private void PolledOnce(Site site, LedgerProof proof, List<(Instant From, Instant To)> downtimes)
    {
        var rows = proof.Rows.ToLookup(row => row.Address);
        var lost = 0;
        foreach (var gateway in site.Simulator.Gateways)
        {
            var own = rows[gateway.Endpoint.ToString()].ToList();
            var (interval, phase) = (own[0].IntervalUs, own[0].PhaseUs);
            var recorded = own.Where(row => row.HasValues).Select(row => row.Slot.Micros).ToHashSet();
            var arrivals = gateway.Arrivals(1)
                .Select(arrival => Instant.From(arrival.At).Micros + (ClockNoise.Ticks / 10))
                .GroupBy(at => at - ((at - phase) % interval))
                .ToDictionary(group => group.Key, group => group.Count());
            Assert.True(gateway.Counters.Requests == arrivals.Values.Sum(), "the arrival log was too short");

            foreach (var (slot, count) in arrivals)
            {
                var wasKilled = downtimes.Exists(down => down.From.Micros >= slot && down.From.Micros < slot + interval);
                Assert.True(count == 1 || wasKilled, $"{gateway.Endpoint}: {count} polls for slot {new Instant(slot)}");
                lost += recorded.Contains(slot) ? count - 1 : count;
            }

            Assert.Empty(recorded.Except(arrivals.Keys));
        }

        output.WriteLine($"{lost} polls of {downtimes.Count - 1} kills reached a gateway and not the ledger (running, or not yet committed)");
    }
}
