using Rondo.Jobs;
using Rondo.Jobs.Operations;
using Rondo.Jobs.Pump;
using Rondo.Jobs.Upkeep;
using Rondo.Storage;
using Rondo.Tests.Polling;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>How long what has ended is kept: each state as long as it is to be.</summary>
public sealed class RetentionTests
{
    // A partition holds a week and goes as a whole; the balance wants to have seen what goes, for two days.
    private const int Most = 7 + 2 + 1;

    [Theory, BothDatabases]
    public async Task What_has_ended_is_kept_as_long_as_its_state_says_and_not_much_longer_with_all_that_was_said_of_it(DatabaseKind kind)
    {
        var (time, options) = (new FakeTime(), new JobsOptions());
        await using var store = await TestStore.CreateAsync(kind, time);
        await using var queue = new JobQueue(store.Database, new JobHandlers().AddForEnqueue<Work>("work"));
        HistoryStore.Prepare(store.Database, options);
        var ids = await EndAsync(store, queue, options);
        var partitions = await PartitionsAsync(store);
        var gone = new Dictionary<string, int>();
        var said = SaidWalk.All();
        for (var day = 1; day <= 90 + Most; day++)
        {
            time.Advance(TimeSpan.FromDays(1));
            HistoryStore.Prepare(store.Database, options);
            for (var n = 0; n < 100 && HistoryStore.Forget(store.Database, options); n++)
            {
                // Once more.
            }

            foreach (var walk in said)
            {
                walk.Step(store.Database);
            }

            var there = await store.QueryAsync<string>("select state from job");
            foreach (var state in ids.Keys.Where(state => !there.Contains(state)))
            {
                gone.TryAdd(state, day);
            }
        }

        foreach (var (state, days) in new[] { ("done", 7), ("cancelled", 30), ("dead", 90) })
        {
            Assert.InRange(gone.GetValueOrDefault(state, int.MaxValue), days + 1, days + Most);
        }

        // Nor is anything left of what was said of them, and of partitions no more than the longest needs.
        Assert.Equal((0, 0, 0), (await CountAsync(store, "job_failure"), await CountAsync(store, "job_log"), await CountAsync(store, "job_progress")));
        Assert.InRange(await PartitionsAsync(store), partitions, partitions + 2);
    }

    [Theory, BothDatabases]
    public async Task What_was_said_is_walked_through_a_part_at_a_time_and_only_that_of_jobs_that_are_gone_is_forgotten(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await using var queue = new JobQueue(store.Database, new JobHandlers().AddForEnqueue<Work>("work"));
        var there = (await queue.EnqueueManyAsync([.. Enumerable.Range(0, 5).Select(n => new Work($"{n}"))])).Select(job => job.Id).ToArray();
        long[] all = [.. there, .. Enumerable.Range(1, 5).Select(n => there.Max() + n)];
        foreach (var id in all)
        {
            foreach (var line in new[] { 1, 2, 3 })
            {
                await store.ExecuteAsync("insert into job_log (job_id, lease_no, line, attempt, at, level, text) values (@id, 1, @line, 1, @at, 'info', 'a')", new { id, line, at = store.Database.Clock.Now });
            }
        }

        // All of the first part is still there: that does not keep it from the second one.
        var walk = new SaidWalk("test", "job_log", 4);
        Assert.Equal([0, 3, null, 0, null], Enumerable.Range(0, 5).Select(_ => walk.Step(store.Database)));
        Assert.Equal(there, await store.QueryAsync<long>("select distinct job_id from job_log order by job_id"));
    }

    /// <summary>One of each final state, with a line and a note of progress each.</summary>
    private static async Task<Dictionary<string, long>> EndAsync(TestStore store, JobQueue queue, JobsOptions options)
    {
        await store.ExecuteAsync(
            "insert into node (id, host, place, pid, pid_started, roles, version, state, started_at) values ('n', 'h', 'elsewhere', 1, 1, 'work', 'test', 'live', @now)", new { now = store.Database.Clock.Now });
        var pump = PumpStore.For(store.Address.Kind, options, "n");
        await queue.EnqueueManyAsync([new Work("done"), new Work("dead"), new Work("cancelled")]);
        store.Database.Write("test", tx =>
        {
            var now = tx.Now;
            var jobs = pump.Claim(tx, [new Want("default", 3, long.MinValue)]);
            Finish[] ends =
            [
                .. new[] { Outcome.Done, Outcome.Dead, Outcome.Cancelled }.Zip(jobs).Select(e => new Finish
                {
                    Job = e.Second, Outcome = e.First, StartedAt = now, EndedAt = now, Error = e.First == Outcome.Done ? null : "test", Last = new LastWords(new JobProgress(1, null, null, now), [new LogLine(1, now, "info", "a")]),
                }),
            ];
            WatchStore.TellLast(tx, "n", ends, () => { });
            return pump.Write(tx, ends);
        });
        Assert.Equal((3, 2, 3, 3), (await CountAsync(store, "job_history"), await CountAsync(store, "job_failure"), await CountAsync(store, "job_log"), await CountAsync(store, "job_progress")));
        var rows = await store.Database.ReadAsync("test", tx => ListStore.List(tx, new JobFilter(), 10));
        return rows.ToDictionary(job => job.State, job => job.Id);
    }

    private static Task<long> CountAsync(TestStore store, string table) => store.ScalarAsync<long>($"select count(*) from {table}");

    private static async Task<long> PartitionsAsync(TestStore store) =>
        store.Address.Kind == DatabaseKind.Postgres ? await store.ScalarAsync<long>("select count(*) from pg_inherits where inhparent = 'job_history'::regclass") : 0;
}
