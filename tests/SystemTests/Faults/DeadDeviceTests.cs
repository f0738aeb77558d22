using Rondo.Simulators.Modbus;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>What is dead harms itself only.</summary>
public sealed class DeadDeviceTests(ITestOutputHelper output)
{
    private const double AllowedMs = 10;
    private const int Least = 6;
    private const int Most = 20;

    /// <summary>
    /// Healthy and dead spells take turns in one run, so that both see the same machine, and the best of three or more spells of each kind are compared:
    /// what other processes do to a spell is chance, what a dead gateway does comes with every one of its spells (it is tried anew in each). So where the first
    /// ones were disturbed more are made.
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
        var times = new List<(bool IsDead, Instant From, Instant To)>();
        for (var i = 0; i < Least || (i < Most && Harm(await SpellsAsync()) is not null); i += 2)
        {
            await PassAsync(isDead: false);
            await PassAsync(isDead: true);
        }

        dead.Faults = [];
        var proof = await LedgerProof.ReadAsync(site, await site.StopServerAsync());
        var spells = Spells(proof);
        foreach (var spell in spells)
        {
            output.WriteLine($"{(spell.IsDead ? fault : "healthy"),-8} {spell.Lateness.Length} polls, lateness p50 {spell.At(0.5):0.00} ms, p99 {spell.At(0.99):0.00} ms, {spell.Lost} slots lost");
        }

        // And it was really dead.
        Assert.Contains(proof.Rows, row => row.Address == dead.Endpoint.ToString() && row.Outcome == "failed");
        Assert.Null(Harm(spells));

        async Task PassAsync(bool isDead)
        {
            dead.Faults = isDead ? [Fault(fault)] : [];
            var from = Site.Now;
            await Passing.OfSeconds(3);
            times.Add((isDead, from, Site.Now));
        }

        async Task<List<Spell>> SpellsAsync() => Spells(await LedgerProof.LookAsync(site, Site.Now));

        List<Spell> Spells(LedgerProof ledger)
        {
            var others = ledger.Rows.Where(row => row.Address != dead.Endpoint.ToString()).ToList();
            return times.ConvertAll(time => Spell.Of(time.IsDead, others.Where(row => row.Slot >= time.From && row.Slot < time.To)));
        }
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

        // A few may be lost to a machine that stands still for longer than a device may take to answer; a dead unit that is not left alone costs more than half of all.
        Assert.InRange(healthy.Where(row => row.Outcome is not "ok").Sum(row => row.Slots), 0, healthy.Count / 20);
        Assert.True(proof.MissedByReason["breaker_open"] >= 8);
    }

    private static FaultSpec Fault(string text) => FaultSpec.TryParse(text, out var fault, out var error) ? fault : throw new ArgumentException(error, nameof(text));

    /// <summary>What a dead gateway does to the others, in its best spell against their best one without it; null for nothing.</summary>
    private static string? Harm(List<Spell> spells)
    {
        foreach (var fraction in new[] { 0.5, 0.99 })
        {
            var moved = Best(spell => spell.At(fraction), true) - Best(spell => spell.At(fraction), false);
            if (moved > AllowedMs)
            {
                return $"p{fraction * 100} moved by {moved:0.0} ms";
            }
        }

        var lost = Best(spell => spell.Lost, true) - Best(spell => spell.Lost, false);
        return lost > Best(spell => spell.Lateness.Length, true) / 100 ? $"it costs {lost} slots" : null;

        double Best(Func<Spell, double> measure, bool isDead) => spells.Where(spell => spell.IsDead == isDead).Min(measure);
    }

    /// <summary>How late the others were polled in a few seconds, sorted, and how many of their slots have no reading.</summary>
    private sealed record Spell(bool IsDead, double[] Lateness, int Lost)
    {
        public static Spell Of(bool isDead, IEnumerable<LedgerRow> rows)
        {
            var all = rows.ToList();
            return new Spell(
                isDead,
                [.. all.Where(row => row.LatenessUs is not null).Select(row => row.LatenessUs!.Value / 1000.0).Order()],
                all.Where(row => row.Outcome != "ok").Sum(row => row.Slots));
        }

        /// <summary>Where nothing was polled, it could not be worse.</summary>
        public double At(double fraction) => Lateness.Length == 0 ? double.MaxValue : Lateness[Math.Max(0, (int)Math.Ceiling(fraction * Lateness.Length) - 1)];
    }
}
