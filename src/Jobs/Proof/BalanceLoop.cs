using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>
/// Balances the queue: every five minutes the last quarter of an hour and what was wrong before, once an hour all of a day. Of several nodes one does it, whoever
/// comes first; what it found is stored, so that every node says so.
/// </summary>
internal sealed class BalanceLoop(Database database, JobsOptions options, TimeProvider time, ILogger log) : Loop("jobs.balance", time)
{
    /// <summary>The first one is made so long after the start, or earlier where they are made more often.</summary>
    public static readonly TimeSpan First = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan _wideEvery = TimeSpan.FromHours(1);
    private static readonly TimeSpan _least = TimeSpan.FromMinutes(15);
    private TimeSpan _reach = Balance.Counted;
    private bool _hasWaited;

    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(20);

    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (!_hasWaited)
        {
            _hasWaited = true;
            return Spans.Shorter(First, options.BalanceEvery);
        }

        var isMine = await database.WriteAsync("jobs.balance.take", tx => BalanceStore.Take(tx, options.BalanceEvery * 0.9), stop).ConfigureAwait(false);
        if (!isMine)
        {
            return options.BalanceEvery / 5;
        }

        var last = await database.ReadAsync("jobs.balance.last", BalanceStore.Read, stop).ConfigureAwait(false);
        var isWide = last.WideAt is not { } at || database.Clock.Now - at >= _wideEvery;
        try
        {
            var report = await Balance.RunAsync(database, isWide, _reach, stop).ConfigureAwait(false);
            foreach (var gap in report.Gaps.Take(10))
            {
                JobsLog.Unbalanced(log, gap.Count, gap.Kind, gap.From, gap.IsDoubled ? "in two places" : "nowhere", string.Join(", ", gap.Ids.Take(20)));
            }

            _reach = isWide && _reach < Balance.Counted ? Spans.Shorter(_reach * 2, Balance.Counted) : _reach;
        }
        catch (StorageFault fault) when (isWide && fault.Kind is StorageFaultKind.Busy or StorageFaultKind.Unavailable)
        {
            // More than this database counts in its time (the driver may be the one that gives up): next time less, rather than never.
            _reach = _reach / 4 < _least ? _least : _reach / 4;
            throw;
        }

        return options.BalanceEvery;
    }
}
