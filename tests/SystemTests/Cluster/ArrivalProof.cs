using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>What the gateways saw, held against the ledger: one poll for every slot that has a reading, and no second one but where that cannot be helped.</summary>
internal sealed class ArrivalProof
{
    // A request is stamped by the simulator's clock, its slot by the database's: the same machine, two readings.
    private static readonly TimeSpan ClockNoise = TimeSpan.FromMilliseconds(20);

    /// <summary>Polls that reached a gateway and not the ledger.</summary>
    public long Lost { get; private set; }

    /// <summary>Slots polled twice, the first poll lost with its node before it was committed.</summary>
    public long Again { get; private set; }

    /// <summary>Slots polled more than once in a window in which a stopped node was continued.</summary>
    public long Continued { get; private set; }

    /// <summary>Slots polled more than once without such a reason.</summary>
    public List<string> TooOften { get; } = [];

    /// <summary>Readings in the ledger for which no gateway was asked.</summary>
    public List<string> Unseen { get; } = [];

    /// <summary>Gateways whose arrivals cannot be held against the ledger.</summary>
    public List<string> Unjudged { get; } = [];

    public static ArrivalProof Read(Site site, LedgerProof ledger, Explanation explanation)
    {
        var proof = new ArrivalProof();
        var rows = ledger.Rows.ToLookup(row => row.Address);
        foreach (var gateway in site.Simulator.Gateways)
        {
            var own = rows[site.AddressOf(gateway)].ToList();
            var arrivals = gateway.Arrivals(1);
            if (gateway.Counters.Requests != arrivals.Count || own is not [{ IntervalUs: > 0 }, ..])
            {
                proof.Unjudged.Add($"{gateway.Endpoint}: {arrivals.Count} of {gateway.Counters.Requests} requests are remembered, {own.Count} rows");
                continue;
            }

            var (interval, phase) = (own[0].IntervalUs, own[0].PhaseUs);
            var counts = arrivals
                .Select(arrival => Instant.From(arrival.At).Micros + (ClockNoise.Ticks / 10))
                .GroupBy(at => at - ((at - phase) % interval))
                .ToDictionary(some => some.Key, some => some.Count());
            var recorded = own.Where(row => row.Outcome is not "missed").Select(row => row.Slot.Micros).ToHashSet();
            foreach (var (slot, count) in counts)
            {
                proof.Judge(explanation, own[0], new Instant(slot), count);
                proof.Lost += recorded.Contains(slot) ? count - 1 : count;
            }

            proof.Unseen.AddRange(own.Where(row => row.HasValues && !counts.ContainsKey(row.Slot.Micros)).Select(row => $"{row.Device}: {row.Slot}"));
        }

        return proof;
    }

    private void Judge(Explanation explanation, LedgerRow group, Instant slot, int count)
    {
        if (count <= 1)
        {
            return;
        }

        if (explanation.IsContinued(group, slot))
        {
            Continued++;
        }
        else if (count == 2 && explanation.MayBeLost(group, slot))
        {
            Again++;
        }
        else
        {
            TooOften.Add($"{group.Device}: {count} polls for slot {slot}");
        }
    }
}
