using System.Net;
using Rondo.Host;
using Rondo.Host.Http;
using Rondo.Jobs;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>What the system does by itself when a node is gone is written down as the system's, on both databases.</summary>
public sealed class SystemAuditTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_burial_a_take_over_and_jobs_given_back_are_one_row_each(string kind)
    {
        using var folder = new TempFolder();
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        var address = postgres?.Url ?? "sqlite:" + folder.At("rondo.db");
        string gone;
        await using (var first = await HttpFixture.ServerOnAsync(address, "poll", "work"))
        {
            gone = first.Node.Id;
            await Devices.ApplyAsync(first.Database, [Meter("m1", 1), Meter("m2", 2), Meter("m3", 3)], prune: false, dryRun: false);
            await first.Jobs.EnqueueAsync("noop", """{"takes_ms":600000}""");
            await first.Jobs.EnqueueAsync("noop", """{"takes_ms":600000}""");
            await Eventually.TrueAsync(
                async () => await CountAsync(first.Database, "select count(*) from endpoint where owner is not null") == 3 && await CountAsync(first.Database, "select count(*) from job_running where started_at is not null") == 2,
                "it owns and runs");
        }

        // It ended without a word. That its process is gone is seen by its number.
        await using (var database = Database.Open(DatabaseAddress.TryParse(address, out _)!, DatabaseUse.Command, TimeProvider.System))
        {
            await database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "update node set pid = 2147483000")); });
        }

        await using var next = await HttpFixture.HastyAsync(address, "poll", "work");
        var rows = await Eventually.GetAsync(
            async () => (await AuditTrail.ListAsync(next.Database, new AuditFilter(), 50)).Where(r => r.ActorKind == "system").ToList(), r => r.Count >= 3, "all is written down and sealed");
        Assert.Equal(["jobs.release", "nodes.bury", "polling.take_over"], rows.Select(r => r.Action).Order(StringComparer.Ordinal));
        Assert.All(rows, r => Assert.Equal(gone, r.Subject));
        Assert.Contains("\"endpoints\":3", rows.Single(r => r.Action == "polling.take_over").AfterJson);
        Assert.Contains("\"ready\":2", rows.Single(r => r.Action == "jobs.release").AfterJson);
        Assert.Equal(next.Node.Id, rows.Single(r => r.Action == "polling.take_over").ActorName);
        await Eventually.TrueAsync(async () => (await next.Audit.VerifyAsync(next.Database)) is { IsClean: true, Anchored: >= 3 }, "it is anchored and holds");
        await next.StopAsync();
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Keys_that_were_held_for_jobs_which_do_not_live_are_one_row(string kind)
    {
        using var folder = new TempFolder();
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        var address = postgres?.Url ?? "sqlite:" + folder.At("rondo.db");
        await using (var first = await HttpFixture.ServerOnAsync(address, "work"))
        {
            await first.StopAsync();
        }

        // As no program leaves it: keys are born and gone with their jobs.
        await using (var database = Database.Open(DatabaseAddress.TryParse(address, out _)!, DatabaseUse.Command, TimeProvider.System))
        {
            await database.WriteAsync("test", tx =>
            {
                tx.Execute(new Sql("test", "insert into job_slot (key, n, job_id) values ('a', 1, 999991), ('a', 2, 999992)"));
                tx.Execute(new Sql("test", "insert into job_unique (key, job_id) values ('b', 999993)"));
            });
        }

        await using var next = await HttpFixture.ServerOnAsync(address, "work");
        var row = Assert.Single(await Eventually.GetAsync(() => AuditTrail.ListAsync(next.Database, new AuditFilter(), 50), r => r.Count > 0, "it is written down and sealed"));
        Assert.Equal(("system", next.Node.Id, "jobs.keys", ""), (row.ActorKind, row.ActorName, row.Action, row.Subject));
        Assert.Equal(("""{"slots":2,"unique_keys":1}""", """{"slots":0,"unique_keys":0}"""), (row.BeforeJson, row.AfterJson));
        Assert.Equal(0, await CountAsync(next.Database, "select (select count(*) from job_slot) + (select count(*) from job_unique)"));
        await next.StopAsync();
    }

    [Fact]
    public async Task A_start_after_a_clean_stop_writes_nothing_down()
    {
        using var folder = new TempFolder();
        for (var n = 0; n < 2; n++)
        {
            await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"), "poll", "work");
            await Devices.ApplyAsync(server.Database, [Meter("m1", 1)], prune: false, dryRun: false);
            await Eventually.TrueAsync(async () => await CountAsync(server.Database, "select count(*) from endpoint where owner is not null") == 1, "it owns");
            Assert.Equal(0, await CountAsync(server.Database, "select (select count(*) from audit_log) + (select count(*) from audit_waiting)"));
            await server.StopAsync();
        }
    }

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Imports_that_it_settles_or_lets_go_of_and_another_time_zone_are_one_row_each(string kind)
    {
        using var folder = new TempFolder();
        await using var postgres = kind == "postgres" ? await TestPostgres.CreateAsync() : null;
        var address = DatabaseAddress.TryParse(postgres?.Url ?? "sqlite:" + folder.At("rondo.db"), out _)!;
        var imports = new Rondo.Imports.ImportOptions { Folder = folder.At("imports") };
        await using (var first = await StartAsync("UTC"))
        {
            await using var api = await HttpApi.StartAsync(first, new HttpSettings { Address = new Uri("http://127.0.0.1:0") }, CancellationToken.None);
            using var client = await HttpFixture.ClientAsync(first, api);
            await GoodAsync(client.PostAsync("/api/queues/imports/pause", null));
            await Eventually.TrueAsync(() => first.Worker!.State.Queues.Any(q => q is { Name: "imports", IsPaused: true }), "the pause is obeyed");
            for (var n = 0; n < 2; n++)
            {
                await GoodAsync(client.PostAsync("/api/imports?profile=long-csv", new StringContent($"meter,timestamp,value\nM{n},2026-01-01T00:00Z,1\n")));
            }

            // One was cancelled long ago; of the other nothing but its job.
            await GoodAsync(client.PostAsync("/api/imports/1/cancel", null));
            await first.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "update import set finished_at = @at where id = 1"), new { at = tx.Now - TimeSpan.FromDays(1_000) }); });
            await GoodAsync(client.PostAsync($"/api/jobs/{await CountAsync(first.Database, "select job_id from import where id = 2")}/cancel", null));
            await first.StopAsync();
        }

        await using var next = await StartAsync("Europe/Berlin");
        var rows = await Eventually.GetAsync(
            async () => (await AuditTrail.ListAsync(next.Database, new AuditFilter(), 50)).Where(r => r.ActorKind == "system").ToList(), r => r.Count >= 3, "all is written down and sealed");
        Assert.Equal(["imports.prune", "imports.settle 2", "site.time_zone"], rows.Select(r => $"{r.Action} {r.Subject}".TrimEnd()).Order(StringComparer.Ordinal));
        var zone = rows.Single(r => r.Action == "site.time_zone");
        Assert.Equal(("starting", """{"zone":"UTC"}""", """{"zone":"Europe/Berlin"}"""), (zone.ActorName, zone.BeforeJson, zone.AfterJson));
        Assert.Contains("\"deleted\":1", rows.Single(r => r.Action == "imports.prune").AfterJson);
        await next.StopAsync();

        Task<Server> StartAsync(string zone) => Server.StartAsync(
            address, ["work"], new Rondo.Polling.PollingOptions(), TimeProvider.System, Microsoft.Extensions.Logging.Abstractions.NullLoggerFactory.Instance, CancellationToken.None, new ServerOptions { Imports = imports, TimeZone = zone });

        static async Task GoodAsync(Task<HttpResponseMessage> asked)
        {
            using var answer = await asked;
            Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync());
        }
    }

    [Fact]
    public async Task What_a_dead_node_brought_and_was_refused_is_a_row()
    {
        using var folder = new TempFolder();
        await using var server = await HttpFixture.ServerOnAsync("sqlite:" + folder.At("rondo.db"), "work");
        var dead = new AuditedDatabase(server.Database, server.Audit, new Actor("system", "n1", "here"), AuditRules.All, isOptional: true);
        dead.Write("nodes.refused", _ => new Rondo.Polling.RefusedOutcomes("n1", 7));
        var row = Assert.Single(await Eventually.GetAsync(() => AuditTrail.ListAsync(server.Database, new AuditFilter { Action = "nodes.refused" }, 50), r => r.Count > 0, "it is sealed"));
        Assert.Equal(("system", "n1", "n1", """{"outcomes":7}"""), (row.ActorKind, row.ActorName, row.Subject, row.AfterJson));
        await server.StopAsync();
    }

    private static Task<long> CountAsync(Database database, string sql) => database.ReadAsync("test", tx => tx.First<long>(new Sql("test", sql)));

    private static DeviceSpec Meter(string name, int port) => SpecJson.ReadDevice(
        $$"""{ "name": "{{name}}", "address": "127.0.0.1:{{port}}", "unit": 1, "interval": "1h", "points": [ { "name": "voltage", "function": "input", "address": 0, "unit": "V" } ] }""", null).Device!;
}
