using Rondo.Jobs.Schedules;
using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>Compares the ledger of a schedule with its timings: each due instant from where the ledger begins to where it is now has exactly one outcome.</summary>
internal static class TickLedger
{
    private const int Page = 2_000;
    private const int Shown = 10;

    public static LedgerProof Prove(Transaction tx, ScheduleRow row)
    {
        var problems = new List<string>();
        using var expected = Expected(ScheduleStore.Plans(tx, row.Id), row.LedgerFrom, row.NextDue, problems).GetEnumerator();
        var (instants, recorded, holes, strays) = (0L, 0L, 0L, 0L);
        var isThere = expected.MoveNext();
        foreach (var tick in Ticks(tx, row))
        {
            while (isThere && expected.Current < tick.Due)
            {
                Tell(ref holes, $"{expected.Current}: no tick");
                Go();
            }

            // A tick says: these instants, from this one to that one, and no others.
            recorded += tick.Ticks;
            var last = default(Instant);
            var count = 0L;
            while (isThere && expected.Current >= tick.Due && expected.Current <= tick.UntilDue)
            {
                last = expected.Current;
                count++;
                Go();
            }

            if (count != tick.Ticks || last != tick.UntilDue)
            {
                Tell(ref strays, $"{tick.Due}: {tick.Ticks} instants up to {tick.UntilDue} are recorded, and {count} of them were due there and had no tick before");
            }
        }

        while (isThere)
        {
            Tell(ref holes, $"{expected.Current}: no tick");
            Go();
        }

        return new LedgerProof(row.Name, instants, recorded, holes, strays, problems);

        void Go()
        {
            instants++;
            isThere = expected.MoveNext();
        }

        void Tell(ref long count, string problem)
        {
            count++;
            if (problems.Count < Shown)
            {
                problems.Add(problem);
            }
        }
    }

    private static IEnumerable<TickRow> Ticks(Transaction tx, ScheduleRow row)
    {
        var after = row.LedgerFrom;
        List<TickRow> page;
        do
        {
            page = TickStore.After(tx, row.Id, after, Page);
            foreach (var tick in page)
            {
                after = tick.Due;
                yield return tick;
            }
        }
        while (page.Count == Page);
    }

    private static IEnumerable<Instant> Expected(List<PlanRow> plans, Instant from, Instant? next, List<string> problems)
    {
        for (var n = 0; n < plans.Count; n++)
        {
            var plan = plans[n];
            if (!new ScheduleText(plan.Cron, plan.Zone, plan.Every).TryRead(plan.Anchor, out var timing, out var error))
            {
                problems.Add($"the timing since {plan.Since} cannot be read: {error}");
                continue;
            }

            // A change of timing comes after what was due by then; the last timing is accounted for up to the next due instant.
            Instant? until = n + 1 < plans.Count ? plans[n + 1].Since : null;
            var at = plan.Since > from ? plan.Since : from;
            while (timing.Next(at) is { } due && (until is { } end ? due <= end : next is not { } open || due < open))
            {
                yield return due;
                at = due;
            }
        }
    }
}
