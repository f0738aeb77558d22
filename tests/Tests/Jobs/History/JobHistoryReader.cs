using Rondo.Storage;

namespace Rondo.Tests.Jobs.History;

/// <summary>Reads the tables of jobs for a <see cref="JobHistory"/>.</summary>
public static class JobHistoryReader
{
    private static readonly Sql JobsOf = new("test.history.jobs", string.Join(" union all ", new[]
    {
        Of("job_ready", "'ready'", "null", "null"),
        Of("job_running", "'running'", "node", "null"),
        Of("job_waiting", "state", "null", "null"),
        Of("job_history", "state", "node", "error"),
    }));

    private static readonly Sql FailuresOf = new("test.history.failures", "select job_id, attempt, lease_no, outcome from job_failure");
    private static readonly Sql SlotsOf = new("test.history.slots", "select key, n, job_id from job_slot");
    private static readonly Sql UniquesOf = new("test.history.uniques", "select key, job_id from job_unique");
    private static readonly Sql WishesOf = new("test.history.wishes", "select job_id from job_cancel");
    private static readonly Sql DeathsOf = new("test.history.deaths", "select id, ended_at from node where state = 'dead'");

    /// <summary>What the tables say, added to what is known otherwise.</summary>
    public static JobHistory Read(Transaction tx, JobHistory known) => known with
    {
        Jobs = [.. tx.Query<JobLine>(JobsOf).Select(job => job.ToJob())],
        Failures = [.. tx.Query<FailureLine>(FailuresOf).Select(f => new StoredFailure(f.JobId, f.Attempt, f.LeaseNo, f.Outcome))],
        Slots = [.. tx.Query<KeyLine>(SlotsOf).Select(s => new StoredSlot(s.Key, s.N, s.JobId))],
        Uniques = [.. tx.Query<KeyLine>(UniquesOf).Select(u => new StoredUnique(u.Key, u.JobId))],
        Wishes = tx.Query<long>(WishesOf),
        Deaths = tx.Query<DeathLine>(DeathsOf).ToDictionary(d => d.Id, d => d.EndedAt),
    };

    private static string Of(string table, string state, string node, string error) => $"""
        select id, '{table}' as place, {state} as state, kind, attempts, max_attempts, lease_no, crashes, unique_key, concurrency_key, concurrency_limit,
          {Text(node)} as node, {Text(error)} as error
        from {table}
        """;

    private static string Text(string column) => column == "null" ? "cast(null as {text})" : column;

    private sealed class JobLine
    {
        public long Id { get; init; }

        public string Place { get; init; } = "";

        public string State { get; init; } = "";

        public string Kind { get; init; } = "";

        public int Attempts { get; init; }

        public int MaxAttempts { get; init; }

        public int LeaseNo { get; init; }

        public int Crashes { get; init; }

        public string? UniqueKey { get; init; }

        public string? ConcurrencyKey { get; init; }

        public int? ConcurrencyLimit { get; init; }

        public string? Node { get; init; }

        public string? Error { get; init; }

        public StoredJob ToJob() => new(Id, Place, State, Kind)
        {
            Attempts = Attempts, MaxAttempts = MaxAttempts, LeaseNo = LeaseNo, Crashes = Crashes, UniqueKey = UniqueKey, ConcurrencyKey = ConcurrencyKey,
            ConcurrencyLimit = ConcurrencyLimit, Node = Node, Error = Error,
        };
    }

    private sealed class FailureLine
    {
        public long JobId { get; init; }

        public int Attempt { get; init; }

        public int LeaseNo { get; init; }

        public string Outcome { get; init; } = "";
    }

    private sealed class KeyLine
    {
        public string Key { get; init; } = "";

        public int N { get; init; }

        public long JobId { get; init; }
    }

    private sealed class DeathLine
    {
        public string Id { get; init; } = "";

        public Instant EndedAt { get; init; }
    }
}
