using System.Globalization;
using Rondo.Jobs;
using Rondo.Jobs.Keys;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Queue;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Storage;
using PumpFinish = Rondo.Jobs.Pump.Finish;

namespace Rondo.Tests.Jobs.Model;

/// <summary>The queue as one of the databases has it, driven through its stores as the loops drive them, without the loops.</summary>
internal sealed class StoreWorld(TestStore store) : IAsyncDisposable
{
    private static readonly string[] Tables =
        ["job_ready", "job_running", "job_waiting", "job_history", "job_failure", "job_unique", "job_slot", "job_cancel", "job_progress", "job_log", "job_queue", "node"];

    private static readonly Sql Born = new("test.born", """
        insert into node (id, host, place, pid, pid_started, roles, version, state, started_at) values (@id, 'h', 'elsewhere', 1, 1, 'work', 'test', 'live', @now)
        """);

    private static readonly Sql Died = new("test.died", "update node set state = 'dead', ended_at = @now where id = @id");

    private static readonly Sql All = new("test.all", """
        select j.id, j.state, j.due, j.attempts, j.lease_no, j.crashes, r.node, case when r.started_at is null then 0 else 1 end as begun,
          case when r.is_alone then 1 else 0 end as alone,
          (select count(*) from job_slot s where s.job_id = j.id and s.key = j.concurrency_key) as slots, (select count(*) from job_unique u where u.job_id = j.id and u.key = j.unique_key) as uniques,
          (select count(*) from job_cancel c where c.job_id = j.id) as wishes, (select count(*) from job_log l where l.job_id = j.id) as lines
        from (
          select id, state, due, attempts, lease_no, crashes, unique_key, concurrency_key from job_waiting
          union all select id, 'ready', due, attempts, lease_no, crashes, unique_key, concurrency_key from job_ready
          union all select id, 'running', due, attempts, lease_no, crashes, unique_key, concurrency_key from job_running
          union all select id, state, due, attempts, lease_no, crashes, unique_key, concurrency_key from job_history
        ) j left join job_running r on r.id = j.id
        """);

    private static readonly Sql AllFailures = new("test.failures", "select job_id, lease_no, outcome from job_failure order by job_id, lease_no, ended_at");

    private static readonly Sql AllLeaks = new("test.leaks", """
        select (select count(*) from job_slot s where s.job_id not in (select id from job_ready union all select id from job_running))
          + (select count(*) from job_unique u where u.job_id not in (select id from job_ready union all select id from job_running union all select id from job_waiting))
        """);

    private readonly JobsOptions _options = new();
    private readonly EnqueueStore _enqueue = new(new JobIds());
    private readonly JobKind _kind = new JobHandlers().AddForEnqueue<Work>("work").Of("work");
    private readonly Dictionary<int, long> _ids = [];
    private readonly Dictionary<long, int> _numbers = [];
    private readonly Dictionary<(string, Lease), ClaimedJob> _claims = [];
    private int _line;

    public string Name => store.Address.Kind.ToString();

    public static async Task<StoreWorld> CreateAsync(DatabaseKind kind, TimeProvider time)
    {
        var store = await TestStore.CreateAsync(kind, time);
        HistoryStore.Prepare(store.Database, new JobsOptions());
        return new StoreWorld(store);
    }

    public void Clear()
    {
        Write(tx => Array.ForEach(Tables, table => tx.Execute(new Sql("test.clear", $"delete from {table}"))));
        _ids.Clear();
        _numbers.Clear();
        _claims.Clear();
    }

    public string Apply(Operation operation) => operation switch
    {
        Enqueue o => Insert(o),
        Claim o => Claimed(o.Node, Write(tx => Pump(o.Node).Claim(tx, Wanted(tx, o)))),
        ClaimAlone o => Claimed(o.Node, Write(tx => Pump(o.Node).ClaimAlone(tx, [.. Open(tx)])) is { } job ? [job] : []),
        Mark o => $"{Write(tx => WatchStore.Tell(tx, o.Node, Said(tx, o)))} refused",
        Finish o => string.Join(' ', Write(tx => Pump(o.Node).Write(tx, Ends(tx, o))).Select(id => _numbers[id]).Order()),
        Fill o => Did(tx => Gate.Fill(tx, o.Keys)),
        Look => Did(tx =>
        {
            DueStore.Promote(tx);
            Gate.Answer(tx);
        }),
        Cancel o => With(o.N, (tx, id) => OperationStore.Cancel(tx, id, _options, "test") switch { true => "cancelled", false => "asked", _ => "nothing to do" }),
        Discard o => With(o.N, (tx, id) => $"{OperationStore.Discard(tx, id, _options)}"),
        Retry o => With(o.N, (tx, id) => OperationStore.Retry(tx, id) is null ? "again" : "refused"),
        Take o => With(o.N, (tx, id) => $"{OperationStore.Release(tx, id, _options)}"),
        CancelIdle => Did(tx => OperationStore.CancelIdle(tx, _options)),
        Birth o => Did(tx => tx.Execute(Born, new { id = o.Node, now = tx.Now })),
        Death o => Did(tx => tx.Execute(Died, new { id = o.Node, now = tx.Now })),
        ReleaseDead => Did(tx =>
        {
            if (ReleaseStore.Release(tx, _options).Keys is { Count: > 0 } keys)
            {
                Gate.Fill(tx, keys);
            }
        }),
        Pause o => Did(tx => QueueStore.Pause(tx, o.Queue, o.IsPaused)),
        Reconcile => Did(tx =>
        {
            var after = "";
            KeyStore.Reconcile(tx, ref after);
        }),
        Tamper o => Did(tx => tx.Execute(new Sql("test.tamper", o.Statement))),
        _ => "",
    };

