using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>Stores, changes, pauses and removes schedules so that the ledger stays without holes: what is due by then has its outcome by the old timing first.</summary>
internal sealed class ScheduleWriter(JobQueue queue, Ticker ticker)
{
    // 20,000 due instants each: thirty years of every second.
    private const int MostPasses = 50_000;

    /// <summary>What came of storing one.</summary>
    public enum Put
    {
        /// <summary>It is stored, or was already.</summary>
        Done,

        /// <summary>There is more to bring up to date first: call again.</summary>
        Again,

        /// <summary>The name is taken.</summary>
        Taken,
    }

    /// <summary>Calls a piece of work, one transaction each time, until it is done.</summary>
    public static async Task UntilDoneAsync(Func<Task<bool>> work)
    {
        for (var pass = 0; pass < MostPasses; pass++)
        {
            if (await work().ConfigureAwait(false))
            {
                return;
            }
        }

        throw new StorageFault(StorageFaultKind.Busy, "schedules: what is due cannot be brought up to date; is somebody else changing the same schedule all the time?");
    }

    /// <summary>Stores what is wanted.</summary>
    /// <param name="tx">Transaction.</param>
    /// <param name="wanted">The schedule.</param>
    /// <param name="source">Who defines it: the name of a set, or <see cref="JobSchedules.Operator"/>.</param>
    /// <param name="mayReplace">Whether it may be there already; code replaces whatever has its name.</param>
    /// <exception cref="ScheduleRefused">It is wrong, or defined by code.</exception>
    public Put Store(Transaction tx, ScheduleDefinition wanted, string source, bool mayReplace)
    {
        var now = tx.Now;
        var anchor = new Instant(now.Micros - (now.Micros % 1_000_000));
        var timing = wanted.Check(queue, anchor);
        if (ScheduleStore.Lock(tx, wanted.Name) is not { } old)
        {
            var first = new ScheduleRow { Source = source, Revision = 1, LedgerFrom = now, CreatedAt = now, ChangedAt = now };
            return ScheduleStore.Insert(tx, first.With(wanted).With(timing, anchor, now)) ? Put.Done : Put.Again;
        }

        if (!mayReplace)
        {
            return Put.Taken;
        }

        if (source == JobSchedules.Operator && old.Source != source && old.UndefinedAt is null)
        {
            throw new ScheduleRefused("name", $"schedule '{wanted.Name}' is defined by the program ({old.Source}); change it there, or take another name", isTaken: true);
        }

        var next = old.With(wanted) with { Source = source, UndefinedAt = null };
        var isNewPlan = old.When != timing.Text;
        if (next == old && !isNewPlan)
        {
            return Put.Done;
        }

        next = next with { Revision = old.Revision + 1, ChangedAt = now };
        if (isNewPlan)
        {
            // By the old timing, but with what is wanted now: the old kind may be known to nobody any more.
            if (ticker.Fire(tx, next, now).IsMore)
            {
                return Put.Again;
            }

            // A clock that was put back must not lead into what the ledger has.
            var since = Later(Later(now, new Instant(old.PlanSince.Micros + 1)), TickStore.Newest(tx, old.Id)?.UntilDue ?? now);
            next = next.With(timing, anchor, since);
        }

        ScheduleStore.Update(tx, next, isNewPlan);
        return Put.Done;
    }

    /// <summary>Pauses it, or lets it go on; what was due until then was paused. False when it has to be called again.</summary>
    public bool Pause(Transaction tx, ScheduleRow row, bool isPaused)
    {
        if (row.IsPaused && !isPaused && ticker.Fire(tx, row, tx.Now).IsMore)
        {
            return false;
        }

        if (row.IsPaused != isPaused)
        {
            ScheduleStore.Pause(tx, row.Id, isPaused);
        }

        return true;
    }

    /// <summary>Marks those of a set that it does not define any more; returns their names.</summary>
    public static List<string> Compare(Transaction tx, string source, IEnumerable<string> defined)
    {
        var known = defined.ToHashSet(StringComparer.Ordinal);
        var gone = ScheduleStore.All(tx).FindAll(s => s.Source == source && s.UndefinedAt is null && !known.Contains(s.Name));
        gone.ForEach(s => ScheduleStore.MarkUndefined(tx, s.Id));
        return gone.ConvertAll(s => s.Name);
    }

    private static Instant Later(Instant a, Instant b) => a > b ? a : b;
}
