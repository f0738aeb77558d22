using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>Deletes what has ended before its time, by an operator's wish.</summary>
internal static class PruneStore
{
    private const int Piece = 1_000;

    private static readonly Sql _count = new("jobs.prune.count", """
        select state, count(*) as count from job_history where finished_at < @before and (cast(@state as {text}) is null or state = @state) group by state
        """);

    private static readonly Sql _old = new("jobs.prune.find", """
        select id, state from job_history where finished_at < @before and (cast(@state as {text}) is null or state = @state) and not is_awaited limit @piece
        """);

    private static readonly Sql[] _gone =
    [
        new("jobs.prune.failures", "delete from job_failure where job_id {in:@ids}"),
        new("jobs.prune.lines", "delete from job_log where job_id {in:@ids}"),
        new("jobs.prune.progress", "delete from job_progress where job_id {in:@ids}"),
        new("jobs.prune", "delete from job_history where id {in:@ids}"),
    ];

    public static Dictionary<string, long> Count(Transaction tx, Instant before, JobState? state) =>
        tx.Query<Old>(_count, new { before, state = state?.Text() }).ToDictionary(o => o.State, o => o.Count, StringComparer.Ordinal);

    /// <summary>Deletes at most 1,000; returns the state of each.</summary>
    public static List<string> Delete(Transaction tx, Instant before, JobState? state)
    {
        var old = tx.Query<Old>(_old, new { before, state = state?.Text(), piece = Piece });
        var ids = new IdList([.. old.Select(o => o.Id)]);
        if (old.Count > 0)
        {
            Proof.BalanceStore.TakeBack(tx, ids);
            Array.ForEach(_gone, sql => tx.Execute(sql, new { ids }));
        }

        return old.ConvertAll(o => o.State);
    }

    private sealed class Old
    {
        public long Id { get; init; }

        public string State { get; init; } = "";

        public long Count { get; init; }
    }
}
