using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>Tells rolling up when samples of a poll group were planned, out of the history of its plans.</summary>
public sealed class PlanSchedule : ISourceSchedule
{
    private static readonly Sql _plans = new("fleet.plans.of_source", """
        select g.id as group_id, p.from_at, p.until_at, p.interval_us, p.phase_us
        from poll_group g left join poll_plan p on p.group_id = g.id and p.from_at < @until and (p.until_at is null or p.until_at > @from)
        where g.source_id = @source order by p.from_at
        """);

    /// <inheritdoc/>
    public IReadOnlyList<PlannedPeriod>? Find(Transaction tx, long source, Instant from, Instant until)
    {
        var rows = tx.Query<PlanRow>(_plans, new { source, from, until });
        return rows.Count == 0 ? null : [.. rows.Where(r => r.FromAt is not null).Select(r => new PlannedPeriod(r.FromAt!.Value, r.UntilAt, r.IntervalUs, r.PhaseUs))];
    }

    private sealed class PlanRow
    {
        public Instant? FromAt { get; init; }

        public Instant? UntilAt { get; init; }

        public long IntervalUs { get; init; }

        public long PhaseUs { get; init; }
    }
}