    /// <summary>All that can be seen, a line for each job and row; and how many slots and unique keys nobody has a right to.</summary>
    public async Task<(List<string> Lines, long Leaks)> SeeAsync()
    {
        var (rows, failures, leaks) = await store.Database.ReadAsync(
            "test", tx => (tx.Query<Row>(All), tx.Query<FailureRow>(AllFailures).ToLookup(f => f.JobId), tx.First<long>(AllLeaks)));
        return ([.. rows.OrderBy(row => _numbers[row.Id]).Select(row => string.Create(
            CultureInfo.InvariantCulture,
            $"{_numbers[row.Id]}: {row.State} due {row.Due.Micros} attempts {row.Attempts} lease {row.LeaseNo} crashes {row.Crashes}{(row.State == "running" ? $" node {row.Node} begun {row.Begun == 1} alone {row.Alone == 1}" : "")}{Some(row.Slots, " slot")}{Some(row.Uniques, " unique")}{Some(row.Wishes, " wish")} lines {row.Lines} failures {string.Join(',', failures[row.Id].Select(f => $"{f.LeaseNo}:{f.Outcome}"))}"))], leaks);
    }

    public ValueTask DisposeAsync() => store.DisposeAsync();

    private static string Some(long count, string word) => count == 0 ? "" : count == 1 ? word : $"{word}×{count}";

    private PumpStore Pump(string node) => PumpStore.For(store.Address.Kind, _options, node);

    private T Write<T>(Func<Transaction, T> work) => store.Database.Write("test", work);

    private void Write(Action<Transaction> work) => store.Database.Write("test", tx =>
    {
        work(tx);
        return true;
    });

    private string Did(Action<Transaction> work)
    {
        Write(work);
        return "";
    }

    private string With(int n, Func<Transaction, long, string> work) => _ids.TryGetValue(n, out var id) ? Write(tx => work(tx, id)) : "";

    private string Insert(Enqueue operation)
    {
        var now = store.Database.Clock.Now;
        var jobs = operation.Jobs.Select(one => new NewJob
        {
            Kind = "work",
            Queue = one.Queue,
            Priority = one.Priority,
            DueAt = one.DelaySeconds > 0 ? now + TimeSpan.FromSeconds(one.DelaySeconds) : null,
            MaxAttempts = one.Attempts,
            Args = "{}",
            UniqueKey = one.Unique,
            ConcurrencyKey = one.Key,
            ConcurrencyLimit = one.Key is null ? null : QueueModel.LimitOf(one.Key),
        }).ToArray();
        Write(tx => _enqueue.Insert(tx, jobs));
        foreach (var (job, one) in jobs.Zip(operation.Jobs).Where(j => j.First.IsNew))
        {
            _ids[one.N] = job.Id;
            _numbers[job.Id] = one.N;
        }

        return string.Join(' ', jobs.Zip(operation.Jobs).Select(j => j.First.IsNew ? $"{j.Second.N}" : $"{j.Second.N}={_numbers[j.First.Id]}"));
    }

    private static IEnumerable<string> Open(Transaction tx) => new[] { "a", "b" }.Except(WatchStore.ReadIntents(tx).Where(i => i.IsPaused).Select(i => i.Name));

    private static List<Want> Wanted(Transaction tx, Claim claim)
    {
        var open = Open(tx).ToHashSet();
        return [.. new[] { new Want("a", claim.OfA, long.MinValue), new Want("b", claim.OfB, long.MinValue) }.Where(w => w.Count > 0 && open.Contains(w.Queue))];
    }

    private string Claimed(string node, List<ClaimedJob> jobs)
    {
        jobs.ForEach(job => _claims[(node, new Lease(_numbers[job.Id], job.LeaseNo))] = job);
        return string.Join(' ', jobs.OrderBy(j => _numbers[j.Id]).Select(j => $"{_numbers[j.Id]}/{j.Attempts}/{j.LeaseNo}"));
    }

    private List<Said> Said(Transaction tx, Mark mark)
    {
        var said = new List<Said>();
        foreach (var lease in mark.Leases)
        {
            if (_claims.TryGetValue((mark.Node, lease), out var job))
            {
                said.Add(new Said(new RunningJob(job, _kind, new CancellationTokenSource(), 0, tx.Now), Marks: true, null, [new LogLine(++_line, tx.Now, "info", "begun")]));
            }
        }

        return said;
    }

    private List<PumpFinish> Ends(Transaction tx, Finish finish)
    {
        var (ends, now) = (new List<PumpFinish>(), tx.Now);
        foreach (var (end, place) in finish.Ends.Select((end, place) => (end, place)))
        {
            if (_claims.TryGetValue((finish.Node, new Lease(end.N, end.LeaseNo)), out var job))
            {
                ends.Add(new PumpFinish
                {
                    Job = job,
                    Outcome = end.Outcome,
                    StartedAt = now,
                    EndedAt = now,
                    Due = QueueModel.DueOf(end, place, now),
                    Error = end.Outcome is Outcome.Done or Outcome.GivenBack ? null : "test",
                });
            }
        }

        return ends;
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public string State { get; init; } = "";

        public Instant Due { get; init; }

        public int Attempts { get; init; }

        public int LeaseNo { get; init; }

        public int Crashes { get; init; }

        public string? Node { get; init; }

        public int Begun { get; init; }

        public int Alone { get; init; }

        public long Slots { get; init; }

        public long Uniques { get; init; }

        public long Wishes { get; init; }

        public long Lines { get; init; }
    }

    private sealed class FailureRow
    {
        public long JobId { get; init; }

        public int LeaseNo { get; init; }

        public string Outcome { get; init; } = "";
    }
}
