using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>Finds batches, and reads from their members how far they are.</summary>
internal static class BatchList
{
    private const string Columns = "id, name, total, is_sealed, created_at, cancelled_at, callback_job_id, finished_at, done, dead, cancelled";

    private static readonly Sql _one = new("batches.one", $"select {Columns} from job_batch where id = @id");
    private static readonly Sql _all = new("batches.list", $"select {Columns} from job_batch where id < @before order by id desc limit @limit");
    private static readonly Sql _open = new("batches.open", $"select {Columns} from job_batch where finished_at is null and id < @before order by id desc limit @limit");

    // By the index of each table, past whatever belongs to no batch.
    private static readonly Sql _live = new("batches.live", """
        select state, cast(sum(n) as {bigint}) as number from (
          select 'ready' as state, count(*) as n from job_ready where batch_id = @id
          union all select 'running', count(*) from job_running where batch_id = @id
          union all select state, count(*) from job_waiting where batch_id = @id group by state
        ) live group by state
        """);

    private static readonly Sql _ended = new("batches.ended", "select state, count(*) as number from job_history where batch_id = @id group by state");

    /// <summary>One, or null.</summary>
    public static BatchView? Find(Transaction tx, long id) => tx.First<Row>(_one, new { id }) is { } row ? View(tx, row) : null;

    /// <summary>The newest first.</summary>
    public static List<BatchView> List(Transaction tx, bool isOpen, long? before, int limit) =>
        tx.Query<Row>(isOpen ? _open : _all, new { before = before ?? long.MaxValue, limit }).ConvertAll(row => View(tx, row));

    private static BatchView View(Transaction tx, Row row)
    {
        var live = Counts(tx, _live, row.Id);
        var ended = row.FinishedAt is null ? Counts(tx, _ended, row.Id) : [];
        var (done, dead, cancelled) = (row.Done ?? ended.GetValueOrDefault("done"), row.Dead ?? ended.GetValueOrDefault("dead"), row.Cancelled ?? ended.GetValueOrDefault("cancelled"));
        var all = row.FinishedAt is null ? row.Total - live.Values.Sum() : row.Total;
        return new BatchView
        {
            Id = row.Id,
            Name = row.Name,
            State = row.FinishedAt is not null ? "finished" : row.CancelledAt is not null ? "cancelling" : row.IsSealed ? "running" : "filling",
            Total = row.Total,
            Ended = all,
            Done = done,
            Dead = dead,
            Cancelled = cancelled,
            Forgotten = all - done - dead - cancelled,
            Scheduled = live.GetValueOrDefault("scheduled"),
            Blocked = live.GetValueOrDefault("blocked"),
            Ready = live.GetValueOrDefault("ready"),
            Running = live.GetValueOrDefault("running"),
            CallbackJobId = row.CallbackJobId,
            CreatedAt = row.CreatedAt,
            CancelledAt = row.CancelledAt,
            FinishedAt = row.FinishedAt,
        };
    }

    private static Dictionary<string, int> Counts(Transaction tx, Sql sql, long id) =>
        tx.Query<Count>(sql, new { id }).ToDictionary(c => c.State, c => (int)c.Number, StringComparer.Ordinal);

    private sealed class Row
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";

        public int Total { get; init; }

        public bool IsSealed { get; init; }

        public Instant CreatedAt { get; init; }

        public Instant? CancelledAt { get; init; }

        public long? CallbackJobId { get; init; }

        public Instant? FinishedAt { get; init; }

        public int? Done { get; init; }

        public int? Dead { get; init; }

        public int? Cancelled { get; init; }
    }

    private sealed class Count
    {
        public string State { get; init; } = "";

        public long Number { get; init; }
    }
}
