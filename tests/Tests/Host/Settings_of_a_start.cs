using Rondo.Host;
using Rondo.Host.Settings;
using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>Defaults, then the file, then the environment, then the command line; secrets stay secret.</summary>
public sealed class Settings_of_a_start : IDisposable
{
    private readonly TempFolder _folder = new();
    private readonly CommandRun _run;

    public Settings_of_a_start() => _run = new CommandRun(_folder) { Database = null };

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_later_source_wins_and_is_named()
    {
        Assert.Equal(("20ms", "default"), await ShownAsync("polling.gather"));
        var file = _folder.Write("rondo.json", """{ "database": "sqlite:/from/file.db", "polling": { "gather": "30ms", "batch_size": 500 } }""");
        Assert.Equal(("30ms", file), await ShownAsync("polling.gather", "--config", file));
        Assert.Equal(("500", file), await ShownAsync("polling.batch_size", "--config", file));
        _run.Variables["RONDO_POLLING_GATHER"] = "40ms";
        _run.Variables["RONDO_DATABASE"] = "sqlite:/from/environment.db";
        Assert.Equal(("40ms", "environment RONDO_POLLING_GATHER"), await ShownAsync("polling.gather", "--config", file));
        Assert.Equal(("sqlite:/from/environment.db", "environment RONDO_DATABASE"), await ShownAsync("database", "--config", file));
        Assert.Equal(("sqlite:/from/option.db", "option --database"), await ShownAsync("database", "--config", file, "--database", "sqlite:/from/option.db"));
    }

    [Fact]
    public async Task The_usual_file_is_read_when_it_exists_and_one_that_is_named_must_exist()
    {
        var usual = _folder.Write("usual.json", """{ "roles": ["poll"] }""");
        Assert.Equal(("poll", usual), await ShownAsync("roles"));
        Assert.Equal(64, await _run.RunAsync("config", "check", "--config", _folder.At("missing.json")));
        Assert.Contains("missing.json", _run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_any_word_about_it_the_database_is_in_the_data_folder()
    {
        Assert.Equal(("sqlite:" + _folder.At(".local/share/rondo/rondo.db"), "default"), await ShownAsync("database"));
        _run.Variables["XDG_DATA_HOME"] = _folder.At("data");
        Assert.Equal("sqlite:" + _folder.At("data/rondo/rondo.db"), (await ShownAsync("database")).Value);
        _run.Variables["STATE_DIRECTORY"] = _folder.At("state") + ":/other";
        Assert.Equal("sqlite:" + _folder.At("state/rondo.db"), (await ShownAsync("database")).Value);
        await _run.GoodAsync("database", "migrate");
        Assert.True(File.Exists(_folder.At("state/rondo.db")));
    }

    [Fact]
    public async Task Bounds_of_the_feed_are_settings()
    {
        Assert.Equal(("1024KiB", "default"), await ShownAsync("live.max_queue"));
        Assert.Equal("1d", (await ShownAsync("live.keep_for")).Value);
        var file = _folder.Write("rondo.json", """{ "live": { "keep_events": 5000, "keep_for": "2h", "max_sockets": 50, "max_event_streams": 5, "max_per_token": 7, "max_topics": 8, "max_queue": "2MiB" } }""");
        var live = SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = file }).Settings!.Live;
        Assert.Equal((5_000, TimeSpan.FromHours(2), 50, 5, 7, 8, 2 * 1024 * 1024), (live.KeepEvents, live.KeepFor, live.MaxSockets, live.MaxEventStreams, live.MaxPerToken, live.MaxTopics, live.MaxQueue));
    }

