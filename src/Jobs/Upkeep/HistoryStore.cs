using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Jobs.Upkeep;

/// <summary>Room for what ends, and forgetting: by partition on PostgreSQL, in slices on SQLite.</summary>
internal static class HistoryStore
{
    private const int Slice = 2_000;
    private static readonly TimeSpan _length = TimeSpan.FromDays(7);

    private static readonly Sql _history = new("jobs.forget", """
        delete from job_history where id in (select id from job_history where forget_at < @now and finished_at < @seen and not is_awaited limit @slice)
          and forget_at < @now and finished_at < @seen and not is_awaited
        """);

    private static readonly Sql _failures = new("jobs.forget.failures", "delete from job_failure where job_id in (select job_id from job_failure where forget_at < @now limit @slice) and forget_at < @now");

    private static readonly Sql _untold = new("jobs.forget.untold", "select exists (select 1 from job_history where is_awaited and forget_at < @now)");

    private static readonly Sql _periods = new("jobs.forget.periods", """
        delete from job_unique_period where key in (select key from job_unique_period where until <= @now limit @slice) and until <= @now
        """);

    /// <summary>Partitions from now to the longest retention, and one more.</summary>
    public static void Prepare(Database database, JobsOptions options)
    {
        if (database.Dialect == Dialect.Postgres)
        {
            database.Write("jobs.room", tx => Partitions.Ensure(tx, "job_history", _length, tx.Now, tx.Now + Longest(options) + _length));
        }
    }

    /// <summary>The same for whoever ends jobs without running any: no node may have run here yet.</summary>
    public static Task PrepareAsync(Database database, JobsOptions options, CancellationToken stop) => database.Dialect == Dialect.Postgres
        ? database.WriteAsync("jobs.room", tx => Partitions.Ensure(tx, "job_history", _length, tx.Now, tx.Now + Longest(options) + _length), stop)
        : Task.CompletedTask;

    /// <summary>Forgets a slice; true when there may be more.</summary>
    public static bool Forget(Database database, JobsOptions options)
    {
        if (database.Dialect == Dialect.Postgres)
        {
            // Not before everybody who waits for one of them was told.
            database.Write("jobs.forget", tx => tx.First<bool>(_untold, new { now = tx.Now }) ? 0 : Partitions.DropBefore(tx, "job_history", _length, tx.Now - Proof.Balance.KeepEnded).Count);
        }

        return database.Write("jobs.forget", tx =>
        {
            var now = tx.Now;
            var count = tx.Dialect == Dialect.Sqlite ? tx.Execute(_history, new { now, seen = now - Proof.Balance.KeepEnded, slice = Slice }) : 0;
            count += tx.Execute(_periods, new { now, slice = Slice }) + Links.BatchStore.Forget(tx, options);
            count += tx.Execute(_failures, new { now, slice = Slice });
            return count + TraceStore.Forget(tx, now - Longest(options));
        }) > 0;
    }

    private static TimeSpan Longest(JobsOptions options) => new[] { options.KeepDone, options.KeepCancelled, options.KeepDead }.Max();
}
