using Microsoft.Data.Sqlite;
using Rondo.Storage;
using Rondo.Storage.Postgres;
using Rondo.Storage.Sqlite;
using Rondo.Tests.Support;

namespace Rondo.Tests.Storage;

/// <summary>The same trouble is called the same on both databases.</summary>
public sealed class FaultTests
{
    [Theory, BothDatabases]
    public async Task Trouble_that_both_can_have_has_one_name(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (n {int} not null primary key, m {int} not null check (m > 0)){strict}");
        await store.ExecuteAsync("insert into t values (1, 1)");
        Assert.Equal(StorageFaultKind.Conflict, await KindAsync(store, "insert into t values (1, 1)"));
        Assert.Equal(StorageFaultKind.Conflict, await KindAsync(store, "insert into t values (2, -1)"));
        Assert.Equal(StorageFaultKind.Conflict, await KindAsync(store, "insert into t values (3, null)"));
        Assert.Equal(StorageFaultKind.Schema, await KindAsync(store, "insert into nowhere values (1)"));
        Assert.Equal(StorageFaultKind.Schema, await KindAsync(store, "update t set absent = 1"));
        Assert.Equal(StorageFaultKind.Misuse, await KindAsync(store, "selct 1"));
        var read = await Assert.ThrowsAsync<StorageFault>(() => store.QueryAsync<int>("select * from nowhere"));
        Assert.Equal(StorageFaultKind.Schema, read.Kind);
        Assert.Equal(1, await store.ScalarAsync<int>("select count(*) from t"));
    }

    [Theory, BothDatabases]
    public async Task A_fault_of_the_stores_own_passes_through_and_undoes_the_work(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (n {int} not null primary key){strict}");
        var thrown = new StorageFault(StorageFaultKind.Fenced, "late");
        var caught = await Assert.ThrowsAsync<StorageFault>(() => store.Database.WriteAsync("late", tx =>
        {
            tx.Execute(new Sql("t", "insert into t values (1)"));
            throw thrown;
        }));
        Assert.Same(thrown, caught);
        Assert.False(caught.IsTransient);
        Assert.Equal(0, await store.ScalarAsync<int>("select count(*) from t"));
    }

    [Theory, BothDatabases]
    public async Task A_read_cannot_write(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (n {int} not null primary key){strict}");
        await Assert.ThrowsAsync<StorageFault>(() => store.Database.ReadAsync("write", tx => tx.Execute(new Sql("t", "insert into t values (1)"))));
        Assert.Equal(0, await store.ScalarAsync<int>("select count(*) from t"));
    }

