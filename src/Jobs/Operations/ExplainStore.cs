using Rondo.Storage;

namespace Rondo.Jobs.Operations;

/// <summary>The SQL of why a job waits.</summary>
internal static class ExplainStore
{
    /// <summary>Up to how many jobs ahead are counted.</summary>
    public const int MostAhead = 100_000;

    private static readonly Sql _place = new("jobs.explain.place", """
        select rank, concurrency_limit from job_ready where id = @id
        union all select rank, concurrency_limit from job_waiting where id = @id
        """);

    private static readonly Sql _ahead = new("jobs.explain.ahead", """
        select count(*) from (select 1 from job_ready where queue = @queue and crashes < 2 and rank < @rank limit @most) ahead
        """);

    private static readonly Sql _suspects = new("jobs.explain.suspects", "select count(*) from (select 1 from job_ready where crashes >= 2 and (crashes < @crashes or (crashes = @crashes and id < @id)) limit @most) ahead");

    private static readonly Sql _behind = new("jobs.explain.key", """
        select count(*) from (select 1 from job_waiting where state = 'blocked' and waits_for is null and concurrency_key = @key and rank < @rank limit @most) ahead
        """);

    private static readonly Sql _holders = new("jobs.explain.holders", "select job_id from job_slot where key = @key order by n");

    private static readonly Sql _of = new("jobs.explain.kind", "select node from job_running where kind = @kind limit 1");

    private static readonly Sql _running = new("jobs.explain.running", """
        select r.claimed_at, r.started_at, r.node, r.is_alone, c.job_id is not null as is_cancelled from job_running r left join job_cancel c on c.job_id = r.id where r.id = @id
        """);

    public static Place Find(Transaction tx, long id) => tx.First<Place>(_place, new { id }) ?? new Place();

    public static long Ahead(Transaction tx, string queue, long rank) => tx.First<long>(_ahead, new { queue, rank, most = MostAhead });

    public static long SuspectsAhead(Transaction tx, long id, int crashes) => tx.First<long>(_suspects, new { id, crashes, most = MostAhead });

    public static long AheadOfKey(Transaction tx, string key, long rank) => tx.First<long>(_behind, new { key, rank, most = MostAhead });

    public static List<long> Holders(Transaction tx, string key) => tx.Query<long>(_holders, new { key });

    /// <summary>A node that holds a job of <paramref name="kind"/>, or null.</summary>
    public static string? NodeOf(Transaction tx, string kind) => tx.First<string>(_of, new { kind });

    public static Claim? Running(Transaction tx, long id) => tx.First<Claim>(_running, new { id });

    public sealed class Place
    {
        public long Rank { get; init; }

        public int? ConcurrencyLimit { get; init; }
    }

    public sealed class Claim
    {
        public Instant ClaimedAt { get; init; }

        public Instant? StartedAt { get; init; }

        public string Node { get; init; } = "";

        public bool IsAlone { get; init; }

        public bool IsCancelled { get; init; }
    }
}
