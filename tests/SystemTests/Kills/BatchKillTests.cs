using Rondo.Host.Jobs;
using Rondo.Jobs;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Kills;

/// <summary>kill -9 before and after the end of a job is written: the callback of its batch and the next of its chain run once all the same.</summary>
public sealed class BatchKillTests
{
    private const int Enough = 40;
    private static readonly Sql _ended = new("test.ended", "select count(*) from job_history where state = 'done'");
    private static readonly Sql _all = new("test.all", "select count(*) from job");

    public static TheoryData<DatabaseKind, string> AllMoments
    {
        get
        {
            var moments = new TheoryData<DatabaseKind, string>();
            foreach (var kind in new[] { DatabaseKind.Sqlite, DatabaseKind.Postgres })
            {
                // The first time it comes by, and the second: which job that is, chance decides.
                foreach (var point in new[] { "jobs.claimed", "jobs.run", "jobs.finish", "jobs.finished" })
                {
                    moments.Add(kind, $"{point}=kill@1");
                    moments.Add(kind, $"{point}=kill@2");
                }
            }

            return moments;
        }
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite, "jobs.finished=kill@1")]
    [InlineData(DatabaseKind.Postgres, "jobs.finish=kill@2")]
    [InlineData(DatabaseKind.Postgres, "jobs.finished=kill@1")]
    public Task A_kill_leaves_nobody_waiting_and_runs_nobody_twice(DatabaseKind kind, string point) => RunAsync(kind, point);

    [Theory]
    [MemberData(nameof(AllMoments))]
    [Trait("Category", "Soak")]
    public Task Nor_does_one_at_any_other_moment(DatabaseKind kind, string point) => RunAsync(kind, point);

    private static async Task RunAsync(DatabaseKind kind, string point)
    {
        await using var site = await Site.CreateAsync(kind, 1);
        Assert.Equal(0, (await RondoProcess.RunAsync("database", "migrate", "--database", site.Database)).Code);
        await using var database = Database.Open(DatabaseAddress.TryParse(site.Database, out _)!, DatabaseUse.Command, TimeProvider.System);
        await using var queue = new JobQueue(database, Handlers.All(TimeProvider.System));
        var job = queue.Prepare(new NoopArgs(TakesMs: 1));
        var batch = await queue.EnqueueBatchAsync("two", [job, job], job);
        await queue.EnqueueChainAsync([job, job, job]);

        await using (var killed = Work(site, new() { ["RONDO_FAIL_POINTS"] = point }))
        {
            Assert.Equal(137, await killed.ExitAsync());
        }

        long ended = 0;
        for (var run = 0; run < Enough && ended < 6; run++)
        {
            await using var work = Work(site, []);
            Assert.Equal(0, await work.ExitAsync());
            ended = await database.ReadAsync("test", tx => tx.First<long>(_ended));
        }

        Assert.Equal((6, 6), (ended, await database.ReadAsync("test", tx => tx.First<long>(_all))));
        var view = (await new JobOperations(database, Handlers.All(TimeProvider.System), new JobsOptions(), _ => { }).Batches.ShowAsync(batch.Id))!;
        Assert.Equal(("finished", 2), (view.State, view.Done));
    }

    private static RondoProcess Work(Site site, Dictionary<string, string?> environment) => new(["work", "--once", "--database", site.Database], environment);
}
