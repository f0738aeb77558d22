using Rondo.Storage;

namespace Rondo.Readings.Rollups;

/// <summary>What a pass over all that is new did.</summary>
public sealed record RollupPass
{
    /// <summary>Sources that had something new.</summary>
    public int Sources { get; init; }

    /// <summary>Buckets that were computed, by the word of their tier.</summary>
    public IReadOnlyDictionary<string, long> Buckets { get; init; } = new Dictionary<string, long>();
}

/// <summary>Rolls up whatever is new, source by source; any number of processes may, and none does what another is at.</summary>
/// <param name="database">Migrated.</param>
/// <param name="options">How.</param>
public sealed class RollupRunner(Database database, RollupOptions options)
{
    private const int Page = 500;
    private static readonly TimeSpan _settled = TimeSpan.FromSeconds(5);

    /// <summary>One pass. What is new of a poller's sources waits until its quarter of an hour is over, unless <paramref name="isAll"/>; questions have it in their answers meanwhile.</summary>
    /// <param name="isAll">True to roll up unfinished quarters too.</param>
    /// <param name="alive">Called after each transaction; null for nobody.</param>
    /// <param name="stop">Gives up between two transactions.</param>
    /// <param name="rest">Waited for after each of a poller's sources, which are due all at the same time; null for going on at once.</param>
    public async Task<RollupPass> RunAsync(bool isAll, Action? alive = null, CancellationToken stop = default, Func<Task>? rest = null)
    {
        await SiteZone.ResumeAsync(database, stop).ConfigureAwait(false);
        var tally = new Tally();
        await MarkedAsync(tally, alive, stop).ConfigureAwait(false);
        for (var after = long.MinValue; ;)
        {
            var ordered = await database.AskAsync("rollups.ordered", tx => SourceStore.OrderedAfter(tx, after, Page), stop).ConfigureAwait(false);
            foreach (var source in ordered.Where(s => isAll ? s.Newest is not null : IsDue(s)))
            {
                await OneAsync(source.Id, tally, alive, stop).ConfigureAwait(false);
                await (rest?.Invoke() ?? Task.CompletedTask).ConfigureAwait(false);
            }

            if (ordered.Count < Page)
            {
                return tally.Pass;
            }

            after = ordered[^1].Id;
        }
    }

    /// <summary>One pass over what is marked alone.</summary>
    /// <param name="alive">Called after each transaction; null for nobody.</param>
    /// <param name="stop">Gives up between two transactions.</param>
    public async Task<RollupPass> RunMarkedAsync(Action? alive = null, CancellationToken stop = default)
    {
        var tally = new Tally();
        await MarkedAsync(tally, alive, stop).ConfigureAwait(false);
        return tally.Pass;
    }

    private async Task MarkedAsync(Tally tally, Action? alive, CancellationToken stop)
    {
        for (var after = long.MinValue; ;)
        {
            var marked = await database.AskAsync("rollups.marked", tx => RollupMarks.Sources(tx, after, Page), stop).ConfigureAwait(false);
            foreach (var id in marked)
            {
                await OneAsync(id, tally, alive, stop).ConfigureAwait(false);
            }

            if (marked.Count < Page)
            {
                return;
            }

            after = marked[^1];
        }
    }

    /// <summary>Rolls up what is new of one source; what another process is at is left to it.</summary>
    internal Task RunSourceAsync(long id, Action? alive, CancellationToken stop) => OneAsync(id, new Tally(), alive, stop);

    private async Task OneAsync(long id, Tally tally, Action? alive, CancellationToken stop)
    {
        var step = new RollupStep { IsMore = true };
        for (tally.Sources++; step.IsMore && !step.IsBusy;)
        {
            stop.ThrowIfCancellationRequested();
            step = await database.WriteAsync("rollups.step", tx => RollupStep.Take(tx, id, options), stop).ConfigureAwait(false);
            foreach (var (tier, count) in step.Buckets)
            {
                tally.Buckets[tier] = tally.Buckets.GetValueOrDefault(tier) + count;
            }

            alive?.Invoke();
        }
    }

    /// <summary>Marks whatever samples there are in [from, until), to be rolled up again; returns how many days of sources.</summary>
    public Task<long> MarkAsync(Instant from, Instant until, CancellationToken stop) => SiteZone.MarkAllAsync(database, new Span(from.Micros, until.Micros), null, stop);

    // A quarter is over when something of a later one is there, or when its time is over and nothing came: what comes later all the same is behind the watermark, and found.
    private bool IsDue(SourceRow source)
    {
        if (source.Newest is not { } newest)
        {
            return false;
        }

        var calendar = SiteCalendar.Utc;
        return source.SeenTo is not { } seen
            || calendar.Bucket(Tier.Quarter, newest.Micros).From > calendar.Bucket(Tier.Quarter, seen.Micros).From
            || (database.Clock.Now - _settled).Micros >= calendar.Bucket(Tier.Quarter, newest.Micros).Until;
    }

    private sealed class Tally
    {
        public int Sources { get; set; }

        public SortedDictionary<Tier, long> Buckets { get; } = [];

        public RollupPass Pass => new() { Sources = Sources, Buckets = Buckets.ToDictionary(b => b.Key.Word(), b => b.Value) };
    }
}