    [Fact]
    public async Task A_long_read_has_minutes_and_cannot_write_either()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        Assert.Equal("5min", await store.Database.ReadLongAsync("limit", tx => tx.First<string>(new Sql("l", "show statement_timeout"))));
        Assert.Equal("30s", await store.Database.ReadAsync("limit", tx => tx.First<string>(new Sql("l", "show statement_timeout"))));
        await Assert.ThrowsAsync<StorageFault>(() => store.Database.ReadLongAsync("write", tx => tx.Execute(new Sql("t", "create table t (n int)"))));
    }

    [Theory, BothDatabases]
    public async Task A_read_sees_one_moment_however_long_it_looks(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (n {int} not null primary key){strict}");
        await using var other = store.OpenAsCommand();
        var count = new Sql("count", "select count(*) from t");
        var (before, after) = await store.Database.ReadAsync("look", tx =>
        {
            var first = tx.First<int>(count);
            other.Write("insert", w => w.Execute(new Sql("t", "insert into t values (1)")));
            return (first, tx.First<int>(count));
        });
        Assert.Equal((0, 0), (before, after));
        Assert.Equal(1, await store.ScalarAsync<int>("select count(*) from t"));
    }

    [Theory]
    [InlineData("08006", StorageFaultKind.Unavailable)]
    [InlineData("57P01", StorageFaultKind.Unavailable)]
    [InlineData("57P03", StorageFaultKind.Unavailable)]
    [InlineData("53300", StorageFaultKind.Unavailable)]
    [InlineData("25006", StorageFaultKind.Unavailable)]
    [InlineData("55P03", StorageFaultKind.Busy)]
    [InlineData("57014", StorageFaultKind.Busy)]
    [InlineData("40P01", StorageFaultKind.Busy)]
    [InlineData("53100", StorageFaultKind.Full)]
    [InlineData("58030", StorageFaultKind.Full)]
    [InlineData("23505", StorageFaultKind.Conflict)]
    [InlineData("42P01", StorageFaultKind.Schema)]
    [InlineData("28P01", StorageFaultKind.Misuse)]
    [InlineData("42501", StorageFaultKind.Misuse)]
    [InlineData("XX001", StorageFaultKind.Corrupt)]
    [InlineData("22012", StorageFaultKind.Misuse)]
    public async Task What_PostgreSQL_says_is_sorted_by_its_code(string code, StorageFaultKind kind)
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        Assert.Equal(kind, await KindAsync(store, $"do $$ begin raise exception 'trouble' using errcode = '{code}'; end $$"));
    }

    [Theory]
    [InlineData("26000", "prepared statement \"_p1\" does not exist")]
    [InlineData("42P05", "prepared statement \"_p1\" already exists")]
    [InlineData("08P01", "bind message supplies 1 parameters, but prepared statement \"_p1\" requires 2")]
    public void What_a_PgBouncer_that_nobody_told_of_causes_says_what_to_add_to_the_address(string code, string message)
    {
        var fault = Pooled(code, message, "postgres://rondo:geheim@h/plant");
        Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
        Assert.Equal(
            $"work: {message}. postgres://rondo:***@h:5432/plant looks like PgBouncer in transaction mode; add ?pgbouncer=true to the address.", fault.Message);
        Assert.DoesNotContain("add ?pgbouncer", Pooled(code, message, "postgres://rondo:geheim@h/plant?pgbouncer=true").Message);
    }

    [Fact]
    public void What_PgBouncer_itself_says_may_pass_except_what_only_a_person_can_change()
    {
        const string Address = "postgres://h/plant?pgbouncer=true";
        Assert.Equal(StorageFaultKind.Unavailable, Pooled("08P01", "server conn crashed?", Address).Kind);
        Assert.Equal(StorageFaultKind.Unavailable, Pooled("08P01", "query_wait_timeout", Address).Kind);
        var fault = Pooled("08P01", "unsupported startup parameter: options", Address);
        Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
        Assert.Contains("take it out there; ALTER ROLE", fault.Message);
    }

    [Fact]
    public async Task A_connection_that_the_server_ends_is_unavailable_and_the_next_one_works()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        Assert.Equal(StorageFaultKind.Unavailable, await KindAsync(store, "select pg_terminate_backend(pg_backend_pid())"));
        Assert.Equal(1, await store.ScalarAsync<int>("select 1"));
    }

    [Fact]
    public async Task A_deadlock_runs_the_work_again()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        await store.ExecuteAsync("create table t (n int primary key, m int not null); insert into t values (1, 0), (2, 0)");
        using var both = new Barrier(2);
        var runs = 0;
        void Both(Transaction tx, int first, int second)
        {
            tx.Execute(new Sql("a", "update t set m = m + 1 where n = @n"), new { n = first });
            if (Interlocked.Increment(ref runs) <= 2)
            {
                both.SignalAndWait(TimeSpan.FromSeconds(20));
            }

            tx.Execute(new Sql("b", "update t set m = m + 1 where n = @n"), new { n = second });
        }

        await Task.WhenAll(
            store.Database.WriteAsync("one", tx => Both(tx, 1, 2)),
            store.Database.WriteAsync("two", tx => Both(tx, 2, 1)));
        Assert.Equal([2, 2], await store.QueryAsync<int>("select m from t"));
        // Both may be chosen to give way at once.
        Assert.InRange(runs, 3, 4);
    }

    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable_and_no_message_has_the_password()
    {
        await using var database = Database.Open(TestStore.Parse("postgres://rondo:geheim@127.0.0.1:1/rondo"), DatabaseUse.Command, TimeProvider.System);
        foreach (var work in new Func<Task>[]
        {
            () => database.ReadAsync("look", tx => tx.First<int>(new Sql("one", "select 1"))),
            () => database.WriteAsync("write", _ => { }),
            () => database.MeasureClockAsync(),
        })
        {
            var fault = await Assert.ThrowsAsync<StorageFault>(work);
            Assert.Equal(StorageFaultKind.Unavailable, fault.Kind);
            Assert.Contains("127.0.0.1:1", fault.Message);
            Assert.DoesNotContain("geheim", fault.ToString());
        }
    }

    [Fact]
    public async Task A_wrong_password_is_a_misuse_that_says_what_to_check_without_saying_it()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        var address = new Npgsql.NpgsqlConnectionStringBuilder(store.Address.Target) { Password = "geheim" }.ConnectionString;
        await using var database = Database.Open(TestStore.Parse(address), DatabaseUse.Command, TimeProvider.System);
        var fault = await Assert.ThrowsAsync<StorageFault>(() => database.ReadAsync("look", tx => tx.First<int>(new Sql("one", "select 1"))));
        Assert.Equal(StorageFaultKind.Misuse, fault.Kind);
        Assert.Contains("password", fault.Message);
        Assert.DoesNotContain("geheim", fault.ToString());
    }

    [Theory]
    [InlineData(5, StorageFaultKind.Busy)]
    [InlineData(6, StorageFaultKind.Busy)]
    [InlineData(8, StorageFaultKind.Full)]
    [InlineData(9, StorageFaultKind.Busy)]
    [InlineData(10, StorageFaultKind.Full)]
    [InlineData(11, StorageFaultKind.Corrupt)]
    [InlineData(13, StorageFaultKind.Full)]
    [InlineData(14, StorageFaultKind.Misuse)]
    [InlineData(19, StorageFaultKind.Conflict)]
    [InlineData(26, StorageFaultKind.Corrupt)]
    [InlineData(21, StorageFaultKind.Misuse)]
    public void What_SQLite_says_is_sorted_by_its_code(int code, StorageFaultKind kind)
    {
        var fault = SqliteFaults.Classify(new SqliteException("trouble", code), "work", "/data/rondo.db");
        Assert.Equal(kind, fault.Kind);
        Assert.Contains("work: ", fault.Message);
    }

    private static StorageFault Pooled(string code, string message, string address) =>
        PostgresFaults.Classify(new Npgsql.PostgresException(message, "ERROR", "ERROR", code), "work", TestStore.Parse(address));

    private static async Task<StorageFaultKind> KindAsync(TestStore store, string text) =>
        (await Assert.ThrowsAsync<StorageFault>(() => store.ExecuteAsync(text))).Kind;
}
