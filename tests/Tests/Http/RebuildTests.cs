using Rondo.Readings;
using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Host;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

public sealed class RebuildTests
{
    [Fact]
    public async Task A_rebuild_is_a_job_that_rolls_up_again_whatever_samples_there_are()
    {
        using var folder = new TempFolder();
        var address = "sqlite:" + folder.At("rondo.db");
        await using var server = await HttpFixture.ServerOnAsync(address, "work");
        var start = Instant.From(new DateTime(2026, 1, 10, 0, 0, 0, DateTimeKind.Utc));
        await server.Database.WriteAsync("test.fill", tx =>
        {
            SeriesStore.AddSources(tx, [(1, "m")], start);
            SeriesStore.AddSeries(tx, [new NewSeries(2, 1, 0, "m/energy", "kWh", "energy")]);
            for (var n = 0; n < 96; n++)
            {
                tx.Execute(new Sql("test.put", "insert into sample (source_id, at, vals) values (1, @at, '[0.1]')"), new { at = start + TimeSpan.FromMinutes(30 * n) });
            }
        });
        var run = new CommandRun(folder) { Database = address };
        await run.GoodAsync("readings", "rollups", "run");

        // As if somebody had spoilt them.
        await server.Database.WriteAsync("test.spoil", tx => { tx.Execute(new Sql("test.spoil", "update rollup set total = '1'")); });
        await run.GoodAsync("readings", "rollups", "rebuild", "--json");
        var id = run.Json.GetProperty("id").GetInt64();
        await Eventually.TrueAsync(
            async () =>
            {
                await run.GoodAsync("jobs", "show", $"{id}", "--json");
                return run.Json.GetProperty("job").GetProperty("state").GetString() == "done";
            },
            "the rebuild is done");
        await run.GoodAsync("readings", "stats", "m/energy", "--from", "2026-01-10T00:00:00Z", "--to", "2026-01-12T00:00:00Z", "--json");
        Assert.Equal("9.6", run.Json.GetProperty("series")[0].GetProperty("total").GetProperty("sum").GetRawText());

        // On a terminal it is shown until it is done.
        run.IsTerminal = true;
        await run.GoodAsync("readings", "rollups", "rebuild");
        Assert.Contains(": done", run.Output.ReplaceLineEndings(" "), StringComparison.Ordinal);
        await run.GoodAsync("readings", "rollups", "rebuild", "--no-wait");
        Assert.DoesNotContain("%", run.Output, StringComparison.Ordinal);
        run.IsTerminal = false;
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "readings.rebuild", "--args", "{\"from\": \"yesterday\"}"));
    }

    [Fact]
    public async Task A_rebuild_says_of_how_many_sources_it_is_before_it_has_done_one()
    {
        Requires.Postgres();
        await using var postgres = await TestPostgres.CreateAsync();
        await using var server = await HttpFixture.ServerOnAsync(postgres.Url, "work");
        await server.Database.WriteAsync("test.fill", tx =>
        {
            SeriesStore.AddSources(tx, [(1, "a"), (2, "b")], tx.Now);
            tx.Execute(new Sql("test.seen", "insert into rollup_source (source_id, seen_to) values (1, @now), (2, @now)"), new { now = tx.Now });
        });
        using var isHeld = new ManualResetEventSlim();
        using var mayGo = new ManualResetEventSlim();
        var holder = server.Database.WriteLongAsync("test.hold", tx =>
        {
            // The first thing that the job looks at of a source.
            tx.Execute(new Sql("test.lock", "lock table sample in access exclusive mode"));
            isHeld.Set();
            Assert.True(mayGo.Wait(TimeSpan.FromMinutes(1)));
            return 0;
        });
        Assert.True(isHeld.Wait(TimeSpan.FromSeconds(30)));
        try
        {
            var job = await server.Database.WriteAsync("enqueue", tx => server.Jobs.Enqueue(tx, new RebuildArgs()));
            server.Worker!.Wake();
            var progress = await Eventually.GetAsync(async () => (await server.JobOperations.ShowAsync(job.Id))?.Progress, p => p is not null, "it says how far it is", TimeSpan.FromSeconds(40));
            Assert.Equal((0L, (long?)2, "sources"), (progress!.Done, progress.Total, progress.Note));
        }
        finally
        {
            mayGo.Set();
            await holder;
        }
    }
}
