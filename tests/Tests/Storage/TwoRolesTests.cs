using System.Net;
using System.Text.RegularExpressions;
using Npgsql;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Tests.Host;
using Rondo.Tests.Http;
using Rondo.Tests.Live;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>One role of PostgreSQL migrates, another runs: the statements are those of docs/operations/roles.md.</summary>
public sealed partial class TwoRolesTests : IDisposable
{
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_server_runs_as_a_role_that_cannot_change_the_schema_and_another_one_migrates()
    {
        await using var roles = await TwoRoles.CreateAsync(isUpgraded: false);
        await AnUnmigratedDatabaseIsSaidAsync(roles.Run);
        await Command(roles.Migrate).GoodAsync("database", "migrate");
        await using var rondo = new HttpFixture(roles.Run, "poll", "work");
        await rondo.InitializeAsync();

        // Polls, with their partitions.
        (await rondo.AskAsync(HttpMethod.Post, "/api/devices", rondo.Meter("m1"))).Good(HttpStatusCode.Created);
        await Eventually.TrueAsync(
            async () => await rondo.GetAsync("/api/readings/m1/voltage?limit=2") is { Status: HttpStatusCode.OK } a && a.Json.GetProperty("readings").GetArrayLength() == 2, "readings");
        Assert.True((await rondo.GetAsync("/api/polling/validate")).Good().GetProperty("is_clean").GetBoolean());

        // Jobs, their end, the event log, the audit trail.
        var id = (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop" }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job").GetProperty("state").GetString() == "done", "the job is done");
        using var listener = await FeedListener.OpenAsync(rondo.Api.Address, await HttpFixture.TokenAsync(rondo.Server, Role.Viewer), "");
        Assert.Equal("auth", (await listener.NextAsync()).GetProperty("type").GetString());
        await listener.SubscribeAsync(["jobs.trial"]);
        (await rondo.AskAsync(HttpMethod.Post, "/api/live/publish", """{ "topic": "jobs.trial", "name": "trial" }""")).Good();
        Assert.Equal("trial", (await listener.EventAsync()).GetProperty("name").GetString());
        (await rondo.AskAsync(HttpMethod.Post, "/api/queues/q/pause")).Good();
        await Eventually.TrueAsync(async () => (await rondo.GetAsync("/api/audit?action=queues.")).Good().GetProperty("changes").GetArrayLength() == 1, "the change is sealed");
        await Command(roles.Run).GoodAsync("jobs", "enqueue", "noop");
        Assert.All((await rondo.GetAsync("/api/polling/health")).Good().GetProperty("reasons").EnumerateArray(), r => Assert.DoesNotContain("loops", r.GetProperty("code").GetString()));

