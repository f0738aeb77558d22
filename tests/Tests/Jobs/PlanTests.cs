using Npgsql;
using Rondo.Jobs;
using Rondo.Jobs.Pump;
using Rondo.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Jobs;

/// <summary>What PostgreSQL reads for the statements of the pump, when all it knows of the tables is that they were empty.</summary>
public sealed class PlanTests
{
    private const int Jobs = 4_000;
    private const int Batch = 500;
    private static readonly Sql _report = new("test.report", "select pg_stat_force_next_flush()");
    private static readonly Sql _nothing = new("test.nothing", "select 1");

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Ends_and_claims_read_as_many_rows_as_they_are_about_and_not_all_that_run(bool isPlain)
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await using (var link = new NpgsqlConnection(rig.Store.Address.Target))
        {
            await link.OpenAsync(TestContext.Current.CancellationToken);
            await using var look = new NpgsqlCommand("vacuum analyze job_running, job_ready, job_cancel, job_unique, job_slot", link);
            await look.ExecuteNonQueryAsync(TestContext.Current.CancellationToken);
        }

        // Enough to count: every batch that read them all would read 4,000 rows 500 times.
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, Jobs).Select(n => new Work($"{n}")));
        await rig.Store.ExecuteAsync("insert into job_unique (key, job_id) select 'k' || n, -n from generate_series(1, 20000) n");
        await rig.Store.ExecuteAsync("insert into job_slot (key, n, job_id) select 'k' || n, 1, -n from generate_series(1, 20000) n");
        await rig.Store.ExecuteAsync("insert into job_cancel (job_id, at, reason) select -n, now(), '' from generate_series(1, 20000) n");
        var store = await rig.OtherAsync();
        var claimed = new List<ClaimedJob>();
        for (var n = 0; n < Jobs / Batch; n++)
        {
            claimed.AddRange(rig.Database.Tell("test", tx => store.Claim(tx, [new Want("default", Batch, long.MinValue)])));
        }

        Assert.Equal(Jobs, claimed.Count);
        var before = await ReadRowsAsync(rig);
        foreach (var batch in claimed.Chunk(Batch))
        {
            var ends = batch.Select((job, n) => rig.Ended(job, isPlain || n % 2 == 0 ? Outcome.Done : Outcome.Retry, isPlain || n % 2 == 0 ? null : "failed")).ToArray();
            Assert.Equal(Batch, rig.Database.Tell("test", tx => store.Write(tx, ends)).Count);
        }

        // Each end reads its row, and looks for a key, a slot and a wish that are not there.
        var read = await ReadRowsAsync(rig) - before;
        Assert.InRange(read, Jobs, 4 * Jobs);
    }

    [Fact]
    public async Task A_claim_under_a_held_snapshot_reads_nothing_of_what_is_gone()
    {
        await using var rig = await JobRig.StartAsync(DatabaseKind.Postgres, (_, _, _) => Task.FromResult(JobResult.Done), isRunning: false);
        await using var link = new NpgsqlConnection(rig.Store.Address.Target);
        await link.OpenAsync(TestContext.Current.CancellationToken);
        await using var old = await link.BeginTransactionAsync(System.Data.IsolationLevel.RepeatableRead, TestContext.Current.CancellationToken);
        await using (var look = new NpgsqlCommand("select count(*) from job_ready", link, old))
        {
            await look.ExecuteScalarAsync(TestContext.Current.CancellationToken);
        }

        // What is taken from here on stays in the table and its index for as long as that one looks.
        var store = await rig.OtherAsync();
        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, Jobs).Select(n => new Work($"{n}")));
        for (var n = 0; n < Jobs / Batch; n++)
        {
            Assert.Equal(Batch, rig.Database.Tell("test", tx => store.Claim(tx, [new Want("default", Batch, long.MinValue)])).Count);
        }

        await rig.Queue.EnqueueManyAsync(Enumerable.Range(0, 40).Select(n => new Work($"{n}")));
        var lowest = await rig.Store.ScalarAsync<long>("select min(rank) from job_ready");
        var (from, claimed) = (await TakenRowsAsync(rig), 0);
        for (var n = 0; n < 2; n++)
        {
            claimed += rig.Database.Tell("test", tx => store.Claim(tx, [new Want("default", 20, lowest)])).Count;
        }

        // As the loop claims between two looks from the beginning.
        var known = await TakenRowsAsync(rig) - from;
        Assert.Equal(40, claimed);
        Assert.InRange(known, 40, 400);

        // From the beginning it passes over all of them, so this is what is measured.
        from = await TakenRowsAsync(rig);
        Assert.Empty(rig.Database.Tell("test", tx => store.Claim(tx, [new Want("default", 20, long.MinValue)])));
        Assert.True(await TakenRowsAsync(rig) - from >= Jobs, "what is gone is still there to be passed over");
    }

    private static async Task<long> TakenRowsAsync(JobRig rig)
    {
        rig.Database.Tell("test", tx => tx.Query<string>(_report));
        rig.Database.Tell("test", tx => tx.First<int>(_nothing));
        return await rig.Store.ScalarAsync<long>("""
            select cast((select sum(idx_tup_read) from pg_stat_user_indexes where relname = 'job_ready') + (select sum(seq_tup_read) from pg_stat_user_tables where relname = 'job_ready') as bigint)
            """);
    }

    /// <summary>Rows that were read by an index or without one. The session that did it has to tell first.</summary>
    private static async Task<long> ReadRowsAsync(JobRig rig)
    {
        rig.Database.Tell("test", tx => tx.Query<string>(_report));
        rig.Database.Tell("test", tx => tx.First<int>(_nothing));
        return await rig.Store.ScalarAsync<long>("""
            select cast((select sum(idx_tup_read) from pg_stat_user_indexes where relname in ('job_running', 'job_unique', 'job_slot', 'job_cancel'))
              + (select sum(seq_tup_read) from pg_stat_user_tables where relname in ('job_running', 'job_unique', 'job_slot', 'job_cancel')) as bigint)
            """);
    }
}
