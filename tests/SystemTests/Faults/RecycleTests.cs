using System.Text.Json;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Faults;

/// <summary>Servers that have done their share of jobs and end, for another one to take their place.</summary>
public sealed class RecycleTests(ITestOutputHelper output)
{
    private const int Recycled = 75;
    private const int Quick = 60;

    private static readonly Sql _done = new("test.done", "select count(*) from job_history where state = 'done' and attempts = 1");
    private static readonly Sql _open = new("test.open", "select (select count(*) from job_running) + (select count(*) from job_failure)");
    private static readonly Sql _unused = new("test.unused", "select count(*) from job_ready where attempts = 0");
    private static readonly Sql _live = new("test.live", "select count(*) from node where state = 'live'");

    /// <summary>As the kind of the product takes them.</summary>
    public sealed record NoopArgs(int TakesMs);

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_worker_that_has_done_its_share_gives_back_what_runs_ends_with_75_and_the_next_one_goes_on(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, 1);
        await site.CommandAsync("database", "migrate");
        DatabaseAddress address = DatabaseAddress.TryParse(site.Database, out _)!;
        await using var database = Database.Open(address, DatabaseUse.Command, TimeProvider.System);
        await database.MeasureClockAsync();
        await using var queue = new JobQueue(database, new JobHandlers().AddForEnqueue<NoopArgs>("noop"));

        // Two that last for ten minutes, which no stop waits for, and many that are over soon.
        await queue.EnqueueManyAsync([new NoopArgs(600_000), new NoopArgs(600_000)]);
        await queue.EnqueueManyAsync(Enumerable.Repeat(new NoopArgs(50), Quick));
        var ended = 0;
        long done = 0;
        while (done < Quick)
        {
            await using var server = new RondoProcess(
                ["serve", "--roles", "work", "--json", "--database", site.Database],
                new Dictionary<string, string?> { ["RONDO_JOBS_RECYCLE_AFTER_JOBS"] = "20", ["RONDO_JOBS_QUEUES"] = "default=4", ["RONDO_JOBS_STOP_PATIENCE"] = "500ms" });
            await server.UntilAsync(async () => server.HasExited || (done = await ReadAsync(_done)) == Quick, "its share of jobs");
            var code = server.HasExited ? server.ExitCode : await server.StopAsync();
            done = await ReadAsync(_done);
            output.WriteLine($"ended with {code} when {done} were done: {string.Join(" | ", server.Output)}");
            if (code == Recycled)
            {
                ended++;
                Assert.Equal("recycled", JsonDocument.Parse(server.Output[^1]).RootElement.GetProperty("state").GetString());
                Assert.Contains(server.Errors, line => line.Contains("jobs.recycle.after_jobs is 20", StringComparison.Ordinal));
            }
            else
            {
                Assert.Equal((0, Quick), (code, (int)done));
            }

            // Nothing is in its hands any more, nothing failed, and what it broke off or had not begun has all its attempts.
            Assert.Equal((0L, Quick + 2 - done, 0L), (await ReadAsync(_open), await ReadAsync(_unused), await ReadAsync(_live)));
        }

        Assert.InRange(ended, 1, 3);

        Task<long> ReadAsync(Sql sql) => database.ReadAsync("test", tx => tx.First<long>(sql));
    }

    [Fact]
    public async Task A_server_that_polls_as_well_does_not_end_for_its_jobs()
    {
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
        await site.PrepareAsync(site.DeviceFile());
        await using var server = new RondoProcess(
            ["serve", "--roles", "poll,work", "--database", site.Database], new Dictionary<string, string?> { ["RONDO_JOBS_RECYCLE_AFTER_JOBS"] = "1" });
        await server.WaitForLineAsync("Ready:");
        await site.CommandAsync("jobs", "enqueue", "noop");
        await site.CommandAsync("jobs", "enqueue", "noop");
        await server.UntilAsync(async () => await site.ReadAsync(tx => tx.First<long>(_done)) == 2, "both jobs");
        var before = site.Simulator.Counters.Requests;
        await server.UntilAsync(() => Task.FromResult(site.Simulator.Counters.Requests > before + 2), "polls after that");
        Assert.Equal(0, await server.StopAsync());
    }
}
