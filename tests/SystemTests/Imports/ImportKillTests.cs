using System.Globalization;
using System.Text;
using System.Text.Json;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Imports;

/// <summary>kill -9 in the middle of an import: before a commit, and anywhere. Every row of the file is there once in the end.</summary>
public sealed class ImportKillTests
{
    private const int Meters = 20;
    private const int Each = 15_000;
    private static readonly Sql _units = new("test.units", "select units from import where id = 1");
    private static readonly Sql _samples = new("test.samples", "select count(*) from reading");
    private static readonly Sql _wrong = new("test.wrong", "select count(*) from (select series from reading group by series having count(*) <> @each or sum(value) <> @sum) w");

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Kills_lose_no_row_and_double_none(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, 1);
        var folder = Directory.CreateTempSubdirectory("rondo-imports-");
        try
        {
            await RunAsync(site, folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static async Task RunAsync(Site site, string folder)
    {
        await site.CommandAsync("database", "migrate");
        var variables = new Dictionary<string, string?> { ["RONDO_IMPORTS_FOLDER"] = Path.Combine(folder, "imports") };
        var file = Path.Combine(folder, "long.csv");
        await WriteAsync(file);
        await using (var add = new RondoProcess(["imports", "add", file, "--profile", "long-csv", "--database", site.Database], variables))
        {
            Assert.Equal(0, await add.ExitAsync());
        }

        // Between the last write of a chunk and its commit.
        await using (var server = Serve(new(variables) { ["RONDO_FAIL_POINTS"] = "imports.chunk=kill@9" }))
        {
            Assert.Equal(137, await server.ExitAsync());
        }

        Assert.Equal(8 * 5_000, await site.ReadAsync(tx => tx.First<long>(_units)));
        await using (var server = Serve(variables))
        {
            await server.UntilAsync(async () => await site.ReadAsync(tx => tx.First<long>(_units)) > 20 * 5_000, "it went on");
            await server.Kill9Async();
        }

        var stored = await site.ReadAsync(tx => tx.First<long>(_units));
        Assert.Equal(stored, await site.ReadAsync(tx => tx.First<long>(_samples)));
        await using (var server = Serve(variables))
        {
            await server.UntilAsync(async () => JsonDocument.Parse(await site.CommandAsync("imports", "show", "1", "--json")).RootElement.GetProperty("import").GetProperty("state").GetString() == "done", "it is done");
            Assert.Equal(0, await server.StopAsync());
        }

        var done = JsonDocument.Parse(await site.CommandAsync("imports", "show", "1", "--json")).RootElement.GetProperty("import");
        Assert.Equal(
            (Meters * Each, Meters * Each, Meters * Each, 0),
            (done.GetProperty("rows").GetInt32(), done.GetProperty("values").GetInt32(), done.GetProperty("inserted").GetInt32(), done.GetProperty("rejected").GetInt32()));
        Assert.Equal(Meters * Each, await site.ReadAsync(tx => tx.First<long>(_samples)));
        Assert.Equal(0, await site.ReadAsync(tx => tx.First<long>(_wrong, new { each = Each, sum = Each * (Each - 1L) / 2.0 })));

        RondoProcess Serve(Dictionary<string, string?> with) => new(["serve", "--database", site.Database, "--roles", "work"], with);
    }

    private static async Task WriteAsync(string file)
    {
        // Instants from the retention of readings on, which would drop older ones; within it whatever the day is.
        var first = new DateTimeOffset(DateTimeOffset.UtcNow.UtcDateTime.Date, TimeSpan.Zero).AddDays(-330);
        var text = new StringBuilder("meter,timestamp,value\n");
        for (var i = 0; i < Each; i++)
        {
            var at = first.AddMinutes(30 * i).ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
            for (var meter = 1; meter <= Meters; meter++)
            {
                text.Append(CultureInfo.InvariantCulture, $"M{meter},{at},{i}\n");
            }
        }

        await File.WriteAllTextAsync(file, text.ToString());
    }
}
