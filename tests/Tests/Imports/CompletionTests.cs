using System.Text.Json;
using Rondo.Host.Commands;
using Rondo.Imports;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Imports;

/// <summary>Whoever wants to hear of the end of an import is told, by one job for each end; and how fast it went.</summary>
public sealed class CompletionTests
{
    private const string Url = "https://example.org/done";

    [Theory, BothDatabases]
    public async Task Each_end_of_an_import_is_told_once_by_a_job_that_calls(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, chunk: 3);
        var done = await rig.ImportAsync(Files.Long(1, 10) + "M1,x,1\n", change: r => r with { Webhook = Url, Tags = ["a"], Metadata = new Dictionary<string, string> { ["k"] = "v" } });
        Assert.NotNull(done.WebhookJobId);
        var (url, said) = Assert.Single(await CallsAsync(rig));
        Assert.Equal(
            (Url, "import.done", done.Id, "test.csv", 11, 10, 1, "a", "v", JsonValueKind.Null),
            (url, said.GetProperty("type").GetString(), said.GetProperty("import_id").GetInt64(), said.GetProperty("file").GetString(), said.GetProperty("rows").GetInt32(), said.GetProperty("inserted").GetInt32(),
                said.GetProperty("rejected").GetInt32(), said.GetProperty("tags")[0].GetString(), said.GetProperty("metadata").GetProperty("k").GetString(), said.GetProperty("error").ValueKind));
        Assert.True(done.RowsPerS > 0, "how fast it went is known");
        Assert.Null(done.LeftS);

        // Nobody asked; one that comes to nothing; again when it comes to nothing again.
        await rig.ImportAsync(Files.Long(1, 2, plus: 5));
        var dead = await rig.ImportAsync("no header\n", change: r => r with { Webhook = Url }, until: "dead");
        Assert.Null((await rig.Imports.RetryAsync(dead.Id, null)).Refusal);
        await rig.UntilAsync(dead.Id, "dead");
        var calls = await CallsAsync(rig);
        Assert.Equal(["import.done", "import.dead", "import.dead"], calls.Select(c => c.Said.GetProperty("type").GetString()));
        Assert.Contains("no header", calls[1].Said.GetProperty("error").GetString());
    }

    [Theory, BothDatabases]
    public async Task A_cancelled_import_is_told_of_and_a_place_that_is_not_called_is_refused(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind, isRunning: false);
        var id = (await rig.AddAsync(Files.Long(1, 2), change: r => r with { Webhook = Url })).Id;
        Assert.Empty(await CallsAsync(rig));
        Assert.Null((await rig.Imports.CancelAsync(id)).Refusal);
        Assert.Equal("import.cancelled", Assert.Single(await CallsAsync(rig)).Said.GetProperty("type").GetString());
        Assert.NotNull((await rig.Imports.CancelAsync(id)).Refusal);
        Assert.Single(await CallsAsync(rig));
        foreach (var bad in (string[])["ftp://example.org", "nowhere", "https://u:p@example.org/"])
        {
            Assert.Contains("webhook", (await Assert.ThrowsAsync<ImportRefused>(() => rig.AddAsync(Files.Long(1, 1), change: r => r with { Webhook = bad }))).Message);
        }
    }

    [Fact]
    public void How_an_import_goes_is_told_in_a_line()
    {
        var row = new ImportRow { Id = 7, File = "may.csv", State = "running", JobState = "running", Units = 50_000, Rejected = 3, Bytes = 4_000_000, BytesRead = 1_000_000, RowsPerS = 1_000 };
        Assert.Equal(150, row.LeftS);
        Assert.Equal("7 may.csv: running, 50,000 rows, 1,000 rows/s, 3 rejected, 2 min 30 s left", ImportsFollow.Line(row));
        Assert.Equal("3 h 05 min", ImportsFollow.Left(11_100));
        Assert.Equal("7 may.csv: queued, 0 rows", ImportsFollow.Line(new ImportRow { Id = 7, File = "may.csv", State = "queued", JobState = "ready" }));
    }

    private static async Task<List<(string Url, JsonElement Said)>> CallsAsync(ImportRig rig)
    {
        var rows = await rig.Store.QueryAsync<CallRow>("select args from job where kind = 'http' order by id");
        return [.. rows.Select(r => JsonDocument.Parse(r.Args).RootElement).Select(a => (a.GetProperty("url").GetString()!, a.GetProperty("body")))];
    }

    private sealed class CallRow
    {
        public string Args { get; init; } = "";
    }
}
