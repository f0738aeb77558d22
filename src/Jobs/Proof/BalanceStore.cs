using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>The SQL of the balance: what was accepted, against what is there.</summary>
internal static class BalanceStore
{
    /// <summary>What is owed is looked at in pieces of so many.</summary>
    public const int Piece = 20_000;

    /// <summary>And written down in pieces of so many.</summary>
    public const int CarryPiece = 2_000;

    // Clocks of nodes differ a little: an end may be stored with an instant before its acceptance.
    private static readonly TimeSpan _skew = TimeSpan.FromMinutes(2);

    private const string Minute = "{only:postgres}date_trunc('minute', at){end}{only:sqlite}at - at % 60000000{end}";

    private static readonly Sql _accepted = new("jobs.balance.accepted", $$"""
        select {{Minute}} as minute, cast(sum(n) as {bigint}) as count, cast(sum(n * (first_id + last_id) / 2) as {text}) as ids from job_accepted where at >= @from group by 1
        """);

    private static readonly Sql _there = new("jobs.balance.there", $$"""
        select {{Minute}} as minute, count(*) as count, cast(sum(id) as {text}) as ids, cast(sum(ended) as {bigint}) as ended
        from (
          select id, enqueued_at as at, 0 as ended from job_ready where enqueued_at >= @from
          union all select id, enqueued_at, 0 from job_running where enqueued_at >= @from
          union all select id, enqueued_at, 0 from job_waiting where enqueued_at >= @from
          union all select id, enqueued_at, 1 from job_history where finished_at >= @since and enqueued_at >= @from
        ) each
        group by 1
        """);

    private static readonly Sql _runs = new("jobs.balance.runs", "select at, kind, first_id, last_id, n from job_accepted where at >= @minute and at < @next");

    private static readonly Sql _ids = new("jobs.balance.ids", """
        select id from job_ready where enqueued_at >= @minute and enqueued_at < @next
        union all select id from job_running where enqueued_at >= @minute and enqueued_at < @next
        union all select id from job_waiting where enqueued_at >= @minute and enqueued_at < @next
        union all select id from job_history where finished_at >= @since and enqueued_at >= @minute and enqueued_at < @next
        """);

    private static readonly Sql _notLive = new("jobs.balance.owed", """
        select job_id as id, kind, at from job_owed o
        where not exists (select 1 from job_waiting j where j.id = o.job_id) and not exists (select 1 from job_ready j where j.id = o.job_id)
          and not exists (select 1 from job_running j where j.id = o.job_id)
        order by is_missing, job_id limit @piece
        """);

    private static readonly Sql _ended = new("jobs.balance.ended", "select distinct id from job_history where id {in:@ids}");
    private static readonly Sql _count = new("jobs.balance.count", "select count(*) from job_owed");
    private static readonly Sql _letGo = new("jobs.balance.let_go", "delete from job_owed where job_id {in:@ids}");

    // It may have been taken up again meanwhile.
    private static readonly Sql _settled = new("jobs.balance.settled", """
        delete from job_owed where job_id {in:@ids} and exists (select 1 from job_history h where h.id = job_owed.job_id)
        """);

    private static readonly Sql _missing = new("jobs.balance.missing", "update job_owed set is_missing = {true} where job_id {in:@ids}");
    private static readonly Sql _owe = new("jobs.balance.owe", "insert into job_owed (job_id, kind, at, is_missing) values (@id, @kind, @at, @isMissing) on conflict do nothing");

    private static readonly Sql _again = new("jobs.balance.again", """
        insert into job_owed (job_id, kind, at) select id, kind, @now from job_history where id = @id on conflict do nothing
        """);

    // What was counted and is gone by an operator's will. Where nothing is counted any more, nothing is taken back.
    private static readonly Sql _takeBack = new("jobs.balance.back", """
        insert into job_accepted (at, kind, first_id, last_id, n) select enqueued_at, kind, id, id, -1 from job_history where id {in:@ids} and enqueued_at >= @counted
        """);

    private static readonly Sql _writeOff = new("jobs.balance.off", "insert into job_accepted (at, kind, first_id, last_id, n) values (@at, @kind, @id, @id, -1)");
    private static readonly Sql _forget = new("jobs.balance.old", """
        delete from job_accepted where {only:postgres}ctid = any(array(select ctid from job_accepted where at < @old limit @piece)){end}{only:sqlite}rowid in (select rowid from job_accepted where at < @old limit @piece){end}
        """);

    private static readonly Sql _row = new("jobs.balance.last", "select since, at, wide_at, bad_from, report from job_balance");