        // Partitions are made and dropped, and are those of the other role.
        var old = rondo.Server.Database.Clock.Now - TimeSpan.FromDays(300);
        Assert.Equal(2, await rondo.Server.Database.WriteAsync("make", tx => Partitions.Ensure(tx, "poll", _day, old, old + _day)));
        Assert.Equal(0, await ScalarAsync<long>(roles.Run, "select count(*) from pg_class where relkind in ('r', 'p', 'v', 'S') and relnamespace = 'public'::regnamespace and pg_get_userbyid(relowner) <> (select pg_get_userbyid(relowner) from pg_class where relname = 'poll')"));
        Assert.Equal(2, (await rondo.Server.Database.WriteAsync("drop", tx => Partitions.DropBefore(tx, "poll", _day, old + (_day * 3)))).Count);
    }

    [Fact]
    public async Task The_running_role_has_no_way_to_change_the_schema()
    {
        await using var roles = await TwoRoles.CreateAsync(isUpgraded: false);
        await Command(roles.Migrate).GoodAsync("database", "migrate");
        foreach (var statement in new[]
        {
            "create table mine (n int)", "create temporary table mine (n int)", "create schema mine", "create view mine as select 1", "create index mine on node (id)",
            "create function mine() returns int language sql as 'select 1'", "alter table node add column mine int", "alter table node owner to current_user", "drop table node", "drop view job",
            "drop function rondo_partition_drop(text, text)", "truncate job_ready", "create table mine partition of poll for values from ('2020-01-01') to ('2020-01-02')",
            "alter function rondo_partition_make(text, timestamptz, timestamptz) reset all", "set role rondo_migrate_of_test",

            // The functions are for partitions of our own tables, and for nothing else.
            "select rondo_partition_make('node', now(), now() + interval '1 day')", "select rondo_partition_make('pg_class', now(), now() + interval '1 day')",
            "select rondo_partition_make('poll; drop table node', now(), now() + interval '1 day')", "select rondo_partition_drop('poll', 'node')", "select rondo_partition_drop('pg_class', 'node')",
            "select rondo_partition_drop('node', 'node_lease')",
        })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync<object>(roles.Run, statement.Replace("rondo_migrate_of_test", roles.Owner, StringComparison.Ordinal)));
            Assert.True(refused.SqlState == "42501", $"{statement}: {refused.SqlState} {refused.MessageText}");
        }

        var length = await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync<object>(roles.Run, "select rondo_partition_make('poll', now(), now() + interval '90 days')"));
        Assert.Equal("22023", length.SqlState);
        Assert.NotEmpty(await ScalarAsync<string>(roles.Run, "select rondo_partition_make('poll', date_trunc('day', now() + interval '700 days', 'UTC'), date_trunc('day', now() + interval '701 days', 'UTC'))::text"));

        // Of a fixed search path, and nobody's who was not granted them.
        Assert.Equal(2, await ScalarAsync<long>(roles.Run, "select count(*) from pg_proc where proname like 'rondo_partition_%' and prosecdef and array_to_string(proconfig, ',') = 'search_path=public, pg_temp' and not has_function_privilege('pg_monitor', oid, 'execute')"));
    }

    [Fact]
    public async Task An_installation_with_one_role_is_parted_into_two()
    {
        await using var roles = await TwoRoles.CreateAsync(isUpgraded: true);
        await Command(roles.Migrate).GoodAsync("database", "migrate");
        await using var rondo = new HttpFixture(roles.Run, "poll", "work");
        await rondo.InitializeAsync();
        var id = (await rondo.AskAsync(HttpMethod.Post, "/api/jobs", """{ "kind": "noop" }""")).Good(HttpStatusCode.Created).GetProperty("id").GetInt64();
        await Eventually.TrueAsync(async () => (await rondo.GetAsync($"/api/jobs/{id}")).Good().GetProperty("job").GetProperty("state").GetString() == "done", "the job is done");
        var far = rondo.Server.Database.Clock.Now + TimeSpan.FromDays(300);
        Assert.Equal(2, await rondo.Server.Database.WriteAsync("make", tx => Partitions.Ensure(tx, "poll", _day, far, far + _day)));
        Assert.Equal("42501", (await Assert.ThrowsAsync<PostgresException>(() => ScalarAsync<object>(roles.Run, "alter table node add column mine int"))).SqlState);
    }

    private async Task AnUnmigratedDatabaseIsSaidAsync(string url)
    {
        var fault = await Assert.ThrowsAsync<StorageFault>(() => HttpFixture.ServerOnAsync(url));
        Assert.Equal(StorageFaultKind.Schema, fault.Kind);
        Assert.Contains("rondo database migrate", fault.Message, StringComparison.Ordinal);
        Assert.Contains("may not change it", fault.Message, StringComparison.Ordinal);
        var run = Command(url);
        Assert.Equal(1, await run.RunAsync("serve", "--http", "http://127.0.0.1:0"));
        Assert.Contains("rondo database migrate", run.Error, StringComparison.Ordinal);
        Assert.Equal(1, await run.RunAsync("jobs", "list"));
        Assert.Contains("rondo database migrate", run.Error, StringComparison.Ordinal);
    }

    private CommandRun Command(string url) => new(_folder) { Database = url };

    private static async Task<T> ScalarAsync<T>(string url, string statement)
    {
        await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(DatabaseAddress.TryParse(url, out _)!.Target) { Pooling = false }.ConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(statement, connection);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <summary>A database set up as the page says, with roles of its own names; all of it gone at the end.</summary>
    private sealed partial class TwoRoles : IAsyncDisposable
    {
        private readonly string _suffix = Ids.New();
        private readonly string _database;
        private readonly NpgsqlConnectionStringBuilder _server;

        private TwoRoles()
        {
            Requires.Postgres();
            _server = new NpgsqlConnectionStringBuilder(Environment.GetEnvironmentVariable("RONDO_TEST_POSTGRES")) { Pooling = false };
            _database = "rondo_roles_" + _suffix;
        }

        public string Owner => "rondo_migrate_" + _suffix;

        public string Migrate => $"postgres://{Owner}:MIGRATE-PASSWORD@{_server.Host}:{_server.Port}/{_database}";

        public string Run => $"postgres://rondo_run_{_suffix}:RUN-PASSWORD@{_server.Host}:{_server.Port}/{_database}";

        public static async Task<TwoRoles> CreateAsync(bool isUpgraded)
        {
            var roles = new TwoRoles();
            var blocks = SqlBlock().Matches(await File.ReadAllTextAsync(Repository.At("docs", "operations", "roles.md"))).Select(m => m.Groups["sql"].Value).ToArray();
            Assert.Equal(3, blocks.Length);
            if (!isUpgraded)
            {
                await roles.DoAsync("postgres", blocks[0]);
                await roles.DoAsync(roles._database, blocks[1]);
                return roles;
            }

            // One role that owns everything, and has run for a while.
            await roles.DoAsync("postgres", "create role rondo_run login password 'RUN-PASSWORD'; create database rondo owner rondo_run;");
            await using (var rondo = new HttpFixture(roles.Run, "poll", "work"))
            {
                await rondo.InitializeAsync();
            }

            await roles.DoAsync(roles._database, SingleRole().Replace(blocks[2], "rondo_run"));
            await roles.DoAsync(roles._database, blocks[1]);
            return roles;
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var url in new[] { Migrate, Run })
            {
                await using var pooled = new NpgsqlConnection(DatabaseAddress.TryParse(url, out _)!.Target);
                NpgsqlConnection.ClearPool(pooled);
            }

            await DoAsync("postgres", $"drop database if exists {_database} with (force); drop role if exists {Owner}; drop role if exists rondo_run_{_suffix};", isAsItIs: true);
        }

        private async Task DoAsync(string database, string text, bool isAsItIs = false)
        {
            if (!isAsItIs)
            {
                text = text.Replace("rondo_migrate", Owner, StringComparison.Ordinal).Replace("rondo_run", "rondo_run_" + _suffix, StringComparison.Ordinal);
                text = Named().Replace(text, "database " + _database);
            }

            await using var connection = new NpgsqlConnection(new NpgsqlConnectionStringBuilder(_server.ConnectionString) { Database = database }.ConnectionString);
            await connection.OpenAsync();
            foreach (var statement in text.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            {
                await using var command = new NpgsqlCommand(statement, connection);
                await command.ExecuteNonQueryAsync();
            }
        }

        [GeneratedRegex("```sql\n(?<sql>.*?)```", RegexOptions.Singleline)]
        private static partial Regex SqlBlock();

        [GeneratedRegex(@"database rondo\b(?!_)")]
        private static partial Regex Named();

        [GeneratedRegex(@"\brondo\b")]
        private static partial Regex SingleRole();
    }
}
