using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Rondo.Host;
using Rondo.Host.Settings;
using Rondo.Imports;
using Rondo.Imports.Folders;
using Rondo.Loops;
using Rondo.Polling;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Imports;

/// <summary>Folders that are watched.</summary>
public sealed class FolderTests : IDisposable
{
    private static readonly TimeSpan _settle = TimeSpan.FromSeconds(10);
    private static readonly AsyncLocal<bool> _isEnded = new();
    private readonly TempFolder _folder = new();
    private readonly List<FolderNews> _news = [];

    public void Dispose() => _folder.Dispose();

    [Theory, BothDatabases]
    public async Task Files_are_imported_once_and_end_up_in_done_or_failed_with_a_report(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        using var watched = Open(rig);
        Put("may.csv", Files.Long(2, 4) + "M1,x,1\n");
        Put("bad.csv", "nothing that is known\n");
        Put("empty.csv", "");
        Put(".hidden.csv", Files.Long(1, 1));
        Directory.CreateDirectory(_folder.At("sub"));
        File.CreateSymbolicLink(_folder.At("link.csv"), "/etc/hostname");
        await UntilAsync(watched, "done/may.csv", "failed/bad.csv", "failed/empty.csv");

        var report = Report("done/may.csv");
        Assert.Equal(("done", 9, 8, 1, "may.csv.rejected.csv"), (report.GetProperty("state").GetString(), report.GetProperty("rows").GetInt32(), report.GetProperty("inserted").GetInt32(), report.GetProperty("rejected").GetInt32(), report.GetProperty("rejects").GetString()));
        Assert.Contains("M1,x,1,10,timestamp,x,bad_time", File.ReadAllText(_folder.At("done/may.csv.rejected.csv")));
        Assert.Equal("dead", Report("failed/bad.csv").GetProperty("state").GetString());
        Assert.Contains("no header", Report("failed/bad.csv").GetProperty("error").GetString());
        Assert.Equal("refused", Report("failed/empty.csv").GetProperty("state").GetString());
        Assert.Empty(Directory.GetFileSystemEntries(_folder.At("working")));
        Assert.True(File.Exists(_folder.At(".hidden.csv")) && File.Exists(_folder.At("link.csv")));

        // The same again changes nothing, and says so; the file of before stays.
        Put("may.csv", Files.Long(2, 4) + "M1,x,1\n");
        await UntilAsync(watched, "gone may.csv");
        await Eventually.TrueAsync(async () => await watched.LookAsync(default) == 0, "nothing is under way");
        Assert.Contains(_news, n => n.Text.Contains("was already imported by import", StringComparison.Ordinal));
        Assert.Equal(2, Directory.GetFiles(_folder.At("done"), "may*.csv").Count(f => !f.EndsWith(".rejected.csv", StringComparison.Ordinal)));
        Assert.Equal((2, 8), (await rig.CountAsync("import"), (await rig.ValuesAsync()).Count));
    }

    [Fact]
    public async Task A_file_that_is_still_written_is_left_alone_until_it_stands_still()
    {
        await using var rig = await ImportRig.StartAsync(DatabaseKind.Sqlite, isRunning: false);
        var time = new FakeTime();
        using var watched = Open(rig, time);
        Put("may.csv", "meter,timestamp,value\n", DateTime.UtcNow);
        Assert.Equal(0, await watched.LookAsync(default));
        time.Advance(_settle - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await watched.LookAsync(default));
        File.AppendAllText(_folder.At("may.csv"), "M1,2026-01-01T00:00Z,1\n");
        Assert.Equal(0, await watched.LookAsync(default));
        time.Advance(_settle - TimeSpan.FromSeconds(1));
        Assert.Equal(0, await watched.LookAsync(default));
        time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await watched.LookAsync(default));

