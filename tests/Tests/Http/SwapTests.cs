using System.Net;
using Rondo.Readings;
using Rondo.Storage;
using Rondo.Tests.Host;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Swaps of meters, what retention would do and what was found, as people ask for it.</summary>
public sealed class SwapTests
{
    [Fact]
    public async Task A_swap_is_declared_listed_and_taken_back_over_http_and_by_command_and_is_in_the_audit_trail()
    {
        using var folder = new TempFolder();
        var address = "sqlite:" + folder.At("rondo.db");
        await using var rondo = new HttpFixture(address, "work");
        await rondo.InitializeAsync();
        await rondo.Server.Database.WriteAsync("test.fill", tx =>
        {
            SeriesStore.AddSources(tx, [(1, "m")], tx.Now);
            SeriesStore.AddSeries(tx, [new NewSeries(2, 1, 0, "m/energy", "kWh", "counter"), new NewSeries(3, 1, 1, "m/power", "W", "gauge")]);
            foreach (var (hour, value) in ((int, int)[])[(0, 90), (1, 91), (2, 5), (3, 6)])
            {
                tx.Execute(new Sql("test.put", "insert into sample (source_id, at, vals) values (1, @at, @vals)"), new { at = At(hour), vals = $"[{value},1]" });
            }
        });
        const string Body = """{ "series": "m/energy", "at": "2026-01-10T01:30:00Z", "old_end": 92, "new_start": 4 }""";
        var declared = (await rondo.AskAsync(HttpMethod.Post, "/api/readings/swaps", Body)).Good();
        Assert.Equal((92, 4), (declared.GetProperty("old_end").GetDouble(), declared.GetProperty("new_start").GetDouble()));
        (await rondo.AskAsync(HttpMethod.Post, "/api/readings/swaps", Body.Replace("\"new_start\": 4", "\"new_start\": 40", StringComparison.Ordinal))).Problem(HttpStatusCode.Conflict);
        (await rondo.AskAsync(HttpMethod.Post, "/api/readings/swaps", Body.Replace("m/energy", "m/power", StringComparison.Ordinal))).Problem(HttpStatusCode.Conflict);
        (await rondo.AskAsync(HttpMethod.Post, "/api/readings/swaps", Body.Replace("m/energy", "m/nobody", StringComparison.Ordinal))).Problem(HttpStatusCode.NotFound);
        (await rondo.AskAsync(HttpMethod.Post, "/api/readings/swaps", """{ "series": 5 }""")).Problem(HttpStatusCode.UnprocessableEntity);
        Assert.Equal(1, (await rondo.GetAsync("/api/readings/swaps?series=m/energy")).Good().GetProperty("swaps").GetArrayLength());
        (await rondo.GetAsync("/api/readings/swaps?series=m/nobody")).Problem(HttpStatusCode.NotFound);

        // 90 to 91, then 1 of the old meter and 1 of the new one, then 5 to 6.
        var stats = (await rondo.GetAsync("/api/readings/stats?series=m/energy&from=2026-01-10T00:00:00Z&to=2026-01-11T00:00:00Z")).Good().GetProperty("total");
        Assert.Equal(4, stats.GetProperty("delta").GetDecimal() + stats.GetProperty("delta_unallocated").GetDecimal());

        var run = new CommandRun(folder) { Database = address };
        await run.GoodAsync("readings", "swap", "m/energy");
        Assert.Contains("92", run.Output, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("readings", "swap", "m/energy", "--at", "2026-01-10T01:30:00Z", "--start", "40"));
        Assert.Contains("below the 40", run.Error, StringComparison.Ordinal);
        Assert.Equal(64, await run.RunAsync("readings", "swap", "m/energy", "--start", "4"));
        await run.GoodAsync("readings", "swap", "m/energy", "--at", "2026-01-10T01:30:00Z", "--remove");
        Assert.Equal(1, await run.RunAsync("readings", "swap", "m/energy", "--at", "2026-01-10T01:30:00Z", "--remove"));
        await run.GoodAsync("readings", "swap", "m/energy", "--at", "2026-01-10T01:30:00Z", "--json");
        (await rondo.AskAsync(HttpMethod.Delete, "/api/readings/swaps?series=m/energy&at=2026-01-10T01:30:00Z")).Good();
        (await rondo.AskAsync(HttpMethod.Delete, "/api/readings/swaps?series=m/energy&at=2026-01-10T01:30:00Z")).Problem(HttpStatusCode.NotFound);
        await run.GoodAsync("audit", "list", "--json");
        Assert.Equal(4, run.Output.Split("\"readings.swap\"").Length - 1);

        // What would go, and what went.
        await run.GoodAsync("readings", "prune", "--dry-run", "--json");
        Assert.True(run.Json.GetProperty("is_dry_run").GetBoolean());
        Assert.Equal("raw", run.Json.GetProperty("tiers")[0].GetProperty("tier").GetString());
        await run.GoodAsync("readings", "prune");
        Assert.Contains("rows are gone", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("audit", "list", "--json");
        Assert.Contains("\"readings.prune\"", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("readings", "findings");
        Assert.Contains("nothing was found", run.Output, StringComparison.Ordinal);
    }

    private static Instant At(int hour) => Instant.From(new DateTime(2026, 1, 10, hour, 0, 0, DateTimeKind.Utc));
}
