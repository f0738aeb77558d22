using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Metadata;
using Microsoft.AspNetCore.Routing;
using Rondo.Host.Jobs;
using Rondo.Readings;
using Rondo.Security;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>What is changed over HTTP is written down as whose it is, on both databases.</summary>
public sealed class AuditTests
{
    // Those that change nothing that lasts, or are a record of their own. Sessions: SignInTests.
    private static readonly string[] _notWritten =
    ["POST /api/live/ticket", "POST /broadcasting/auth", "POST /apps/{id}/events", "POST /apps/{id}/batch_events",
        "POST /api/polling/now", "POST /api/polling/metrics/reset", "POST /api/setup", "POST /api/session", "DELETE /api/session",
    ];

    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task Every_change_is_written_down_with_who_and_what_it_was_and_became(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "poll", "work");
        await rondo.InitializeAsync();
        var (done, seen) = (new HashSet<string>(), 0L);
        await DoAsync("POST", "/api/devices", rondo.Meter("m1"), "devices.add m1");
        await DoAsync("PUT", "/api/devices/m1", rondo.Meter("m1", more: "\"category\": \"energy\","), "devices.change m1", "PUT /api/devices/{name}");
        await DoAsync("PATCH", "/api/devices/m1", """{ "monitoring_enabled": false }""", "devices.change m1", "PATCH /api/devices/{name}");
        await DoAsync("POST", "/api/polling/stop?device=m1", null, "polling.stop m1", "POST /api/polling/stop");
        await DoAsync("POST", "/api/polling/start?device=m1", null, "polling.start m1", "POST /api/polling/start");
        await DoAsync("POST", "/api/polling/stop", null, "polling.stop ");
        await DoAsync("PUT", "/api/devices/m1/secrets/password", """{ "value": "hunter2-hunter2" }""", "devices.secret.set m1/password", "PUT /api/devices/{name}/secrets/{key}");
        await DoAsync("DELETE", "/api/devices/m1/secrets/password", null, "devices.secret.remove m1/password", "DELETE /api/devices/{name}/secrets/{key}");
        await DoAsync("DELETE", "/api/devices/m1", null, "devices.remove m1", "DELETE /api/devices/{name}");
        await rondo.Server.Database.WriteAsync("test", tx => { tx.Execute(new Rondo.Storage.Sql("test", "update device set breaker_until = created_at where name = 'm1'")); });
        await DoAsync("POST", "/api/polling/audit", null, "polling.audit ");
        await DoAsync("POST", "/api/users", """{ "name": "ben", "role": "viewer", "password": "hunter2-hunter2" }""", "users.change ben");
        await DoAsync("PUT", "/api/users/ben/role", """{ "role": "operator" }""", "users.change ben", "PUT /api/users/{name}/role");
        await DoAsync("PUT", "/api/users/ben/password", "{}", "users.change ben", "PUT /api/users/{name}/password");
        await DoAsync("POST", "/api/users/ben/rotate", null, "users.change ben", "POST /api/users/{name}/rotate");
        await DoAsync("PUT", "/api/users/ben/password", """{ "password": "hunter2-hunter2" }""", "users.change ben", "PUT /api/users/{name}/password");
        using (var browser = new HttpClient { BaseAddress = rondo.Api.Address })
        {
            Assert.True((await browser.PostAsync("/api/session", new StringContent("""{ "name": "ben", "password": "hunter2-hunter2" }""", null, "application/json"))).IsSuccessStatusCode);
        }

