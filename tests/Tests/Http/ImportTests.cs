using System.Net;
using System.Text;
using Rondo.Security;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Http;

/// <summary>Imports over HTTP.</summary>
public sealed class ImportTests
{
    [Theory]
    [InlineData("sqlite")]
    [InlineData("postgres")]
    public async Task A_file_is_uploaded_as_it_comes_and_what_became_of_it_is_asked(string kind)
    {
        await using var postgres = kind == "postgres" ? await TestStore.PostgresAsync() : null;
        await using var rondo = new HttpFixture(postgres?.Url, "work");
        await rondo.InitializeAsync();
        using var client = await HttpFixture.ClientAsync(rondo.Server, rondo.Api, Role.Ingest);

        // Larger than any other body may be.
        var text = new StringBuilder("meter,timestamp,value\nM1,2026-05-01T00:00Z,x\n");
        while (text.Length < 5_000_000)
        {
            text.Append("M1,2026-05-01T00:00Z,1\n");
        }

        using var body = new ByteArrayContent(Encoding.UTF8.GetBytes(text.ToString()));
        using var added = await client.PostAsync("/api/imports?profile=long-csv&file=may.csv&tags=a,b", body);
        Assert.Equal((HttpStatusCode.Created, "/api/imports/1"), (added.StatusCode, added.Headers.Location?.ToString()));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/imports/1")).StatusCode);
        using var again = new ByteArrayContent(Encoding.UTF8.GetBytes(text.ToString()));
        using var same = await client.PostAsync("/api/imports?profile=long-csv", again);
        Assert.Equal((HttpStatusCode.OK, """{"id":1,"is_new":false}"""), (same.StatusCode, await same.Content.ReadAsStringAsync()));
        var shown = await Eventually.GetAsync(async () => (await rondo.GetAsync("/api/imports/1")).Good(), s => s.GetProperty("import").GetProperty("state").GetString() == "done", "it is imported");
        Assert.Equal((1, 1, "bad_number"), (shown.GetProperty("import").GetProperty("inserted").GetInt32(), shown.GetProperty("import").GetProperty("rejected").GetInt32(), shown.GetProperty("rejects")[0].GetProperty("reason").GetString()));
        var errors = await rondo.GetAsync("/api/imports/1/errors");
        Assert.Equal(("text/csv", "meter,timestamp,value,rondo_line,rondo_column,rondo_value,rondo_reason\r\nM1,2026-05-01T00:00Z,x,2,value,x,bad_number\r\n"), (errors.MediaType, errors.Text));
        Assert.Equal("may.csv", (await rondo.GetAsync("/api/imports?state=done")).Good().GetProperty("imports")[0].GetProperty("file").GetString());
        using var unread = new StringContent("meter,timestamp,value\nM9,2026-05-01T00:00Z,1\nM9,x,1\n");
        using var tried = await client.PostAsync("/api/imports?profile=long-csv&dry_run=true", unread);
        var trial = System.Text.Json.JsonDocument.Parse(await tried.Content.ReadAsStringAsync()).RootElement;
        Assert.Equal((HttpStatusCode.OK, 2, 1, 1, "M9"), (tried.StatusCode, trial.GetProperty("rows").GetInt32(), trial.GetProperty("values").GetInt32(), trial.GetProperty("rejected").GetInt32(), trial.GetProperty("first")[0].GetProperty("meter").GetString()));
        Assert.Equal((1, 1), ((await rondo.GetAsync("/api/imports")).Good().GetProperty("imports").GetArrayLength(), Directory.GetFiles(rondo.Server.ImportOptions.Folder, "*", SearchOption.AllDirectories).Count(f => !Path.GetFileName(f).StartsWith("database-", StringComparison.Ordinal))));
        Assert.Contains("no header", (await rondo.AskAsync(HttpMethod.Post, "/api/imports?profile=long-csv&dry_run=true", "x")).Problem(HttpStatusCode.UnprocessableEntity).GetProperty("detail").GetString());
        Assert.Contains("webhook", (await rondo.AskAsync(HttpMethod.Post, "/api/imports?profile=long-csv&webhook=nowhere", "x")).Problem(HttpStatusCode.UnprocessableEntity).GetProperty("detail").GetString());
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/api/imports?profile=long-csv&webhook=https://example.org/", null)).StatusCode);
        using var other = await client.PostAsync("/api/imports?profile=long-csv&file=other.csv&meter=m1&meta=a=b&meta=c=d", new StringContent("timestamp,value\n2026-05-01T00:00Z,2\n"));
        Assert.Equal(HttpStatusCode.Created, other.StatusCode);
        var second = await Eventually.GetAsync(async () => (await rondo.GetAsync("/api/imports/2")).Good().GetProperty("import"), i => i.GetProperty("state").GetString() == "done", "the second one is imported");
        Assert.Equal(("M1", 1, "d"), (second.GetProperty("meter").GetString(), second.GetProperty("replaced").GetInt32(), second.GetProperty("metadata").GetProperty("c").GetString()));
        var corrections = (await rondo.GetAsync("/api/imports/2/corrections?limit=1")).Good();
        Assert.Equal((1d, 2d, 1, 2), (corrections.GetProperty("corrections")[0].GetProperty("old_value").GetDouble(), corrections.GetProperty("corrections")[0].GetProperty("new_value").GetDouble(), corrections.GetProperty("corrections")[0].GetProperty("former_import").GetInt32(), corrections.GetProperty("corrections")[0].GetProperty("import").GetInt32()));
        Assert.Equal(0, (await rondo.GetAsync(corrections.GetProperty("next").GetString()!)).Good().GetProperty("corrections").GetArrayLength());
        var replaced = await rondo.GetAsync("/api/imports/2/corrections?format=csv");
        Assert.Equal("text/csv", replaced.MediaType);
        Assert.Contains("\r\nM1/import,2026-05-01T00:00:00Z,1,actual,1,2,actual,2,", replaced.Text);
        foreach (var bad in new[] { "after=x", "limit=0", "format=pdf" })
        {
            (await rondo.GetAsync($"/api/imports/2/corrections?{bad}")).Problem(HttpStatusCode.BadRequest);
        }

        (await rondo.GetAsync("/api/imports/9/corrections")).Problem(HttpStatusCode.NotFound);
        (await rondo.AskAsync(HttpMethod.Post, "/api/imports?profile=long-csv&meta=a", "x")).Problem(HttpStatusCode.BadRequest);
        (await rondo.AskAsync(HttpMethod.Post, "/api/imports/2/undo")).Good();
        await Eventually.GetAsync(async () => (await rondo.GetAsync("/api/imports/2")).Good(), s => s.GetProperty("import").GetProperty("undone_at").ValueKind != System.Text.Json.JsonValueKind.Null, "the second one is taken back");
        Assert.Contains("it is done", (await rondo.AskAsync(HttpMethod.Post, "/api/imports/1/cancel")).Problem(HttpStatusCode.Conflict).GetProperty("detail").GetString());
        (await rondo.AskAsync(HttpMethod.Post, "/api/imports/1/undo")).Good();
        await Eventually.GetAsync(async () => (await rondo.GetAsync("/api/imports/1")).Good(), s => s.GetProperty("import").GetProperty("undone_at").ValueKind != System.Text.Json.JsonValueKind.Null, "it is taken back");
        Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/imports/health")).StatusCode);
        var health = (await rondo.GetAsync("/api/imports/health")).Good();
        Assert.Equal(("healthy", 2, 0), (health.GetProperty("status").GetString(), health.GetProperty("ends").GetProperty("done").GetInt32(), health.GetProperty("reasons").GetArrayLength()));
        (await rondo.GetAsync("/api/imports/health?stuck_after=soon")).Problem(HttpStatusCode.BadRequest);
        (await rondo.GetAsync("/api/imports/health?degraded_failures=60&critical_failures=50")).Problem(HttpStatusCode.BadRequest);
        using var noMeters = await client.PostAsync("/api/imports?profile=long-csv", new StringContent("neither\nnor\n"));
        await Eventually.TrueAsync(async () => (await rondo.GetAsync("/api/imports/3")).Good().GetProperty("import").GetProperty("state").GetString() == "dead", "the third one is dead");
        var critical = await rondo.GetAsync("/api/imports/health?min_imports=1&degraded_failures=10&critical_failures=20");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, true), (critical.Status, critical.Text.Contains("imports.failures", StringComparison.Ordinal)));
        Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsync("/api/imports/prune?days=0", null)).StatusCode);
        (await rondo.AskAsync(HttpMethod.Post, "/api/imports/prune?days=-1")).Problem(HttpStatusCode.BadRequest);
        var would = (await rondo.AskAsync(HttpMethod.Post, "/api/imports/prune?days=0&dry_run=true")).Good();
        Assert.Equal((true, 2, 3), (would.GetProperty("is_dry_run").GetBoolean(), would.GetProperty("states")[1].GetProperty("imports").GetInt32(), would.GetProperty("files").GetProperty("count").GetInt32()));
        Assert.Equal(3, (await rondo.AskAsync(HttpMethod.Post, "/api/imports/prune?days=0")).Good().GetProperty("files").GetProperty("count").GetInt32());
        (await rondo.GetAsync("/api/imports/1")).Problem(HttpStatusCode.NotFound);
        (await rondo.AskAsync(HttpMethod.Post, "/api/imports/9/undo")).Problem(HttpStatusCode.NotFound);
        Assert.Contains("profile", (await rondo.AskAsync(HttpMethod.Post, "/api/imports", "x")).Problem(HttpStatusCode.BadRequest).GetProperty("detail").GetString());
        Assert.Contains("There are: green-button, long-csv", (await rondo.AskAsync(HttpMethod.Post, "/api/imports?profile=..%2F..%2Fetc%2Fpasswd", "x")).Problem(HttpStatusCode.UnprocessableEntity).GetProperty("detail").GetString());
    }
}
