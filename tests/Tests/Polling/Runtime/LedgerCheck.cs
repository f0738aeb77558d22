using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>
/// A second opinion on the ledger that shares nothing with the validator: it writes out every planned slot and every slot of every row, and crosses them
/// off against each other.
/// </summary>
internal sealed class LedgerCheck(PollingRig rig)
{
    public async Task RunAsync()
    {
        var now = rig.Now;
        var expected = new Dictionary<(long Group, long Slot), int>();
        foreach (var row in await rig.Store.QueryAsync<PlanRow>("select group_id, no, from_at, until_at, interval_us, phase_us from poll_plan"))
        {
            var until = Math.Min(row.UntilAt?.Micros ?? long.MaxValue, now.Micros + 1);
            var first = row.FromAt.Micros + ((((row.PhaseUs - row.FromAt.Micros) % row.IntervalUs) + row.IntervalUs) % row.IntervalUs);
            for (var slot = first; slot < until; slot += row.IntervalUs)
            {
                Assert.True(expected.TryAdd((row.GroupId, slot), row.No), $"group {row.GroupId}: plans overlap at {new Instant(slot)}");
            }
        }

        var intervals = (await rig.Store.QueryAsync<PlanRow>("select group_id, no, from_at, until_at, interval_us, phase_us from poll_plan"))
            .ToDictionary(row => (row.GroupId, row.No), row => row.IntervalUs);
        foreach (var row in await rig.Store.QueryAsync<Row>("select group_id, plan_no, slot, slots, outcome from poll"))
        {
            for (var n = 0; n < row.Slots; n++)
            {
                var slot = row.Slot.Micros + (n * intervals[(row.GroupId, row.PlanNo)]);
                Assert.True(
                    expected.Remove((row.GroupId, slot), out var plan) && plan == row.PlanNo,
                    $"group {row.GroupId}, plan {row.PlanNo}: {row.Outcome} at {new Instant(slot)} is recorded twice or was not planned");
            }
        }

        foreach (var ((group, slot), plan) in expected)
        {
            var due = slot + intervals[(group, plan)] + (Validator.Grace.Ticks / 10);
            Assert.True(due >= now.Micros, $"group {group}, plan {plan}: nothing is recorded at {new Instant(slot)}");
        }

        Assert.Equal(
            await rig.Store.QueryAsync<string>("select g.source_id || ' ' || slot from poll l join poll_group g on g.id = l.group_id where outcome in ('ok', 'partial') order by 1"),
            await rig.Store.QueryAsync<string>("select source_id || ' ' || at from sample order by 1"));
    }

    private sealed class Row
    {
        public long GroupId { get; init; }

        public int PlanNo { get; init; }

        public Instant Slot { get; init; }

        public int Slots { get; init; }

        public string Outcome { get; init; } = "";
    }
}
