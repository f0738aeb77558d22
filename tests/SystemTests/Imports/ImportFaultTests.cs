using System.Globalization;
using System.Text;
using System.Text.Json;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Imports;

/// <summary>A disk that is full, a database that is restarted, a prune that is killed, files that are larger than memory: in the middle of imports.</summary>
public sealed class ImportFaultTests(ITestOutputHelper output)
{
    private const int Meters = 20;
    private static readonly Sql _units = new("test.units", "select units from import where id = 1");
    private static readonly Sql _samples = new("test.samples", "select count(*) from reading");
    private static readonly Sql _wrong = new("test.wrong", "select count(*) from (select series from reading group by series having count(*) <> @each or sum(value) <> @sum) w");

    [Fact]
    public async Task A_full_disk_fails_the_run_and_says_so_and_the_import_goes_on_when_there_is_room_again()
    {
        const int Each = 20_000;
        await using var disk = await SmallDisk.MountAsync("96m");
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1, folder: disk.Folder);
        using var place = new Place(site);
        await place.AddAsync(Each, note: 0);
        await using var server = place.Serve();
        await server.UntilAsync(async () => await site.ReadAsync(tx => tx.First<long>(_units)) > 5 * 5_000, "it is in the middle");
        disk.Fill();
        await server.WaitForLineAsync("is tried again: StorageFault");

