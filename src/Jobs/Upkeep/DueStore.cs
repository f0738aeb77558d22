using Rondo.Jobs.Pump;
using Rondo.Storage;

namespace Rondo.Jobs.Upkeep;

/// <summary>Jobs whose due time has come: into the table that is claimed from, or to the gate of their concurrency key.</summary>
internal static class DueStore
{
    private const int Piece = 1_000;

    private static readonly Sql _due = new("jobs.due", """
        select id, queue, concurrency_key is not null as is_keyed from job_waiting where state = 'scheduled' and due <= @now order by due limit @piece{update}{skip_locked}
        """);

    private static readonly Sql _ready = new("jobs.due.ready", $"insert into job_ready ({PumpStore.Common}) select {PumpStore.Common} from job_waiting where id {{in:@ids}}");
    private static readonly Sql _gone = new("jobs.due.gone", "delete from job_waiting where id {in:@ids}");
    private static readonly Sql _knock = new("jobs.due.knock", "update job_waiting set state = 'blocked', is_knocking = {true} where id {in:@ids}");
    private static readonly Sql _next = new("jobs.due.next", "select due from job_waiting where state = 'scheduled' order by due limit 1");

    /// <summary>Moves those that are due, at most 1,000; returns the queue of each that can be claimed now, and whether there may be more.</summary>
    public static (IReadOnlyCollection<string> Queues, bool IsMore) Promote(Transaction tx)
    {
        var due = tx.Query<Due>(_due, new { now = tx.Now, piece = Piece });
        var free = new IdList([.. due.Where(d => !d.IsKeyed).Select(d => d.Id)]);
        var keyed = new IdList([.. due.Where(d => d.IsKeyed).Select(d => d.Id)]);
        if (free.Values.Length > 0)
        {
            tx.Execute(_ready, new { ids = free });
            tx.Execute(_gone, new { ids = free });
        }

        if (keyed.Values.Length > 0)
        {
            tx.Execute(_knock, new { ids = keyed });
        }

        return ([.. due.Where(d => !d.IsKeyed).Select(d => d.Queue)], due.Count == Piece);
    }

    /// <summary>When the next one is due, or null.</summary>
    public static Instant? Next(Transaction tx) => tx.First<Instant?>(_next);

    private sealed class Due
    {
        public long Id { get; init; }

        public string Queue { get; init; } = "";

        public bool IsKeyed { get; init; }
    }
}
