using System.Collections.Concurrent;
using System.Diagnostics;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>A job carries the request it comes from: to every attempt, to the jobs that these enqueue, to what they write.</summary>
public sealed class TraceTests
{
    private const string Parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    [Theory, BothDatabases]
    public async Task A_job_carries_the_request_to_every_attempt_and_to_the_jobs_it_enqueues(DatabaseKind kind)
    {
        var seen = new ConcurrentQueue<(string Name, TraceContext? Trace, TraceContext? Ambient, string? Activity, string? Parent)>();
        JobRig? rig = null;
        rig = await JobRig.StartAsync(kind, async (work, job, stop) =>
        {
            await Task.Yield();
            seen.Enqueue((work.Name, job.Trace, TraceContext.Current, Activity.Current?.TraceId.ToHexString(), Activity.Current?.ParentSpanId.ToHexString()));
            if (work.Name == "first" && job.Attempt == 1)
            {
                return JobResult.Retry("not yet");
            }

            if (work.Name == "first")
            {
                await rig!.Queue.EnqueueAsync(new Work("child"), stop: stop);
                await rig.Database.WriteAsync("test", tx => rig.Queue.Enqueue(tx, new Work("child in a transaction")), stop);
                await rig.Queue.EnqueueManyAsync([new Work("one of many")], stop: stop);
                await rig.Queue.EnqueueChainAsync([rig.Queue.Prepare(new Work("chain 1")), rig.Queue.Prepare(new Work("chain 2"))], stop: stop);
            }

            return JobResult.Done;
        }, new HandlerOptions<Work> { Backoff = RetryPolicy.List(TimeSpan.Zero) });
        await using var closes = rig;
        long id;
        using (TraceContext.Enter(TraceContext.From("order-4711", Parent)))
        {
            id = (await rig.Queue.EnqueueAsync(new Work("first"))).Id;
        }

        var of = new JobOperations(rig.Database, new JobHandlers(), rig.Options, _ => { });
        var all = await Eventually.GetAsync(() => of.TracedAsync("order-4711", 100), found => found.Count == 6 && found.All(j => j.Job?.State == "done"), "all six are done");
        Assert.Equal(id, all[0].Id);
        Assert.All(all, j => Assert.Equal(("order-4711", "0af7651916cd43dd8448eb211c80319c"), (j.CorrelationId, j.TraceId)));
        Assert.Equal("retry", Assert.Single(all[0].Failures).Outcome);
        Assert.Equal(all.Select(j => j.Id), (await of.TracedAsync("0af7651916cd43dd8448eb211c80319c", 100)).Select(j => j.Id));
        Assert.Equal(3, (await of.TracedAsync("order-4711", 3)).Count);
        Assert.Empty(await of.TracedAsync("order-471", 100));

        Assert.Equal(["chain 1", "chain 2", "child", "child in a transaction", "first", "first", "one of many"], seen.Select(s => s.Name).Order(StringComparer.Ordinal));
        Assert.All(seen, s =>
        {
            Assert.Equal(("order-4711", "0af7651916cd43dd8448eb211c80319c", true), (s.Trace?.CorrelationId, s.Trace?.TraceId, s.Trace?.IsSampled));
            Assert.Equal(s.Trace, s.Ambient);
            Assert.Equal(s.Trace!.TraceId, s.Activity);
        });
        Assert.Equal(7, seen.Select(s => s.Trace!.SpanId).Distinct().Count());
        var attempts = seen.Where(s => s.Name == "first").ToArray();
        Assert.All(attempts, s => Assert.Equal("b7ad6b7169203331", s.Parent));
        Assert.Equal(attempts[1].Trace!.SpanId, seen.Single(s => s.Name == "child").Parent);
    }

    [Theory, BothDatabases]
    public async Task A_job_of_nobody_carries_nothing_also_beside_those_of_somebody(DatabaseKind kind)
    {
        var strange = new ConcurrentQueue<string>();
        await using var rig = await JobRig.StartAsync(kind, (work, job, _) =>
        {
            var expected = work.Key;
            if (job.Trace?.CorrelationId != expected || TraceContext.Current?.CorrelationId != expected || (Activity.Current is null) != (expected is null))
            {
                strange.Enqueue($"{work.Name}: {job.Trace?.CorrelationId}, {TraceContext.Current?.CorrelationId}, {Activity.Current?.OperationName}");
            }

            return Task.FromResult(JobResult.Done);
        });
        await Parallel.ForEachAsync(Enumerable.Range(0, 200), async (n, stop) =>
        {
            var key = n % 2 == 0 ? $"c{n}" : null;
            using var use = TraceContext.Enter(key is null ? null : TraceContext.From(key, null));
            await rig.Queue.EnqueueAsync(new Work($"{n}", key), stop: stop);
        });
        await Eventually.TrueAsync(async () => await rig.CountAsync("job_history") == 200, "all are done");
        Assert.Empty(strange);
        Assert.Equal((100, 100), (await rig.CountAsync("job_trace"), await rig.CountAsync("job_history where metadata is null")));
    }

