using Rondo.Readings;
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
        Assert.Equal(64, await run.RunAsync("jobs", "enqueue", "readings.rebuild", "--args", "{\"from\": \"yesterday\"}"));
    }
}
