using System.Text.Json;
using Rondo.Jobs.Schedules;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Kills;

/// <summary>kill -9 between a tick and its job, before and after the commit, and at random: the ledger has no holes, and no tick has two jobs.</summary>
public sealed class ScheduleKillTests
{
    [Theory]
    [Trait("Category", "Soak")]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Kills_at_every_place_of_a_tick_leave_it_and_its_job_or_neither(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, 1);
        await site.CommandAsync("database", "migrate");
        foreach (var name in new[] { "a", "b" })
        {
            await site.CommandAsync("schedules", "add", name, "--kind", "noop", "--cron", "* * * * * *", "--overlap", "allow", "--missed", "all:500");
        }

        foreach (var place in new[] { "schedules.ticked", "schedules.enqueued", "schedules.fired", "" })
        {
            var variables = new Dictionary<string, string?> { ["RONDO_FAIL_POINTS"] = place.Length == 0 ? null : $"{place}=kill@3" };
            await using var server = new RondoProcess(["serve", "--database", site.Database, "--roles", "work"], variables);
            if (place.Length > 0)
            {
                await server.ExitAsync();
            }
            else
            {
                await server.WaitForLineAsync("Ready:");
                await Passing.OfSeconds(1.7);
                await server.Kill9Async();
            }
        }

        await using (var last = new RondoProcess(["serve", "--database", site.Database, "--roles", "work"]))
        {
            await last.WaitForLineAsync("Ready:");
            await Passing.OfSeconds(2.5);
            Assert.Equal(0, await last.StopAsync());
        }

        var check = JsonDocument.Parse(await site.CommandAsync("schedules", "check", "--json")).RootElement;
        Assert.True(check.GetProperty("is_clean").GetBoolean());

        // The one that the server has by itself is due once a day.
        Assert.All(check.GetProperty("schedules").EnumerateArray().Where(s => s.GetProperty("schedule").GetString() is "a" or "b"), s => Assert.True(s.GetProperty("recorded").GetInt64() >= 5));
        var ticks = await site.ReadAsync(tx => tx.Query<long>(new Sql("test", "select job_id from job_tick where outcome = 'enqueued'")));
        var jobs = await site.ReadAsync(tx => tx.Query<Row>(new Sql("test", "select id, metadata from job")));
        Assert.Equal(ticks.Order(), jobs.Select(j => j.Id).Order());
        Assert.Equal(jobs.Count, jobs.Select(j => ScheduleMark.Of(j.Metadata)!.Value).Distinct().Count());
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public string Metadata { get; init; } = "";
    }
}
