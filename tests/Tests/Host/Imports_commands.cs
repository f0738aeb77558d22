using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Imports as people steer them.</summary>
public sealed class Imports_commands : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task Files_are_handed_in_shown_corrected_and_taken_back(DatabaseKind kind)
    {
        await using var postgres = kind == DatabaseKind.Postgres ? await TestStore.PostgresAsync() : null;
        var run = new CommandRun(_folder);
        run.Database = postgres?.Url ?? run.Database;
        await run.GoodAsync("database", "migrate");
        var file = _folder.Write("may.csv", "meter,timestamp,value\nM1,2026-05-01T00:00Z,1\nM1,2026-05-01T00:30Z,x\nM1,2026-05-01T01:00Z,3\n");

        await run.GoodAsync("imports", "profile", "list");
        Assert.Contains("nem12", run.Output);
        await run.GoodAsync("imports", "profile", "show", "long-csv");
        Assert.Contains("shape: long", run.Output);
        await run.GoodAsync("imports", "profile", "guess", file, "--json");
        Assert.Equal(("long-csv", 2), (run.Json.GetProperty("profiles")[0].GetProperty("profile").GetString(), run.Json.GetProperty("profiles")[0].GetProperty("values").GetInt32()));
        Assert.Equal(1, await run.RunAsync("imports", "add", file, "--dry-run"));
        Assert.Contains("3 rows, 2 values of 1 series from 2026-05-01T00:00:00Z to 2026-05-01T01:00:00Z, 0 missing, 1 rows rejected", run.Output);

        await run.GoodAsync("imports", "add", file, "--tag", "a", "--note", "first", "--meta", "k=v", "--priority", "high", "--json");
        Assert.True(run.Json.GetProperty("imports")[0].GetProperty("is_new").GetBoolean());
        await run.GoodAsync("imports", "add", file);
        Assert.Contains("was already imported by import 1; nothing has changed", run.Output);
        await run.GoodAsync("imports", "cancel", "1");
        Assert.Equal(1, await run.RunAsync("imports", "cancel", "1"));
        await run.GoodAsync("imports", "retry", "1");
        await run.GoodAsync("work", "--once", "--queue", "imports");
        await run.GoodAsync("imports", "show", "1", "--json");
        var shown = run.Json.GetProperty("import");
        Assert.Equal(("done", 2, 1, "high"), (shown.GetProperty("state").GetString(), shown.GetProperty("inserted").GetInt32(), shown.GetProperty("rejected").GetInt32(), shown.GetProperty("priority").GetString()));
        await run.GoodAsync("imports", "show", "1");
        Assert.Contains("bad_number", run.Output);
        await run.GoodAsync("imports", "errors", "1", "--csv");
        Assert.Equal("meter,timestamp,value,rondo_line,rondo_column,rondo_value,rondo_reason\r\nM1,2026-05-01T00:30Z,x,3,value,x,bad_number\r\n", run.Output);
        await run.GoodAsync("imports", "list", "--state", "done");
        Assert.Contains("may.csv", run.Output);
        await run.GoodAsync("readings", "show", "M1/import", "--format", "csv");
        Assert.Contains("2026-05-01T01:00:00Z", run.Output);
        await run.GoodAsync("imports", "undo", "1");
        await run.GoodAsync("work", "--once", "--queue", "imports");
        await run.GoodAsync("imports", "show", "1");
        Assert.Contains("2 values deleted", run.Output);
        await run.GoodAsync("imports", "monitor");
        Assert.Contains("imports are healthy; 0 queued, 0 running, 0 wait for their next try", run.Output);
        await run.GoodAsync("imports", "monitor", "--verbose");
        Assert.Contains("imports/h", run.Output);
        var bad = _folder.Write("bad.csv", "neither\nnor\n");
        await run.GoodAsync("imports", "add", bad, "--profile", "long-csv");
        await run.RunAsync("work", "--once", "--queue", "imports");
        await run.GoodAsync("imports", "monitor");
        Assert.Equal(1, await run.RunAsync("imports", "monitor", "--min-imports", "1", "--critical-failures", "60"));
        Assert.Contains("degraded: imports.failures: 50 % of the imports", run.Output);
        Assert.Equal(2, await run.RunAsync("imports", "monitor", "--min-imports", "1", "--critical-failures", "40", "--json"));
        Assert.Equal("critical", run.Json.GetProperty("report").GetProperty("status").GetString());
        Assert.Equal(64, await run.RunAsync("imports", "monitor", "--critical-failures", "10"));
        Assert.Equal(64, await run.RunAsync("imports", "monitor", "--window", "soon"));
        await run.GoodAsync("imports", "monitor", "--handle-stuck");
        await run.GoodAsync("imports", "monitor", "--send-alerts");
        Assert.Contains("1 dead imports were told of", run.Output);
        await run.GoodAsync("imports", "monitor", "--send-alerts", "--json");
        Assert.Equal(0, run.Json.GetProperty("alerts").GetProperty("count").GetInt32());
        await run.GoodAsync("imports", "show", "2", "--json");
        Assert.True(run.Json.GetProperty("import").GetProperty("alert_sent").GetBoolean());
        await run.GoodAsync("imports", "prune", "--days", "0", "--dry-run", "--verbose");
        Assert.Contains("2 imports that ended before", run.Output);
        Assert.Contains("would be let go of", run.Output);
        Assert.Contains("may.csv", run.Output);
        await run.GoodAsync("imports", "prune", "--days", "0", "--json");
        Assert.Equal((2, "done"), (run.Json.GetProperty("files").GetProperty("count").GetInt32(), run.Json.GetProperty("states")[1].GetProperty("state").GetString()));
        Assert.Equal(1, await run.RunAsync("imports", "undo", "1"));
        Assert.Equal(64, await run.RunAsync("imports", "prune"));
        Assert.Equal(64, await run.RunAsync("imports", "prune", "--days", "-1"));
        Assert.Equal(1, await run.RunAsync("imports", "show", "99"));
        Assert.Equal(64, await run.RunAsync("imports", "add", file, "--profile", "none-such"));
        Assert.Contains("There are: green-button, long-csv", run.Error);
        await run.GoodAsync("audit", "list", "--action", "imports.");
        Assert.Contains("imports.undo", run.Output);
        Assert.Contains("imports.prune", run.Output);
        await run.GoodAsync("audit", "list", "--action", "imports.alert", "--json");
        var told = Assert.Single(run.Json.GetProperty("changes").EnumerateArray());
        Assert.Equal(("2", 1), (told.GetProperty("subject").GetString(), told.GetProperty("after").GetProperty("told").GetInt32()));
    }

    [Theory]
    [InlineData(DatabaseKind.Sqlite)]
    [InlineData(DatabaseKind.Postgres)]
    public async Task A_profile_is_guessed_and_saved_and_what_it_replaced_is_told(DatabaseKind kind)
    {
        await using var postgres = kind == DatabaseKind.Postgres ? await TestPostgres.CreateAsync() : null;
        var run = new CommandRun(_folder);
        run.Database = postgres?.Url ?? run.Database;
        await run.GoodAsync("database", "migrate");
        var file = _folder.Write("roof.csv", "when;kWh\n01/02/2026 00:00;1,5\n01/02/2026 00:30;2,5\n");
        var mine = _folder.At("mine.yaml");

        // Nobody knows which number is the day: nothing is saved until somebody says it.
        Assert.Equal(1, await run.RunAsync("imports", "profile", "guess", file, "--save", mine));
        Assert.Contains("'01/02/2026 00:00' may be 1 February 2026 or 2 January 2026", run.Error);
        Assert.False(File.Exists(mine));
        Assert.Equal(64, await run.RunAsync("imports", "profile", "guess", file, "--save", "mine"));
        Assert.Contains("imports.profiles", run.Error);
        Assert.Equal(64, await run.RunAsync("imports", "profile", "guess", file, "--date-order", "backwards"));
        await run.GoodAsync("imports", "profile", "guess", file, "--date-order", "day-first", "--save", mine, "--json");
        Assert.Equal((mine, "mine", 2), (run.Json.GetProperty("saved").GetString(), run.Json.GetProperty("name").GetString(), run.Json.GetProperty("trial").GetProperty("values").GetInt32()));
        Assert.Contains(run.Json.GetProperty("parts").EnumerateArray(), p => p.GetProperty("part").GetString() == "decimal" && p.GetProperty("certainty").GetString() == "certain" && p.GetProperty("value").GetString() == ",");
        Assert.Equal(1, await run.RunAsync("imports", "profile", "guess", file, "--date-order", "day-first", "--save", mine));
        Assert.Contains("is there already", run.Error);

        await run.GoodAsync("imports", "add", file, "--profile", mine, "--meter", "roof");
        await run.GoodAsync("work", "--once", "--queue", "imports");
        await run.GoodAsync("imports", "add", _folder.Write("roof2.csv", "when;kWh\n01/02/2026 00:30;9\n"), "--profile", mine, "--meter", "roof");
        await run.GoodAsync("work", "--once", "--queue", "imports");
        await run.GoodAsync("imports", "corrections", "2", "--json");
        var told = run.Json.GetProperty("corrections")[0];
        Assert.Equal(("ROOF/import", 2.5, 9d, 1, 2), (told.GetProperty("series").GetString(), told.GetProperty("old_value").GetDouble(), told.GetProperty("new_value").GetDouble(), told.GetProperty("former_import").GetInt32(), told.GetProperty("import").GetInt32()));
        await run.GoodAsync("imports", "corrections", "2", "--limit", "1");
        Assert.Contains("2026-02-01T00:30:00Z", run.Output);
        await run.GoodAsync("imports", "corrections", "2", "--csv");
        Assert.StartsWith("series,at,old_value,old_quality,former_import,new_value,new_quality,import,corrected_at,replaced_by\r\nROOF/import,2026-02-01T00:30:00Z,2.5,actual,1,9,actual,2,", run.Output, StringComparison.Ordinal);
        await run.GoodAsync("imports", "list");
        Assert.Contains("DUPLICATES", run.Output);
        Assert.Contains("ALERT_SENT", run.Output);
        await run.GoodAsync("imports", "show", "2");
        Assert.Contains("of meter ROOF", run.Output);
        Assert.Contains("alert sent: no", run.Output);
        Assert.Equal(1, await run.RunAsync("imports", "corrections", "99"));
        Assert.Equal(64, await run.RunAsync("imports", "corrections", "2", "--after", "x"));
        Assert.Equal(64, await run.RunAsync("imports", "corrections", "2", "--limit", "0"));
        Assert.Equal(64, await run.RunAsync("imports", "corrections", "2", "--csv", "--json"));
    }

    [Fact]
    public async Task On_a_terminal_it_is_shown_how_imports_go_and_who_ends_the_looking_ends_nothing_else()
    {
        var run = new CommandRun(_folder);
        var other = new CommandRun(_folder);
        await run.GoodAsync("database", "migrate");
        var file = _folder.Write("may.csv", "meter,timestamp,value\nM1,2026-05-01T00:00Z,1\nM1,x,1\n");
        await run.GoodAsync("imports", "add", file);
        Assert.DoesNotContain("%", run.Output);
        await run.GoodAsync("work", "--once", "--queue", "imports");
        run.IsTerminal = true;
        await run.GoodAsync("imports", "add", file);
        Assert.Contains("was already imported by import 1", run.Output);
        Assert.Contains("1 may.csv: done, 2 rows", run.Output.ReplaceLineEndings(" "));

        using var stop = new CancellationTokenSource();
        var adding = run.RunAsync(stop.Token, "imports", "add", _folder.Write("june.csv", "meter,timestamp,value\nM1,2026-06-01T00:00Z,1\n"), "--profile", "long-csv");
        await Eventually.TrueAsync(async () => (await other.GoodAsync("imports", "list")).Output.Contains("june.csv"), "it is queued");
        await stop.CancelAsync();
        Assert.Equal(0, await adding);
        await other.GoodAsync("imports", "list", "--state", "queued");
        Assert.Contains("june.csv", other.Output);
    }

    [Fact]
    public async Task What_is_put_into_a_folder_is_imported_until_somebody_ends_it()
    {
        var run = new CommandRun(_folder);
        await run.GoodAsync("database", "migrate");
        Directory.CreateDirectory(_folder.At("in"));
        File.WriteAllText(_folder.At("in/may.csv"), "meter,timestamp,value\nM1,2026-05-01T00:00Z,1\n");
        File.SetLastWriteTimeUtc(_folder.At("in/may.csv"), DateTime.UtcNow.AddHours(-1));
        await WatchAsync("in/working/1~may.csv");
        Assert.Contains("may.csv is queued as import 1", run.Output);
        Assert.Contains("until Ctrl-C", run.Output);
        await run.GoodAsync("work", "--once", "--queue", "imports");
        await WatchAsync("in/done/may.csv");
        Assert.Contains("may.csv is done: import 1, 1 rows, 1 values, 0 rows rejected", run.Output);
        Assert.True(File.Exists(_folder.At("in/done/may.csv.report.json")));
        await run.GoodAsync("imports", "show", "1");
        Assert.Contains("rows/s", run.Output);

        Assert.Equal(1, await run.RunAsync("imports", "add", "--watch", _folder.At("none")));
        Assert.Contains("there is no folder", run.Error);
        Assert.Equal(64, await run.RunAsync("imports", "add", "--watch", _folder.At("in"), "--dry-run"));
        Assert.Equal(64, await run.RunAsync("imports", "add"));

        async Task WatchAsync(string until)
        {
            using var stop = new CancellationTokenSource();
            var watching = run.RunAsync(stop.Token, "imports", "add", "--watch", _folder.At("in"), "--profile", "long-csv");
            await Eventually.TrueAsync(() => File.Exists(_folder.At(until)), $"{until} is there");
            await stop.CancelAsync();
            Assert.Equal(0, await watching);
        }
    }
}
