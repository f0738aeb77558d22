using Rondo.Jobs.Pump;
using Rondo.Jobs.Told;
using Rondo.Storage;

namespace Rondo.Jobs.Upkeep;

/// <summary>
/// Jobs of nodes that are no longer live go back at once. Each was there in a crash, so it is a suspect; after two it is run alone, and only a third crash while it
/// was alone makes it the culprit: a kill -9 from outside that finds an innocent alone once is common where there are many, twice was seen, three times only where nodes die every
/// second; where many die, more is asked for. A crash never uses up the last attempt of a job: whoever only stood beside loses nothing.
/// </summary>
internal static class ReleaseStore
{
    private const int Piece = 1_000;

    private static readonly Sql _lost = new("jobs.release.lost", """
        select id, queue, kind, attempts, max_attempts, lease_no, crashes, node, started_at, is_alone, concurrency_key
        from job_running r
        where not exists (select 1 from node n where n.id = r.node and n.state = 'live')
        order by id limit @piece{update}{skip_locked}
        """);

    // "started_at" is marked a moment after a job began; without it there is nothing to lose. A crash of a suspect beside which others had begun says nothing of it.
    private static readonly Sql _ready = new("jobs.release.ready", $$"""
        insert into job_ready ({{PumpStore.Common}})
        select id, queue, kind, priority, rank, due, case when started_at is null or attempts >= max_attempts then attempts - 1 else attempts end, max_attempts, lease_no,
          crashes + case when crashes >= 2 and not is_alone then 0 else 1 end, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key, concurrency_limit, {{PumpStore.Links}}
        from job_running where id {in:@ids}
        """);

    private static readonly Sql _dead = new("jobs.release.dead", $$"""
        insert into job_history ({{PumpStore.Kept}}, state, node, started_at, finished_at, forget_at, error)
        select id, queue, kind, priority, due, attempts, max_attempts, lease_no, crashes + 1, enqueued_at, args, tags, note, metadata, unique_key, concurrency_key,
          concurrency_limit, {{PumpStore.Links}}, 'dead', node, started_at, @now, @forget, @error
        from job_running where id {in:@ids}
        """);

    private static readonly Sql _failure = new("jobs.release.failure", """
        insert into job_failure (job_id, attempt, lease_no, node, outcome, started_at, ended_at, error, forget_at)
        values (@Id, @Attempts, @LeaseNo, @Node, 'crashed', @StartedAt, @now, @error, @forget)
        """);

    private static readonly Sql _gone = new("jobs.release.gone", "delete from job_running where id {in:@ids}");
    private static readonly Sql _unique = new("jobs.release.unique", "delete from job_unique where job_id {in:@ids}");
    private static readonly Sql _slot = new("jobs.release.slot", "delete from job_slot where job_id {in:@ids}");

    private static readonly Sql _wish = new("jobs.release.wish", "delete from job_cancel where job_id {in:@ids}");

    /// <summary>In so many crashes a job was when it is found guilty; all but the first two of them alone.</summary>
    public const int MostCrashes = 5;

    /// <summary>The same while nodes die by the dozen: what kills them may be anything.</summary>
    public const int MostCrashesInStorm = 9;

    /// <summary>So many nodes that died within <see cref="StormLasts"/> are a storm; a single culprit does not kill as many.</summary>
    public const int Storm = 20;

    /// <summary>How long a death counts.</summary>
    public static readonly TimeSpan StormLasts = TimeSpan.FromMinutes(10);

    private static readonly Sql _deaths = new("jobs.release.deaths", "select count(*) from node where state = 'dead' and ended_at > @since");

    /// <summary>Why such a job is dead.</summary>
    public static string CrashLoop(int crashes) =>
        $"crash_loop: its node died {crashes} times while it ran, the last {crashes - 2} times with nothing else running";

    /// <summary>Gives back at most 1,000.</summary>
    public static Released Release(Transaction tx, JobsOptions options)
    {
        var lost = tx.Query<Lost>(_lost, new { piece = Piece });
        if (lost.Count == 0)
        {
            return new Released([], [], 0, 0, false);
        }

        var now = tx.Now;
        var forget = now + options.KeepDead;
        foreach (var job in lost.Where(j => j.StartedAt is not null))
        {
            tx.Execute(_failure, new { job.Id, job.Attempts, job.LeaseNo, job.Node, job.StartedAt, now, forget, error = $"its node {job.Node} died" });
        }

        var culprits = lost.Where(j => j.IsAlone && j.Crashes + 1 >= MostCrashes).ToArray();
        if (culprits.Length > 0 && tx.First<long>(_deaths, new { since = now - StormLasts }) >= Storm)
        {
            culprits = [.. culprits.Where(j => j.Crashes + 1 >= MostCrashesInStorm)];
        }

        if (culprits.Length > 0)
        {
            var ids = new IdList([.. culprits.Select(j => j.Id)]);
            foreach (var culprit in culprits)
            {
                tx.Execute(_dead, new { ids = new IdList([culprit.Id]), now, forget, error = CrashLoop(culprit.Crashes + 1) });
            }

            tx.Execute(_unique, new { ids });
            tx.Execute(_slot, new { ids });
            tx.Execute(_wish, new { ids });
        }

        var rest = new IdList([.. lost.Except(culprits).Select(j => j.Id)]);
        tx.Execute(_ready, new { ids = rest });
        tx.Execute(_gone, new { ids = new IdList([.. lost.Select(j => j.Id)]) });
        return new Released(
            [.. lost.Select(j => j.Queue).Distinct(StringComparer.Ordinal)],
            [.. culprits.Select(j => j.ConcurrencyKey).OfType<string>().Distinct(StringComparer.Ordinal)],
            rest.Values.Length,
            culprits.Length,
            lost.Count == Piece)
        {
            Nodes = [.. lost.Select(j => j.Node).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)],
            Dead = [.. culprits.Select(j => new DeadJob(j.Id, j.Queue, j.Kind, j.Attempts, j.MaxAttempts, "crash_loop", CrashLoop(j.Crashes + 1)))],
        };
    }

    private sealed class Lost
    {
        public long Id { get; init; }

        public string Queue { get; init; } = "";

        public string Kind { get; init; } = "";

        public int Attempts { get; init; }

        public int MaxAttempts { get; init; }

        public int LeaseNo { get; init; }

        public int Crashes { get; init; }

        public string Node { get; init; } = "";

        public Instant? StartedAt { get; init; }

        public bool IsAlone { get; init; }

        public string? ConcurrencyKey { get; init; }
    }
}

/// <summary>What a release did.</summary>
/// <param name="Queues">Queues that have something new.</param>
/// <param name="Keys">Concurrency keys with a free slot.</param>
/// <param name="Count">Jobs that are ready again.</param>
/// <param name="Buried">Jobs that are dead.</param>
/// <param name="IsMore">Whether there may be more.</param>
public sealed record Released(IReadOnlyCollection<string> Queues, IReadOnlyCollection<string> Keys, int Count, int Buried, bool IsMore)
{
    /// <summary>The dead nodes that had them.</summary>
    public IReadOnlyList<string> Nodes { get; init; } = [];

    /// <summary>Those that are dead.</summary>
    internal IReadOnlyList<DeadJob> Dead { get; init; } = [];
}