        await DoAsync("POST", "/api/users/ben/revoke", null, "users.revoke ben", "POST /api/users/{name}/revoke");
        await DoAsync("DELETE", "/api/users/ben", null, "users.change ben", "DELETE /api/users/{name}");
        await DoAsync("POST", "/api/tokens", """{ "name": "t1", "role": "viewer", "expires_in": "1h", "devices": ["m1"] }""", "tokens.change t1");
        await DoAsync("POST", "/api/tokens/t1/rotate", null, "tokens.change t1", "POST /api/tokens/{name}/rotate");
        await DoAsync("DELETE", "/api/tokens/t1", null, "tokens.change t1", "DELETE /api/tokens/{name}");
        await DoAsync("POST", "/api/queues/default/pause", null, "queues.change default", "POST /api/queues/{queue}/pause");
        await PausedAsync("default");
        await DoAsync("PUT", "/api/queues/default/workers", """{ "workers": 2 }""", "queues.change default", "PUT /api/queues/{queue}/workers");
        var id = (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop", "args": { "takes_ms": 123 } }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        done.Add("POST /api/jobs");
        var enqueued = await Eventually.GetAsync(NewestAsync, r => r.GetProperty("subject").GetString() == $"{id}", "the enqueue is written down");
        Assert.Equal("jobs.enqueue", enqueued.GetProperty("action").GetString());
        Assert.DoesNotContain("123", enqueued.GetProperty("after").GetRawText());
        await DoAsync("POST", $"/api/jobs/{id}/cancel", null, $"jobs.cancel {id}", "POST /api/jobs/{id:long}/cancel");
        await DoAsync("POST", $"/api/jobs/{id}/retry", null, $"jobs.retry {id}", "POST /api/jobs/{id:long}/retry");
        await DoAsync("POST", $"/api/jobs/{id}/discard", null, $"jobs.discard {id}", "POST /api/jobs/{id:long}/discard");
        var discarded = id;
        await DoAsync("POST", "/api/jobs/retry?state=cancelled", null, "jobs.retry state=cancelled");
        await DoAsync("POST", "/api/jobs/discard?state=ready&kind=noop", null, "jobs.discard state=ready kind=noop");
        await DoAsync("POST", "/api/queues/default/resume", null, "queues.change default", "POST /api/queues/{queue}/resume");
        id = (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop", "args": { "takes_ms": 600000 } }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job").GetProperty("state").GetString() == "running", "it runs");
        await DoAsync("POST", $"/api/jobs/{id}/release", null, $"jobs.release {id}", "POST /api/jobs/{id:long}/release");
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job").GetProperty("state").GetString() == "running", "it runs again");
        await DoAsync("POST", "/api/jobs/release?queue=default", null, "jobs.release queue=default");
        await DoAsync("POST", "/api/jobs/cancel?all=true", null, "jobs.cancel all");
        await DoAsync("POST", "/api/queues/default/drain", null, "queues.change default", "POST /api/queues/{queue}/drain");
        await DoAsync("POST", "/api/queues/default/resume", null, "queues.change default", "POST /api/queues/{queue}/resume");
        var batch = (await rondo.Server.Jobs.EnqueueBatchAsync("b", [rondo.Server.Jobs.Prepare(new NoopArgs(TakesMs: 600_000))])).Id;
        await DoAsync("POST", $"/api/batches/{batch}/cancel", null, $"batches.cancel {batch}", "POST /api/batches/{id:long}/cancel");
        await DoAsync("POST", "/api/live/publish", """{ "topic": "global", "name": "trial", "data": { "a": 1, "api_key": "k" } }""", "live.publish global");
        await DoAsync("POST", "/api/schedules", """{ "name": "nightly", "kind": "noop", "cron": "0 3 * * *" }""", "schedules.change nightly");
        await DoAsync("POST", "/api/schedules/nightly/pause", null, "schedules.change nightly", "POST /api/schedules/{name}/pause");
        await DoAsync("POST", "/api/schedules/nightly/resume", null, "schedules.change nightly", "POST /api/schedules/{name}/resume");
        await DoAsync("POST", "/api/schedules/nightly/run", null, "schedules.run nightly", "POST /api/schedules/{name}/run");
        await DoAsync("DELETE", "/api/schedules/nightly", null, "schedules.change nightly", "DELETE /api/schedules/{name}");
        await rondo.Server.Database.WriteAsync("test.series", tx =>
        {
            SeriesStore.AddSources(tx, [(900_001, "m9")], tx.Now);
            SeriesStore.AddSeries(tx, [new NewSeries(900_002, 900_001, 0, "m9/energy", "kWh", "counter")]);
        });
        await DoAsync("POST", "/api/readings/swaps", """{ "series": "m9/energy", "at": "2026-01-10T00:00:00Z" }""", "readings.swap m9/energy");
        await DoAsync("DELETE", "/api/readings/swaps?series=m9/energy&at=2026-01-10T00:00:00Z", null, "readings.swap m9/energy");
        const string Readings = "meter,timestamp,value\nM1,2026-01-01T00:00Z,1\n";
        await DoAsync("POST", "/api/imports?profile=long-csv&file=may.csv", Readings, "imports.add 1");
        await Eventually.TrueAsync(async () => (await rondo.GetAsync("/api/imports/1")).Good().GetProperty("import").GetProperty("state").GetString() == "done", "it is imported");
        await DoAsync("POST", "/api/imports/1/undo", null, "imports.undo 1", "POST /api/imports/{id:long}/undo");
        await Eventually.TrueAsync(async () => (await rondo.GetAsync("/api/imports/1")).Good().GetProperty("import").GetProperty("undone_at").ValueKind == JsonValueKind.String, "it is taken back");
        await DoAsync("POST", "/api/imports/prune?days=0", null, "imports.prune days=0");
        await DoAsync("POST", "/api/queues/imports/pause", null, "queues.change imports", "POST /api/queues/{queue}/pause");
        await PausedAsync("imports");
        await DoAsync("POST", "/api/imports?profile=long-csv", Readings + "M1,2026-01-01T00:30Z,1\n", "imports.add 2");
        await DoAsync("POST", "/api/imports/2/cancel", null, "imports.cancel 2", "POST /api/imports/{id:long}/cancel");
        await DoAsync("POST", "/api/imports/2/retry?in=1h", null, "imports.retry 2", "POST /api/imports/{id:long}/retry");
        if (postgres is not null)
        {
            await DoAsync("POST", $"/api/nodes/{rondo.Server.Node.Id}/drain?force=true", null, $"nodes.drain {rondo.Server.Node.Id}", "POST /api/nodes/{node}/drain");
            await DoAsync("POST", $"/api/nodes/{rondo.Server.Node.Id}/resume", null, $"nodes.drain {rondo.Server.Node.Id}", "POST /api/nodes/{node}/resume");
        }