    [Theory]
    [InlineData("false")]
    [InlineData("\"false\"")]
    public async Task Hints_are_on_unless_they_are_switched_off(string value)
    {
        Assert.Equal(("true", "default"), await ShownAsync("hints"));
        var file = _folder.Write("rondo.json", $$"""{ "hints": {{value}} }""");
        Assert.Equal(("false", file), await ShownAsync("hints", "--config", file));
        Assert.False(SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = file }).Settings!.Hints);
        Assert.True(SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = _folder.At("none.json") }).Settings!.Hints);
    }

    [Theory]
    [InlineData("postgres://rondo:geheim@db.example/rondo")]
    [InlineData("postgresql://rondo@db.example:5433/rondo?password=geheim")]
    [InlineData("Host=db.example;Username=rondo;Password=geheim;Database=rondo")]
    public async Task A_password_is_never_shown(string address)
    {
        foreach (var more in new string[][] { [], ["--json"] })
        {
            await _run.GoodAsync(["config", "show", "--database", address, .. more]);
            Assert.Contains("db.example", _run.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("geheim", _run.Output + _run.Error, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Secrets_of_calls_are_never_shown_and_a_wrong_one_is_not_repeated()
    {
        const string Secret = "whsec_Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt";
        var file = _folder.Write("rondo.json", $$"""{ "jobs": { "http": { "secrets": ["{{Secret}}", "Billing.example={{Secret}}"], "allow": ["127.0.0.1:8080", "10.0.0.0/8"] } } }""");
        Assert.Equal(("whsec_***,billing.example=whsec_***", file), await ShownAsync("jobs.http.secrets", "--config", file));
        Assert.Equal("127.0.0.1:8080,10.0.0.0/8", (await ShownAsync("jobs.http.allow", "--config", file)).Value);
        var settings = SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = file }).Settings!;
        Assert.Equal(2, settings.Jobs.Http.Secrets.Count);
        Assert.DoesNotContain("Z2VoZWlt", $"{settings}", StringComparison.Ordinal);
        foreach (var wrong in new[] { "whsec_Z2VoZWlt", "Z2VoZWltZ2VoZWltZ2VoZWltZ2VoZWlt", $"{Secret},{Secret},{Secret}", $"{Secret},a b={Secret}" })
        {
            _run.Variables["RONDO_JOBS_HTTP_SECRETS"] = wrong;
            foreach (var line in new[] { "config show", "config show --json", "config check" })
            {
                Assert.Equal(1, await _run.RunAsync([.. line.Split(' '), "--config", file]));
                Assert.Contains("RONDO_JOBS_HTTP_SECRETS", _run.Error, StringComparison.Ordinal);
                Assert.DoesNotContain("Z2VoZWlt", _run.Output + _run.Error, StringComparison.Ordinal);
            }
        }
    }

    [Theory]
    [InlineData("10.0.0.5:6379", "redis://10.0.0.5:6379")]
    [InlineData("redis://rondo:geheim@redis.example:6379", "redis://rondo:***@redis.example:6379")]
    public async Task A_Redis_is_configured_as_everything_else_is_and_its_password_is_never_shown(string address, string shown)
    {
        Assert.Equal(("none", "default"), await ShownAsync("redis"));
        var file = _folder.Write("rondo.json", $$"""{ "redis": "{{address}}" }""");
        Assert.Equal((shown, file), await ShownAsync("redis", "--config", file));
        var settings = SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = file }).Settings!;
        Assert.Equal(shown, settings.Redis!.Shown);
        Assert.DoesNotContain("geheim", $"{settings}", StringComparison.Ordinal);
        _run.Variables["RONDO_REDIS"] = "none";
        Assert.Equal(("none", "environment RONDO_REDIS"), await ShownAsync("redis", "--config", file));
        _run.Variables["RONDO_REDIS"] = address + "/0";
        foreach (var (line, code) in new[] { ("serve", 64), ("config check", 1), ("config show", 1), ("config show --json", 1) })
        {
            Assert.Equal(code, await _run.RunAsync(line.Split(' ')));
            Assert.Contains("environment RONDO_REDIS: redis: ", _run.Error, StringComparison.Ordinal);
            Assert.DoesNotContain("geheim", _run.Output + _run.Error, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("""{ "polling": { "gather": "soon" } }""", "polling.gather: 'soon' is not a duration")]
    [InlineData("""{ "polling": { "batch_size": 0 } }""", "polling.batch_size is 0; it must be 1 to 10000")]
    [InlineData("""{ "polling": { "probe_first": "10m", "probe_cap": "1m" } }""", "polling.probe_cap is 00:01:00; it must be")]
    [InlineData("""{ "polling": { "bach_size": 10 } }""", "'polling.bach_size' is not a setting; expected one of")]
    [InlineData("""{ "datbase": "sqlite:x" }""", "'datbase' is not a setting; expected one of database,")]
    [InlineData("""{ "database": "mysql:x" }""", "'mysql:x' is not a database address")]
    [InlineData("""{ "database": true }""", "database is true; expected a text or a number")]
    [InlineData("""{ "http": { "address": "http://192.168.1.5:80" } }""", "tokens would cross the network")]
    [InlineData("""{ "roles": "dance" }""", "'dance' is no list of roles")]
    [InlineData("""{ "hints": "perhaps" }""", "hints: 'perhaps' is neither true nor false")]
    [InlineData("""{ "redis": "localhost" }""", "redis: 'localhost' is no address of a Redis; expected HOST:PORT or redis://")]
    [InlineData("""{ "redis": true }""", "redis is true; expected a text or a number")]
    [InlineData("""{ "jobs": { "http": { "allow": ["10.0.0.1/8"] } } }""", "jobs.http.allow: '10.0.0.1/8' is nothing that can be called")]
    [InlineData("""{ "jobs": { "http": { "timeout": "1h" } } }""", "jobs.http: timeout 01:00:00; 100 ms to 10 min")]
    [InlineData("""{ "jobs": { "log": { "folder": "logs" } } }""", "jobs.log.folder: 'logs' is no full path of a folder")]
    [InlineData("""{ "jobs": { "log": { "max_size": 20 } } }""", "jobs.log.max_size: '20' is not a size")]
    [InlineData("""{ "jobs": { "log": { "keep": 5000 } } }""", "keep 5000;")]
    [InlineData("""{ "live": { "keep_events": 10 } }""", "live.keep_events: 10 events are kept; 1000 to 10000000")]
    [InlineData("""{ "live": { "keep_for": "5s" } }""", "live.keep_for: events are kept for 00:00:05; 1 minute to 366 days")]
    [InlineData("""{ "live": { "max_queue": "1000" } }""", "live.max_queue: '1000' is not a size; expected one such as 1024KiB or 4MiB")]
    [InlineData("""{ "live": { "max_queue": "4KiB" } }""", "live.max_queue: 4 KiB wait for one client; 512KiB to 64MiB")]
    [InlineData("""{ "live": { "max_sockets": "many" } }""", "live.max_sockets: 'many' is not a whole number")]
    [InlineData("""{ "readings": { "archive_after": "3d" } }""", "readings.archive_after: '3d' is neither a duration of 14d or more nor never")]
    [InlineData("""{ "readings": { "quality_at": "25:00" } }""", "readings.quality_at: '25:00' is neither a time of day such as 03:30 nor never")]
    [InlineData("""{ "readings": { "retention": { "1h": "soon" } } }""", "readings.retention.1h: 'soon' is neither a duration of 1h or more such as 90d nor forever")]
    [InlineData("""{ "roles": 5 """, ":1:", 64)]
    [InlineData("""[]""", "expected an object")]
    public async Task Check_names_the_file_and_what_is_wrong_in_it(string json, string expected, int code = 1)
    {
        var file = _folder.Write("rondo.json", json);
        Assert.Equal(code, await _run.RunAsync("config", "check", "--config", file));
        Assert.Contains(file, _run.Error, StringComparison.Ordinal);
        Assert.Contains(expected, _run.Error, StringComparison.Ordinal);
        Assert.Equal(code, await _run.RunAsync("config", "check", "--json", "--config", file));
        Assert.False(_run.Json.GetProperty("ok").GetBoolean());
        Assert.NotEqual(0, _run.Json.GetProperty("problems").GetArrayLength());
        Assert.Equal(64, await _run.RunAsync("polling", "status", "--config", file));
    }

    [Fact]
    public async Task Check_needs_no_database_and_reads_comments_and_keeping_for_ever()
    {
        var file = _folder.Write("rondo.json", """
            {
              // Kept for the auditors.
              "database": "postgres://rondo:secret@nowhere.invalid/rondo",
              "polling": { "ledger_retention": "forever", "reading_retention": "3650d", },
              "readings": { "retention": { "imported": "7300d", "15m": "forever", "1y": "36500d" } },
            }
            """);
        await _run.GoodAsync("config", "check", "--config", file);
        var reading = SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = file });
        Assert.Empty(reading.Problems);
        Assert.Null(reading.Settings!.Polling.LedgerRetention);
        Assert.Equal(TimeSpan.FromDays(3650), reading.Settings.Polling.ReadingRetention);
        var kept = reading.Settings.Retention;
        Assert.Equal((3650, 7300, null, 3650, null, 36500), (kept.Polled!.Value.TotalDays, kept.Imported!.Value.TotalDays, kept.Quarters, kept.Hours!.Value.TotalDays, kept.Days, kept.Years!.Value.TotalDays));
        Assert.Equal(TimeSpan.FromDays(7300), reading.Settings.Imports.Options(reading.Settings.Database, reading.Settings.Retention.Imported, _ => null).Oldest);
    }

    [Fact]
    public void What_is_set_of_readings_comes_to_the_server()
    {
        var file = _folder.Write("rondo.json", """{ "site": { "time_zone": "Asia/Kathmandu" }, "readings": { "quality_at": "05:45", "archive_after": "never", "retention": { "1h": "90d" } } }""");
        var reading = SettingsReader.Read(new SettingsSources { Variable = _ => null, UsualFile = file });
        Assert.Empty(reading.Problems);
        var options = ServerOptions.Of(reading.Settings!, null, _ => null);
        Assert.Equal(("Asia/Kathmandu", new TimeOnly(5, 45), null, TimeSpan.FromDays(90)), (options.TimeZone, options.QualityAt, options.Retention.ArchiveAfter, options.Retention.Hours));
    }

    private async Task<(string Value, string Source)> ShownAsync(string key, params string[] more)
    {
        await _run.GoodAsync(["config", "show", "--json", .. more]);
        var setting = _run.Json.GetProperty("settings").EnumerateArray().Single(s => s.GetProperty("key").GetString() == key);
        return (setting.GetProperty("value").GetString()!, setting.GetProperty("source").GetString()!);
    }
}
