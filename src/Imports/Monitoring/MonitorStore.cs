using Rondo.Storage;

namespace Rondo.Imports.Monitoring;

/// <summary>The SQL of how imports are.</summary>
internal static class MonitorStore
{
    // As ImportRow.StateNow says it: what its job has come to, whatever its row says yet.
    private const string Now = """
        case when j.state = 'cancelled' then 'cancelled' when j.id is null or j.state in ('done', 'dead') then 'dead'
          when i.state = 'running' and j.state = 'scheduled' then 'failed' when i.state = 'running' and j.state in ('ready', 'blocked') then 'queued' else i.state end
        """;

    private static readonly Sql _depth = new("imports.monitor.depth", $"""
        select {Now} as state, count(*) as imports, min(case when j.state in ('ready', 'blocked', 'scheduled') then j.due end) as due, min(case when i.state = 'failed' then i.retry_at end) as retry_at
        from import i left join job j on j.id = i.job_id where i.state in ('queued', 'running', 'failed') group by 1
        """);

    private static readonly Sql _ends = new("imports.monitor.ends", """
        select state, count(*) as imports, cast(sum(units) as {bigint}) as units, cast(sum(value_count) as {bigint}) as value_count, cast(sum(rejected) as {bigint}) as rejected, cast(sum(bytes) as {bigint}) as bytes,
          cast(sum(case when retry_count > 0 then 1 else 0 end) as {bigint}) as retried, cast(sum(retry_count) as {bigint}) as runs,
          cast(sum(case when retry_count > 0 and retry_count >= max_retries then 1 else 0 end) as {bigint}) as exhausted
        from import where finished_at > @from and state in ('done', 'dead', 'cancelled') group by state
        """);

    private static readonly Sql _durations = new("imports.monitor.durations", """
        select started_at, finished_at from import where finished_at > @from and state = 'done' and started_at is not null order by finished_at desc limit @limit
        """);

    // A run may read for long before it stores: it counts from its own beginning, not from what the run before it stored last.
    private static readonly Sql _stuck = new("imports.monitor.stuck", """
        select * from (
          select i.id, i.file, case when j.state = 'running' then 'running' else 'waiting' end as what, i.job_id, j.node, j.attempts, j.max_attempts,
            case when j.state = 'running' then {greatest}(coalesce(i.progress_at, i.created_at), coalesce(j.started_at, j.due)) else j.due end as since
          from import i join job j on j.id = i.job_id
          where i.state in ('queued', 'running', 'failed') and j.state in ('ready', 'blocked', 'scheduled', 'running') and (@id is null or i.id = @id)) s
        where since < @before order by since, id limit @limit
        """);

    private static readonly Sql _untold = new("imports.monitor.untold", "select count(*) from import where state = 'dead' and alert_sent = {false} and undone_at is null");

    private static readonly Sql _tell = new("imports.alert.next", "select id from import where state = 'dead' and alert_sent = {false} and undone_at is null order by id limit @limit");

    private static readonly Sql _told = new("imports.alert", "update import set alert_sent = {true}, alert_sent_at = @now where id = @id and state = 'dead' and alert_sent = {false}");

    private static readonly Sql _summary = new("imports.alert.summary", "update import_head set summary_at = @now where summary_at is null or summary_at <= @from");

    // The state in which a run is taken away; another run has another number.
    private static readonly Sql _released = new("imports.released", """
        update import set state = 'queued', last_error = @error, retry_at = null where id = @id and job_id = @job and state = 'running' and retry_count = @retries
        """);

    public static List<DepthRow> Depth(Transaction tx) => tx.Query<DepthRow>(_depth);

    public static List<EndRow> Ends(Transaction tx, Instant from) => tx.Query<EndRow>(_ends, new { from });

    /// <summary>How long the newest of them took, seconds, the shortest first.</summary>
    public static double[] Durations(Transaction tx, Instant from, int limit) =>
        [.. tx.Query<DurationRow>(_durations, new { from, limit }).Select(d => (d.FinishedAt - d.StartedAt).TotalSeconds).Order()];

    public static List<StuckImport> Stuck(Transaction tx, Instant before, int limit, long? id = null) => tx.Query<StuckImport>(_stuck, new { before, limit, id });

    public static long Untold(Transaction tx) => tx.First<long>(_untold);

    public static List<long> Next(Transaction tx, int limit) => tx.Query<long>(_tell, new { limit });

    /// <summary>True when it is told now, false when somebody else has.</summary>
    public static bool Told(Transaction tx, long id, Instant now) => tx.Execute(_told, new { id, now }) == 1;

    /// <summary>True when there was no summary since <paramref name="from"/>; then this is one.</summary>
    public static bool Summary(Transaction tx, Instant now, Instant from) => tx.Execute(_summary, new { now, from }) == 1;

    public static bool Released(Transaction tx, StuckImport import, string error) =>
        tx.Execute(_released, new { id = import.Id, job = import.JobId, error, retries = import.Attempts - 1 }) == 1;

    internal sealed class DepthRow
    {
        public string State { get; init; } = "";

        public long Imports { get; init; }

        public Instant? Due { get; init; }

        public Instant? RetryAt { get; init; }
    }

    internal sealed class EndRow
    {
        public string State { get; init; } = "";

        public long Imports { get; init; }

        public long Units { get; init; }

        public long ValueCount { get; init; }

        public long Rejected { get; init; }

        public long Bytes { get; init; }

        public long Retried { get; init; }

        public long Runs { get; init; }

        public long Exhausted { get; init; }
    }

    private sealed class DurationRow
    {
        public Instant StartedAt { get; init; }

        public Instant FinishedAt { get; init; }
    }
}
