using Rondo.Simulators.Modbus;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>What is dead harms itself only.</summary>
public sealed class DeadDeviceTests(ITestOutputHelper output)
{
    private const double AllowedMs = 10;

    /// <summary>
    /// Healthy and dead spells take turns in one run, so that both see the same machine, and the best of three spells of each kind are compared:
    /// what other processes do to a spell is chance, what a dead gateway does comes with every one of its spells (it is tried anew in each).
    /// </summary>
    [Theory]
    [InlineData("refuse")]
    [InlineData("silent")]
    public async Task One_dead_gateway_of_a_hundred_does_not_delay_the_others(string fault)
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 100);
        await site.PrepareAsync(site.DeviceFile("250ms"));
        await site.StartServerAsync();
        await site.UntilPolledAsync(2_000);

        var dead = site.Simulator.Gateways[41];
        var spells = new List<(bool IsDead, Instant From, Instant To)>();
        for (var i = 0; i < 6; i++)
        {
            var isDead = i % 2 == 1;
            dead.Faults = isDead ? [Fault(fault)] : [];
            var from = Site.Now;
            await Passing.OfSeconds(3);
            spells.Add((isDead, from, Site.Now));
        }

        dead.Faults = [];
        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());
        var others = proof.Rows.Where(row => row.Address != dead.Endpoint.ToString() && row.LatenessUs is not null).ToList();
        var measured = spells.ConvertAll(spell => (spell.IsDead, Lateness: others
            .Where(row => row.Slot >= spell.From && row.Slot < spell.To).Select(row => row.LatenessUs!.Value / 1000.0).Order().ToArray()));
        foreach (var (isDead, lateness) in measured)
        {
            output.WriteLine($"{(isDead ? fault : "healthy"),-8} {lateness.Length} polls, lateness p50 {At(lateness, 0.5):0.00} ms, p99 {At(lateness, 0.99):0.00} ms");
        }

        foreach (var fraction in new[] { 0.5, 0.99 })
        {
            var moved = Best(measured, true, fraction) - Best(measured, false, fraction);
            Assert.True(moved <= AllowedMs, $"p{fraction * 100} moved by {moved:0.0} ms");
        }

        // Nor does it cost them a slot; and it was really dead.
        Assert.Contains(proof.Rows, row => row.Address == dead.Endpoint.ToString() && row.Outcome == "failed");
        Assert.DoesNotContain(others, row => row.Outcome != "ok");
    }

    [Fact]
    public async Task One_dead_unit_costs_its_gateway_at_most_one_probe_for_each_step_of_the_back_off()
    {
        const int Dead = 5;
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1, units: 10);
        await site.PrepareAsync(site.DeviceFile("1s", "response_timeout: 150ms"));
        var gateway = site.Simulator.Gateways[0];
        await site.StartServerAsync();
        await site.UntilPolledAsync(20);

        gateway.Faults = [Fault($"dead,units={Dead}-{Dead}")];
        var before = gateway.Requests(Dead);
        var died = Site.Now;
        await Passing.OfSeconds(20);
        var asked = gateway.Requests(Dead) - before;
        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());

        // Three failures open the breaker, then one probe at a time: after at least 1, 2, 4 and 8 s (2, 4, 8 and 16 s, spread over their upper half).
        // Within 20 s of which at least 2 were used to fail three times that is at most four probes.
        output.WriteLine($"{asked} requests reached the dead unit in 20 s; all: {proof.Validation.Expected} slots, missed {string.Join(", ", proof.MissedByReason)}");
        Assert.InRange(asked, 3, 3 + 4);
        var healthy = proof.Rows.Where(row => row.Device != $"meter-1-{Dead}" && row.Slot >= died).ToList();
        Assert.True(healthy.Count >= 9 * 18);
        Assert.DoesNotContain(healthy, row => row.Outcome is not "ok");
        Assert.True(proof.MissedByReason["breaker_open"] >= 8);
    }

    private static FaultSpec Fault(string text) => FaultSpec.TryParse(text, out var fault, out var error) ? fault : throw new ArgumentException(error, nameof(text));

    private static double Best(List<(bool IsDead, double[] Lateness)> spells, bool isDead, double fraction) =>
        spells.Where(spell => spell.IsDead == isDead).Min(spell => At(spell.Lateness, fraction));

    private static double At(double[] sorted, double fraction) => sorted[Math.Max(0, (int)Math.Ceiling(fraction * sorted.Length) - 1)];
}