    private static readonly Sql _take = new("jobs.balance.take", """
        update job_balance set taken_at = @now where taken_at is null or taken_at <= @before or taken_at > @now
        """);

    private static readonly Sql _store = new("jobs.balance.store", """
        update job_balance set at = @at, report = @report, bad_from = @badFrom, wide_at = coalesce(@wideAt, wide_at)
        """);

    /// <summary>Tables of what has not ended, in the order of a job's way.</summary>
    public static readonly IReadOnlyList<Sql> Live = [.. new[] { "job_waiting", "job_ready", "job_running" }.Select(table => new Sql("jobs.balance.carry", $"""
        select id, kind, enqueued_at as at from {table} where id > @after and enqueued_at < @old and not exists (select 1 from job_owed o where o.job_id = id) order by id limit @piece
        """))];

    public static List<Sum> Accepted(Transaction tx, Instant from) => tx.Query<Sum>(_accepted, new { from });

    public static List<Sum> There(Transaction tx, Instant from) => tx.Query<Sum>(_there, new { from, since = from - _skew });

    public static List<Run> Runs(Transaction tx, Instant minute) => tx.Query<Run>(_runs, new { minute, next = minute + TimeSpan.FromMinutes(1) });

    public static IEnumerable<long> Ids(Transaction tx, Instant minute) => tx.Stream<long>(_ids, new { minute, next = minute + TimeSpan.FromMinutes(1), since = minute - _skew });

    /// <summary>What is owed and neither waits nor runs, what is not known to be missing first.</summary>
    public static List<Owing> NotLive(Transaction tx) => tx.Query<Owing>(_notLive, new { piece = Piece });

    public static HashSet<long> Ended(Transaction tx, long[] ids) => ids.Length == 0 ? [] : [.. tx.Query<long>(_ended, new { ids = new IdList(ids) })];

    public static long Owed(Transaction tx) => tx.First<long>(_count);

    public static void Settle(Transaction tx, long[] ids) => tx.Execute(_settled, new { ids = new IdList(ids) });

    public static void LetGo(Transaction tx, IdList ids) => tx.Execute(_letGo, new { ids });

    public static void Miss(Transaction tx, long[] ids) => tx.Execute(_missing, new { ids = new IdList(ids) });

    public static void Owe(Transaction tx, IEnumerable<Owing> jobs, bool isMissing) =>
        tx.Execute(_owe, jobs.Select(j => new { id = j.Id, kind = j.Kind, at = j.At, isMissing }).ToArray());

    /// <summary>A job that had ended runs again: it is owed again.</summary>
    public static void OweAgain(Transaction tx, long id) => tx.Execute(_again, new { id, now = tx.Now });

    /// <summary>An operator deletes what has ended: it is not missing. Before the deletion.</summary>
    public static void TakeBack(Transaction tx, IdList ids)
    {
        tx.Execute(_takeBack, new { ids, counted = tx.Now - Balance.Counted - TimeSpan.FromHours(2) });
        LetGo(tx, ids);
    }

    public static void WriteOff(Transaction tx, IEnumerable<Owing> jobs) => tx.Execute(_writeOff, jobs.Select(j => new { id = j.Id, kind = j.Kind, at = j.At }).ToArray());

    /// <summary>Lets go of what is no longer counted; true when there may be more.</summary>
    public static bool Forget(Transaction tx, Instant old) => tx.Execute(_forget, new { old, piece = Piece }) == Piece;

    public static Last Read(Transaction tx) => tx.First<Last>(_row) ?? new Last();

    /// <summary>True for the one whose turn it is.</summary>
    public static bool Take(Transaction tx, TimeSpan every) => tx.Execute(_take, new { now = tx.Now, before = tx.Now - every }) == 1;

    public static void Store(Transaction tx, Instant at, string report, Instant? badFrom, Instant? wideAt) => tx.Execute(_store, new { at, report, badFrom, wideAt });

    public sealed class Sum
    {
        public Instant Minute { get; init; }

        public long Count { get; init; }

        public string Ids { get; init; } = "";

        public long Ended { get; init; }
    }

    public sealed class Run
    {
        public Instant At { get; init; }

        public string Kind { get; init; } = "";

        public long FirstId { get; init; }

        public long LastId { get; init; }

        public int N { get; init; }
    }

    public sealed class Owing
    {
        public long Id { get; init; }

        public string Kind { get; init; } = "";

        public Instant At { get; init; }
    }

    public sealed class Last
    {
        public Instant Since { get; init; }

        public Instant? At { get; init; }

        public Instant? WideAt { get; init; }

        public Instant? BadFrom { get; init; }

        public string? Report { get; init; }
    }
}
