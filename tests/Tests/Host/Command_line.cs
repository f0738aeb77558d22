using Rondo.Tests.Support;

namespace Rondo.Tests.Host;

/// <summary>What is typed wrongly is said clearly, with exit code 64 and without a stack trace.</summary>
public sealed class Command_line : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Commands =>
    [
        "", "demo", "serve", "devices", "devices apply", "devices list", "devices show", "devices remove", "devices test", "devices probe", "polling", "polling start",
        "polling stop", "polling status", "polling audit", "polling validate", "readings show", "nodes list", "database migrate", "config show", "config check", "simulate modbus",
        "jobs", "jobs list", "jobs show", "jobs explain", "jobs enqueue", "jobs retry", "jobs cancel", "jobs discard", "jobs release", "jobs prune", "queues", "queues list",
        "queues pause", "queues resume", "queues drain", "workers", "workers list", "workers start", "workers stop", "workers restart", "workers scale", "work",
        "schedules", "schedules list", "schedules show", "schedules check", "schedules run", "schedules pause", "schedules resume", "schedules add", "schedules remove",
        "secrets", "secrets list", "secrets verify", "secrets rotate", "secrets forget", "devices secret", "devices secret set", "devices secret list", "devices secret remove", "users", "users add", "users list", "users remove", "users passwd", "users role", "audit", "audit list", "audit verify", "audit export", "audit accept", "audit rotate-key", "tokens", "tokens add", "tokens list", "tokens revoke", "tokens rotate",
        "schedules", "schedules list", "schedules show", "schedules check", "schedules run", "schedules pause", "schedules resume", "schedules add", "schedules remove", "watch", "live", "live publish", "trace",
        "imports", "imports add", "imports list", "imports show", "imports errors", "imports corrections", "imports retry", "imports cancel", "imports undo", "imports profile", "imports profile list", "imports profile show", "imports profile guess",
    ];

    [Theory]
    [MemberData(nameof(Commands))]
    public async Task Every_command_has_help_that_knows_the_common_options(string command)
    {
        var run = await Run().GoodAsync([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);
        Assert.Contains("--json", run.Output, StringComparison.Ordinal);
        Assert.Contains("--database", run.Output, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("devices apply")]
    [InlineData("polling validate")]
    [InlineData("simulate modbus")]
    [InlineData("demo")]
    public async Task Help_ends_with_examples(string command) =>
        Assert.Contains("Examples:\n  rondo " + command, (await Run().GoodAsync([.. command.Split(' '), "--help"])).Output, StringComparison.Ordinal);

    [Fact]
    public async Task The_help_of_the_simulator_names_every_fault()
    {
        var run = await Run().GoodAsync("simulate", "modbus", "--help");
        Assert.All(Rondo.Simulators.Modbus.FaultName.All, fault => Assert.Contains("  " + fault.Name, run.Output, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("")]
    [InlineData("devices")]
    [InlineData("pollin status")]
    [InlineData("polling status --nonsense")]
    [InlineData("polling validate --from")]
    [InlineData("polling validate --from yesterday-ish")]
    [InlineData("devices apply")]
    [InlineData("polling validate --from -1h --to -2h")]
    [InlineData("polling validate --from now --to now")]
    [InlineData("polling validate --from -9999999d")]
    [InlineData("readings show a/b --format csv --json")]
    [InlineData("simulate modbus --seconds -1")]
    [InlineData("simulate modbus --seconds 1e300")]
    [InlineData("simulate modbus --interval 1y --devices-file x")]
    [InlineData("devices apply /no/such/file.yaml")]
    [InlineData("devices probe 127.0.0.1:1")]
    [InlineData("devices probe not/a/host --register 0")]
    [InlineData("devices probe 127.0.0.1 --register 65536")]
    [InlineData("devices probe 127.0.0.1 --register 1 --function 6")]
    [InlineData("devices probe 127.0.0.1 --register 1 --unit 256")]
    [InlineData("readings show x --format xml")]
    [InlineData("readings show x --limit 0")]
    [InlineData("simulate modbus --fault wobble")]
    [InlineData("simulate modbus --gateways 0")]
    [InlineData("simulate modbus --framing serial")]
    [InlineData("demo --devices 0")]
    [InlineData("demo --interval 5")]
    [InlineData("demo --seconds -1")]
    [InlineData("serve --roles cook")]
    [InlineData("tokens add x")]
    [InlineData("tokens add x --role king")]
    [InlineData("tokens add x --role viewer --expires 5")]
    [InlineData("tokens add x --role viewer --devices a*b")]
    [InlineData("users add x --role viewer --password-file /no/such/file")]
    [InlineData("jobs list --state asleep")]
    [InlineData("jobs list --limit 0")]
    [InlineData("jobs show x")]
    [InlineData("jobs enqueue nonsense")]
    [InlineData("jobs enqueue noop --args {")]
    [InlineData("jobs enqueue noop --args {\"takes_ms\":\"x\"}")]
    [InlineData("jobs enqueue noop --delay soon")]
    [InlineData("jobs enqueue noop --delay 1m --at now")]
    [InlineData("jobs enqueue noop --meta x")]
    [InlineData("jobs enqueue noop --priority 101")]
    [InlineData("jobs retry")]
    [InlineData("jobs retry 1 --all")]
    [InlineData("jobs release")]
    [InlineData("jobs release 1 --queue default")]
    [InlineData("jobs cancel 1 --queue default")]
    [InlineData("jobs prune")]
    [InlineData("queues pause a/b")]
    [InlineData("imports add")]
    [InlineData("imports list --limit 0")]
    [InlineData("imports retry 1 --in soon")]
    [InlineData("workers scale default -1")]
    [InlineData("work")]
    [InlineData("work --once --max 0")]
    [InlineData("work --once --log-format colourful")]
    [InlineData("serve --http http://0.0.0.0:80")]
    [InlineData("serve --redis localhost")]
    [InlineData("serve --redis rediss://localhost:6379")]
    public async Task Misuse_is_64_with_a_sentence(string line)
    {
        var run = Run();
        await run.GoodAsync("database", "migrate");
        Assert.Equal(64, await run.RunAsync(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        Assert.StartsWith("rondo: ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_empty_name_of_a_file_is_misuse_too()
    {
        Assert.Equal(64, await Run().RunAsync("devices", "apply", ""));
        Assert.Equal(64, await Run().RunAsync("config", "check", "--config", ""));
        Assert.Equal(64, await Run().RunAsync("polling", "status", "--config", "a\0b"));
    }

    [Theory]
    [InlineData("mysql:x")]
    [InlineData("sqlite:")]
    [InlineData("postgres://127.0.0.1")]
    [InlineData("Host=127.0.0.1;Nonsense=1;Password=geheim")]
    public async Task A_database_address_that_is_none_is_misuse(string address)
    {
        var run = Run();
        run.Database = address;
        Assert.Equal(64, await run.RunAsync("polling", "status"));
        Assert.Contains("expected sqlite:PATH or postgres://", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task With_json_an_error_is_a_document_too()
    {
        var run = Run();
        Assert.Equal(1, await run.RunAsync("devices", "list", "--json"));
        Assert.Equal(1, run.Json.GetProperty("exit_code").GetInt32());
        Assert.Contains("rondo database migrate", run.Json.GetProperty("error").GetString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("polling status", 2)]
    [InlineData("polling validate")]
    [InlineData("devices list")]
    [InlineData("nodes list")]
    [InlineData("jobs list")]
    [InlineData("queues list")]
    [InlineData("imports list")]
    [InlineData("readings show a/b")]
    public async Task Without_a_database_or_its_schema_the_command_that_makes_it_is_named(string line, int code = 1)
    {
        var run = Run();
        Assert.Equal(code, await run.RunAsync(line.Split(' ')));
        Assert.Contains("rondo database migrate", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.At("rondo.db")));

        await File.WriteAllBytesAsync(_folder.At("rondo.db"), []);
        Assert.Equal(code, await run.RunAsync(line.Split(' ')));
        Assert.Contains("rondo database migrate", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_is_no_database_is_said_to_be_none()
    {
        _folder.Write("rondo.db", new string('x', 5_000));
        var run = Run();
        Assert.Equal(2, await run.RunAsync("polling", "status"));
        Assert.Equal(1, await run.RunAsync("devices", "list"));
        Assert.Contains("not a sound SQLite database", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_that_cannot_be_reached_is_a_problem_with_its_address_and_without_its_password()
    {
        var run = Run();
        run.Database = "postgres://rondo:geheim@127.0.0.1:1/rondo";
        Assert.Equal(1, await run.RunAsync("devices", "list"));
        Assert.StartsWith("rondo: connect: postgres://rondo:***", run.Error, StringComparison.Ordinal);
        Assert.Equal(2, await run.RunAsync("polling", "status"));
        Assert.Contains("postgres://rondo:***@127.0.0.1:1/rondo", run.Error, StringComparison.Ordinal);
        Assert.DoesNotContain("geheim", run.Error, StringComparison.Ordinal);
    }

    private CommandRun Run() => new(_folder);
}