        // No room for another file either, which leaves nothing of itself.
        await File.WriteAllTextAsync(place.At("more.csv"), "meter,timestamp,value\n" + new string('x', 1_000_000));
        var (code, _, errors) = await RondoProcess.RunAsync("imports", "add", place.At("more.csv"), "--profile", "long-csv", "--database", site.Database);
        Assert.True(code == 1 && errors.Contains("Make room", StringComparison.Ordinal), $"{code}: {errors}");
        disk.Free();
        var failed = await place.UntilAsync(server, "failed");
        Assert.Contains("full", failed.GetProperty("last_error").GetString());
        Assert.NotEqual(JsonValueKind.Null, failed.GetProperty("retry_at").ValueKind);
        Assert.InRange(failed.GetProperty("rows").GetInt64(), 5 * 5_000, (Meters * Each) - 1);
        await site.CommandAsync("imports", "retry", "1");
        await place.UntilAsync(server, "done");
        await place.CheckAsync(Each);
        Assert.Equal(0, await server.StopAsync());
    }

    [Fact]
    public async Task A_database_that_is_restarted_in_the_middle_loses_no_row_and_doubles_none()
    {
        const int Each = 20_000;
        await using var site = await Site.CreateAsync(DatabaseKind.Postgres, 1);
        using var place = new Place(site);
        await place.AddAsync(Each, note: 0);
        await using var server = place.Serve();
        await server.UntilAsync(async () => await site.ReadAsync(tx => tx.First<long>(_units)) > 5 * 5_000, "it is in the middle");
        await site.Postgres!.StopImmediatelyAsync();
        await server.WaitForLineAsync("is tried again: StorageFault");
        await site.Postgres.StartAsync();
        var failed = await place.UntilAsync(server, "failed");
        Assert.InRange(failed.GetProperty("rows").GetInt64(), 5 * 5_000, (Meters * Each) - 1);
        Assert.NotEqual(JsonValueKind.Null, failed.GetProperty("last_error").ValueKind);
        await site.CommandAsync("imports", "retry", "1");
        await place.UntilAsync(server, "done");
        await place.CheckAsync(Each);
        Assert.Equal(0, await server.StopAsync());
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_prune_that_is_killed_between_row_and_file_leaves_both_to_the_next_one(DatabaseKind kind)
    {
        await using var site = await Site.CreateAsync(kind, 1);
        using var place = new Place(site);
        await place.AddAsync(10, note: 0);
        await site.CommandAsync("imports", "cancel", "1");
        await using (var prune = new RondoProcess(["imports", "prune", "--days", "0", "--database", site.Database], new Dictionary<string, string?>(place.Variables) { ["RONDO_FAIL_POINTS"] = "imports.prune=kill" }))
        {
            Assert.Equal(137, await prune.ExitAsync());
        }

        var file = Assert.Single(place.Files());
        Assert.Equal(0, await site.ReadAsync(tx => tx.First<long>(new Sql("test.imports", "select count(*) from import"))));
        File.SetLastWriteTimeUtc(file, DateTime.UtcNow.AddHours(-2));
        var report = await place.JsonAsync("imports", "prune", "--days", "0");
        Assert.Equal((0, 1), (report.GetProperty("states").GetArrayLength(), report.GetProperty("orphans").GetProperty("count").GetInt32()));
        Assert.Empty(place.Files());
    }

    [Fact]
    public Task A_file_of_60_megabytes_is_imported_in_a_heap_of_a_hundred() => ImportLargeAsync(60_000_000, isRejected: false);

    [Fact]
    public Task A_file_of_60_megabytes_that_is_rejected_row_by_row_takes_no_more() => ImportLargeAsync(60_000_000, isRejected: true);

    [Fact]
    [Trait("Category", "Soak")]
    public Task A_file_of_two_gigabytes_is_imported_in_200_megabytes() => ImportLargeAsync(2_000_000_000, isRejected: false);

    private async Task ImportLargeAsync(long bytes, bool isRejected)
    {
        // Rows of a kilobyte: a file of them read whole, or a line too many held, would not fit.
        await using var site = await Site.CreateAsync(DatabaseKind.Sqlite, 1);
        using var place = new Place(site);
        var each = (int)(bytes / 1_000 / Meters);
        place.Variables["DOTNET_GCHeapHardLimit"] = "0x6400000";
        await place.AddAsync(isRejected ? (int)(bytes / 3_500 / Meters) : each, note: isRejected ? 3_450 : 950, isRejected);
        await using var server = place.Serve();
        var peak = 0L;
        await server.UntilAsync(
            async () =>
            {
                peak = Math.Max(peak, server.ResidentBytes);
                return await site.ReadAsync(tx => tx.First<string>(new Sql("test.state", "select state from import where id = 1"))) is "done" or "failed" or "dead";
            },
            "it has ended",
            TimeSpan.FromMinutes(30));
        var done = (await place.JsonAsync("imports", "show", "1")).GetProperty("import");
        output.WriteLine($"{new FileInfo(place.Csv).Length:N0} bytes, {done.GetProperty("rows").GetInt64():N0} rows, {peak / 1_000_000} MB resident at most");
        Assert.Equal("done", done.GetProperty("state").GetString());
        if (isRejected)
        {
            Assert.Equal(done.GetProperty("rows").GetInt64(), done.GetProperty("rejected").GetInt64());
        }
        else
        {
            Assert.Equal(Meters * each, done.GetProperty("inserted").GetInt64());
        }

        // The small ones are held by their heap; what else a process keeps resident depends on what the machine has to give.
        Assert.InRange(peak, 1, bytes > 1_000_000_000 ? 200_000_000 : 250_000_000);
        Assert.Equal(0, await server.StopAsync());
    }

    /// <summary>Files and servers of one test.</summary>
    private sealed class Place(Site site) : IDisposable
    {
        private readonly string _folder = Directory.CreateTempSubdirectory("rondo-imports-").FullName;

        public Dictionary<string, string?> Variables { get; } = [];

        public string Csv => At("long.csv");

        public string At(string name) => Path.Combine(_folder, name);

        public RondoProcess Serve() => new(["serve", "--database", site.Database, "--roles", "work"], Variables);

        public IEnumerable<string> Files() => Directory.EnumerateFiles(Variables.GetValueOrDefault("RONDO_IMPORTS_FOLDER")!, "*", SearchOption.AllDirectories).Where(f => Path.GetFileName(f).Length == 64);

        /// <summary>Makes a file of so many half hours of each meter and hands it in.</summary>
        public async Task AddAsync(int each, int note, bool isRejected = false)
        {
            // Beside the database where that is a file: on the disk of the test.
            Variables["RONDO_IMPORTS_FOLDER"] = site.Postgres is null ? site.DatabaseFile + ".imports" : At("imports");
            Variables["RONDO_READINGS_RETENTION_IMPORTED"] = "forever";
            await site.CommandAsync("database", "migrate");
            await WriteAsync(each, new string('n', note), isRejected);
            await using var add = new RondoProcess(["imports", "add", Csv, "--profile", "long-csv", "--database", site.Database], Variables);
            Assert.True(await add.ExitAsync(TimeSpan.FromMinutes(5)) == 0, string.Join('\n', add.Errors));
        }

        public async Task<JsonElement> JsonAsync(params string[] arguments)
        {
            await using var command = new RondoProcess([.. arguments, "--json", "--database", site.Database], Variables.Where(v => v.Key.StartsWith("RONDO_", StringComparison.Ordinal)).ToDictionary());
            Assert.True(await command.ExitAsync() == 0, string.Join('\n', command.Errors));
            return JsonDocument.Parse(string.Join('\n', command.Output)).RootElement;
        }

        public async Task<JsonElement> UntilAsync(RondoProcess server, string state)
        {
            var import = default(JsonElement);
            await server.UntilAsync(
                async () =>
                {
                    import = (await JsonAsync("imports", "show", "1")).GetProperty("import");
                    return import.GetProperty("state").GetString() == state;
                },
                $"the import is {state}");
            return import;
        }

        public async Task CheckAsync(int each)
        {
            Assert.Equal(Meters * each, await site.ReadAsync(tx => tx.First<long>(_samples)));
            Assert.Equal(0, await site.ReadAsync(tx => tx.First<long>(_wrong, new { each, sum = each * (each - 1L) / 2.0 })));
        }

        public void Dispose() => Directory.Delete(_folder, recursive: true);

        private async Task WriteAsync(int each, string note, bool isRejected)
        {
            var first = new DateTimeOffset(2010, 1, 1, 0, 0, 0, TimeSpan.Zero);
            await using var file = new StreamWriter(Csv);
            await file.WriteAsync("meter,timestamp,value,remark\n");
            var text = new StringBuilder();
            for (var i = 0; i < each; i++)
            {
                var at = first.AddMinutes(30 * i).ToString("yyyy-MM-dd'T'HH:mm'Z'", CultureInfo.InvariantCulture);
                for (var meter = 1; meter <= Meters; meter++)
                {
                    text.Append(CultureInfo.InvariantCulture, $"M{meter},{at},{(isRejected ? "x" : i)},{note}\n");
                }

                await file.WriteAsync(text);
                text.Clear();
            }
        }
    }
}