    [Theory, BothDatabases]
    public async Task What_the_caller_names_goes_before_the_work_under_way_and_what_is_no_trace_counts_for_nothing(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        using var use = TraceContext.Enter(TraceContext.From("ambient", null));
        await rig.EnqueueAsync("a", options: new EnqueueOptions { Trace = TraceContext.From("named", null) });
        await rig.EnqueueAsync("b", options: new EnqueueOptions { Metadata = new Dictionary<string, string> { ["correlation_id"] = "of-metadata", ["x"] = "y" } });
        var c = await rig.EnqueueAsync("c", options: new EnqueueOptions { Metadata = new Dictionary<string, string> { ["correlation_id"] = "no id at all", ["traceparent"] = "nor this" } });
        Assert.Equal(["ambient", "named", "of-metadata"], (await rig.Store.QueryAsync<string>("select correlation_id from job_trace")).Order());
        Assert.DoesNotContain("no id at all", (await rig.FindAsync(c))!.Metadata);

        // One whose unique key another has is not new, and belongs to whoever enqueued that.
        await rig.EnqueueAsync("d", options: new EnqueueOptions { UniqueKey = "k" });
        await rig.EnqueueAsync("d", options: new EnqueueOptions { UniqueKey = "k", Trace = TraceContext.From("late", null) });
        Assert.Equal(0, await rig.CountAsync("job_trace where correlation_id = 'late'"));
    }

    [Theory, BothDatabases]
    public async Task Where_to_look_is_forgotten_after_the_longest_retention_when_the_job_is_gone(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        var kept = await rig.EnqueueAsync("kept", options: new EnqueueOptions { Trace = TraceContext.From("c", null) });
        var gone = await rig.EnqueueAsync("gone", options: new EnqueueOptions { Trace = TraceContext.From("c", null) });
        await rig.Store.ExecuteAsync("delete from job_ready where id = @gone", new { gone });
        rig.Database.Write("test", tx => { _ = Rondo.Jobs.TraceStore.Forget(tx, tx.Now - TimeSpan.FromDays(1)); return true; });
        Assert.Equal(2, await rig.CountAsync("job_trace"));
        rig.Database.Write("test", tx => { _ = Rondo.Jobs.TraceStore.Forget(tx, tx.Now + TimeSpan.FromDays(1)); return true; });
        Assert.Equal([kept], await rig.Store.QueryAsync<long>("select job_id from job_trace"));
    }

    [Theory, BothDatabases]
    public async Task Jobs_changes_and_events_are_found_by_an_index(DatabaseKind kind)
    {
        await using var rig = await JobRig.StartAsync(kind, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await rig.Database.WriteAsync("test", tx =>
        {
            for (var n = 0; n < 20_000; n += 500)
            {
                tx.InsertMany("job_trace", ["job_id", "correlation_id", "trace_id", "at"], [.. Enumerable.Range(n, 500).Select(i => new object?[] { (long)i, $"c{i}", $"t{i}", tx.Now })]);
                tx.InsertMany(
                    "live_event", ["id", "stamp", "name", "topic", "at", "logged_at", "data", "correlation_id", "trace_id"],
                    [.. Enumerable.Range(n, 500).Select(i => new object?[] { (long)i, 1, "x", "global", tx.Now, tx.Now, "{}", i % 2 == 0 ? null : $"c{i}", i % 2 == 0 ? null : $"t{i}" })]);
                tx.InsertMany(
                    "audit_log", ["no", "uid", "at", "actor_kind", "actor_name", "actor_from", "action", "subject", "key_id", "proof", "seal", "correlation_id", "trace_id"],
                    [.. Enumerable.Range(n, 500).Select(i => new object?[] { (long)i, $"u{i}", tx.Now, "", "", "", "", "", "", "", "", i % 2 == 0 ? null : $"c{i}", i % 2 == 0 ? null : $"t{i}" })]);
            }
        });
        if (kind == DatabaseKind.Postgres)
        {
            await using var link = new Npgsql.NpgsqlConnection(rig.Store.Address.Target);
            await link.OpenAsync();
            await using var analyze = new Npgsql.NpgsqlCommand("analyze job_trace, live_event, audit_log", link);
            await analyze.ExecuteNonQueryAsync();
        }

        foreach (var (table, order) in new[] { ("job_trace", "job_id"), ("live_event", "id"), ("audit_log", "no") })
        {
            foreach (var column in new[] { "correlation_id", "trace_id" })
            {
                // The halves of which the questions are made.
                var plan = string.Join('\n', kind == DatabaseKind.Postgres
                    ? await rig.Store.QueryAsync<string>($"explain select * from {table} where {column} = 'c5' order by {order} limit 100")
                    : (await rig.Store.QueryAsync<PlanRow>($"explain query plan select * from {table} where {column} = 'c5' order by {order} limit 100")).Select(r => r.Detail));
                Assert.Contains($"{table}_{(column == "trace_id" ? "trace" : "correlation")}", plan, StringComparison.Ordinal);
                Assert.DoesNotContain(kind == DatabaseKind.Postgres ? "Seq Scan" : "TEMP B-TREE", plan, StringComparison.Ordinal);
            }
        }
    }

    private sealed class PlanRow
    {
        public string Detail { get; init; } = "";
    }
}