        // What says itself that it was written long ago was moved in, and is taken at once.
        Put("june.csv", Files.Long(1, 1), FakeTime.Start.UtcDateTime - TimeSpan.FromHours(1));
        Assert.Equal(2, await watched.LookAsync(default));
    }

    [Theory, BothDatabases]
    public async Task Whoever_is_ended_in_between_has_lost_nothing_and_imports_nothing_twice(DatabaseKind kind)
    {
        await using var rig = await ImportRig.StartAsync(kind);
        var ended = 0;
        _isEnded.Value = true;
        foreach (var point in (string[])["imports.watch.taken", "imports.watch.added", "imports.watch.named", "imports.watch.told"])
        {
            Put($"{point}.csv", Files.Long(1, 3, plus: ++ended * 100));
            using (FailPoint.Set(point, () => End(point)))
            {
                using var first = Open(rig);
                await Eventually.TrueAsync(
                    async () =>
                    {
                        try
                        {
                            await first.LookAsync(default);
                            return false;
                        }
                        catch (InvalidOperationException)
                        {
                            return true;
                        }
                    },
                    $"it comes to {point}");
            }

            using var next = Open(rig);
            await UntilAsync(next, $"done/{point}.csv");
            Assert.Equal(ended, await rig.CountAsync("import"));
            Assert.Empty(Directory.GetFiles(_folder.At("working")));
        }
    }

    [Fact]
    public async Task Of_two_that_watch_one_folder_one_is_told_that_it_does_not()
    {
        await using var rig = await ImportRig.StartAsync(DatabaseKind.Sqlite, isRunning: false);
        using (var first = Open(rig))
        {
            await first.LookAsync(default);
            using var second = Open(rig);
            Assert.Contains("watched by somebody else", (await Assert.ThrowsAsync<ImportRefused>(() => second.LookAsync(default))).Message);
        }

        using var third = Open(rig);
        Assert.Equal(0, await third.LookAsync(default));
        using var nowhere = new WatchedFolder(_folder.At("none"), _settle, rig.Imports, Request, _news.Add, TimeProvider.System);
        Assert.Contains("there is no folder", (await Assert.ThrowsAsync<ImportRefused>(() => nowhere.LookAsync(default))).Message);
    }

    [Theory, BothDatabases]
    public async Task A_server_watches_the_folder_that_its_settings_name(DatabaseKind kind)
    {
        await using var postgres = kind == DatabaseKind.Postgres ? await TestStore.PostgresAsync() : null;
        using var kept = new TempFolder();
        var address = DatabaseAddress.TryParse(postgres?.Url ?? "sqlite:" + kept.At("rondo.db"), out _)!;
        Put("may.csv", Files.Long(1, 3));
        var choice = new ImportChoice { Folder = kept.At("files"), Watch = _folder.Path };
        await using var server = await Server.StartAsync(
            address, ["work"], new PollingOptions { LedgerRetention = null, ReadingRetention = null }, TimeProvider.System, NullLoggerFactory.Instance, default,
            new ServerOptions { Imports = choice.Options(address, null, _ => null), Watch = choice });
        await Eventually.TrueAsync(() => File.Exists(_folder.At("done/may.csv")), "it is imported", TimeSpan.FromSeconds(40));
        Assert.Equal(3, Report("done/may.csv").GetProperty("inserted").GetInt32());
        await server.StopAsync();
    }

    private static ImportRequest Request(string name, string path) => new() { File = name, Profile = Files.Shipped("long-csv"), MaxRetries = 0 };

    private WatchedFolder Open(ImportRig rig, TimeProvider? time = null) => new(_folder.Path, _settle, rig.Imports, Request, _news.Add, time ?? TimeProvider.System);

    private void Put(string name, string text, DateTime? written = null)
    {
        File.WriteAllText(_folder.At(name), text);
        File.SetLastWriteTimeUtc(_folder.At(name), written ?? DateTime.UtcNow - TimeSpan.FromHours(1));
    }

    /// <summary>Others come by at the same time.</summary>
    private static void End(string point)
    {
        if (_isEnded.Value)
        {
            throw new InvalidOperationException($"ended at {point}");
        }
    }

    private JsonElement Report(string file) => JsonDocument.Parse(File.ReadAllText(_folder.At(file + ".report.json"))).RootElement;

    private Task UntilAsync(WatchedFolder watched, params string[] files) => Eventually.TrueAsync(
        async () =>
        {
            await watched.LookAsync(default);
            return files.All(f => f.StartsWith("gone ", StringComparison.Ordinal) ? !File.Exists(_folder.At(f[5..])) : File.Exists(_folder.At(f)));
        },
        $"{string.Join(", ", files)} are there; {string.Join(" | ", _news.Select(n => n.Text))}",
        TimeSpan.FromSeconds(30));
}
