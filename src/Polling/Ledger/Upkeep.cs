using Rondo.Loops;
using Rondo.Readings;
using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Polling.Ledger;

/// <summary>Makes room ahead and lets go of what of the ledger is older than its retention, in small steps: by partition on PostgreSQL, by slices on SQLite. Samples are let go of by Readings (<see cref="Rondo.Readings.Retention.RetentionLoop"/>).</summary>
public sealed class Upkeep(Database database, PollingOptions options, TimeProvider time) : Loop("polling.upkeep", time)
{
    private static readonly TimeSpan _ledgerLength = TimeSpan.FromDays(1);
    private static readonly TimeSpan _sampleLength = SampleWriter.PartitionLength;
    private static readonly TimeSpan _ahead = TimeSpan.FromDays(8);
    private static readonly TimeSpan _every = TimeSpan.FromMinutes(10);
    private const int Slice = 2_000;

    private static readonly Sql _oldPolls = new("upkeep.polls", """
        delete from poll where (slot, group_id) in (select slot, group_id from poll where slot < @before limit @slice)
        """);

    private static readonly Sql _oldStats = new("upkeep.stats", """
        delete from poll_stat where (group_id, hour) in (select group_id, hour from poll_stat where hour < @before limit @slice)
        """);

    private static readonly Sql _oldPlans = new("upkeep.plans", """
        delete from poll_plan where until_at < @before and until_at <= (select accounted_to from poll_group g where g.id = poll_plan.group_id)
        """);

    // Where plans are not accounted for yet; PostgreSQL alone asks. A gap becomes one row at its first slot, which is at most an interval further on.
    private static readonly Sql _gaps = new("upkeep.gaps", """
        select date_trunc('day', greatest(g.accounted_to, p.from_at, @oldest), 'UTC') as day, max(p.interval_us) as interval_us
        from poll_group g join poll_plan p on p.group_id = g.id
        where (p.until_at is null or p.until_at > g.accounted_to) and greatest(g.accounted_to, p.from_at) < @recent
        group by 1
        """);

    /// <inheritdoc/>
    /// <remarks>A shortened retention may have a lot to let go of; every step of it is bounded by the database, and a pass that was given up is gone on with by the next.</remarks>
    public override TimeSpan StuckAfter => TimeSpan.FromMinutes(30);

    /// <summary>
    /// Partitions must be there before the first outcome: called before polling starts, when the clock jumped, and by every pass. Also where accounts
    /// end, however long ago that was, since what had no node is recorded there: devices may have been stored weeks before a server was started.
    /// </summary>
    public static Task PrepareAsync(Database database, PollingOptions options, CancellationToken stop) => database.Address.Kind == DatabaseKind.Sqlite
        ? Task.CompletedTask
        : database.WriteLongAsync(
            "upkeep.prepare",
            tx =>
            {
                var recent = tx.Now - TimeSpan.FromDays(2);
                var made = Partitions.Ensure(tx, "poll", _ledgerLength, recent, tx.Now + _ahead)
                    + Partitions.Ensure(tx, "sample", _sampleLength, recent, tx.Now + _ahead + _sampleLength);
                foreach (var gap in tx.Query<GapRow>(_gaps, new { recent, oldest = options.LedgerRetention is { } kept ? tx.Now - kept : Instant.Epoch }))
                {
                    made += Partitions.Ensure(tx, "poll", _ledgerLength, gap.Day, gap.Day + _ledgerLength + TimeSpan.FromMicroseconds(gap.IntervalUs));
                }

                return made;
            },
            stop);

    private sealed class GapRow
    {
        public Instant Day { get; init; }

        public long IntervalUs { get; init; }
    }

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        await PrepareAsync(database, options, stop).ConfigureAwait(false);
        var now = database.Clock.Now;
        if (options.LedgerRetention is { } ledger)
        {
            var before = now - ledger;
            await DropAsync("poll", _ledgerLength, _oldPolls, before, stop).ConfigureAwait(false);
            await RepeatAsync("upkeep.stats", _oldStats, before, stop).ConfigureAwait(false);
            await database.WriteAsync("upkeep.plans", tx => { tx.Execute(_oldPlans, new { before }); }, stop).ConfigureAwait(false);
        }

        return _every;
    }

    private Task DropAsync(string table, TimeSpan length, Sql slices, Instant before, CancellationToken stop) =>
        database.Address.Kind == DatabaseKind.Sqlite
            ? RepeatAsync("upkeep." + table, slices, before, stop)
            : database.WriteAsync("upkeep." + table, tx => Partitions.DropBefore(tx, table, length, before), stop);

    private async Task RepeatAsync(string name, Sql sql, Instant before, CancellationToken stop)
    {
        while (await database.WriteAsync(name, tx => tx.Execute(sql, new { before, slice = Slice }), stop).ConfigureAwait(false) == Slice)
        {
            stop.ThrowIfCancellationRequested();
        }
    }
}