        // What changes nothing is not written down.
        var before = seen;
        (await rondo.AskAsync(HttpMethod.Post, "/api/queues/default/resume")).Good();
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices?dry_run=true", rondo.Meter("m2"))).Good();
        (await rondo.AskAsync(HttpMethod.Post, $"/api/jobs/{discarded}/cancel")).Problem(HttpStatusCode.Conflict);
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/batches/{batch}")).Good().GetProperty("state").GetString() == "finished", "it has ended");
        (await rondo.AskAsync(HttpMethod.Post, $"/api/batches/{batch}/cancel")).Problem(HttpStatusCode.Conflict);
        (await rondo.AskAsync(HttpMethod.Post, $"/api/jobs/{discarded}/release")).Problem(HttpStatusCode.Conflict);
        await DoAsync("POST", "/api/queues/other/pause", null, "queues.change other");
        Assert.Single(await ByPeopleAsync(), c => c.GetProperty("no").GetInt64() > before);

        var verdict = await rondo.Server.Audit.VerifyAsync(rondo.Server.Database);
        Assert.True(verdict.IsClean && verdict.Rows > before, string.Join("; ", verdict.Findings));
        if (postgres is not null)
        {
            var changing = rondo.Api.Endpoints.OfType<RouteEndpoint>().Select(e => $"{e.Metadata.GetMetadata<IHttpMethodMetadata>()!.HttpMethods[0]} {e.RoutePattern.RawText!.TrimEnd('/')}").Where(e => !e.StartsWith("GET ", StringComparison.Ordinal));
            Assert.Empty(changing.Except(done).Except(_notWritten));
        }

        async Task DoAsync(string method, string path, string? body, string expected, string? endpoint = null)
        {
            var answer = await rondo.AskAsync(new HttpMethod(method), path, body);
            Assert.True((int)answer.Status is 200 or 201, $"{method} {path}: {answer.Text}");
            done.Add(endpoint ?? $"{method} {path.Split('?')[0]}");
            var row = await Eventually.GetAsync(NewestAsync, r => r.ValueKind != JsonValueKind.Undefined && r.GetProperty("no").GetInt64() > seen && $"{r.GetProperty("action")} {r.GetProperty("subject")}" == expected, expected);
            seen = row.GetProperty("no").GetInt64();
            Assert.StartsWith("token test-", row.GetProperty("actor").GetString());
            Assert.Equal("127.0.0.1", row.GetProperty("from").GetString());
            Assert.NotEqual(row.GetProperty("before").ToString(), row.GetProperty("after").ToString());
        }

        // The worker obeys within moments; what comes before that it still runs.
        Task PausedAsync(string queue) => Eventually.TrueAsync(() => rondo.Server.Worker!.State.Queues.Any(q => q.Name == queue && q.IsPaused), $"the pause of {queue} is obeyed");

        async Task<JsonElement> NewestAsync() => (await ByPeopleAsync()).FirstOrDefault();

        // The server itself may clean up meanwhile, and says so there too.
        async Task<JsonElement[]> ByPeopleAsync() =>
            [.. (await rondo.GetAsync("/api/audit?limit=20")).Good().GetProperty("changes").EnumerateArray().Where(c => c.GetProperty("actor").GetString()!.StartsWith("token ", StringComparison.Ordinal))];
    }

    [Fact]
    public async Task The_trail_is_for_admins_and_read_page_by_page()
    {
        await using var rondo = new HttpFixture(null, "work");
        await rondo.InitializeAsync();
        foreach (var queue in new[] { "a", "b", "c" })
        {
            (await rondo.AskAsync(HttpMethod.Post, $"/api/queues/{queue}/pause")).Good();
        }

        await Eventually.TrueAsync(async () => (await rondo.GetAsync("/api/audit")).Good().GetProperty("changes").GetArrayLength() == 3, "all are sealed");
        var page = (await rondo.GetAsync("/api/audit?limit=2&action=queues.")).Good();
        Assert.Equal(["c", "b"], page.GetProperty("changes").EnumerateArray().Select(c => c.GetProperty("subject").GetString()));
        var rest = (await rondo.GetAsync(page.GetProperty("next").GetString()!)).Good();
        Assert.Equal("a", rest.GetProperty("changes")[0].GetProperty("subject").GetString());
        Assert.Equal("""{"workers":null,"is_paused":true,"name":"a"}""", rest.GetProperty("changes")[0].GetProperty("after").GetRawText());
        Assert.Equal(JsonValueKind.Null, rest.GetProperty("next").ValueKind);
        Assert.Equal(0, (await rondo.GetAsync("/api/audit?actor=nobody")).Good().GetProperty("changes").GetArrayLength());
        (await rondo.GetAsync("/api/audit?limit=0")).Problem(HttpStatusCode.BadRequest);
        using var viewer = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Operator);
        Assert.Equal(HttpStatusCode.Forbidden, (await viewer.GetAsync("/api/audit")).StatusCode);
    }
}
