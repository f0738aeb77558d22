using Rondo.Storage;

namespace Rondo.Tests.Storage;

/// <summary>What a session of PostgreSQL keeps between two uses of its connection.</summary>
public sealed class SessionTests
{
    private static readonly Sql Pid = new("test.pid", "select pg_backend_pid()");
    private static readonly Sql Mark = new("test.mark", "select set_config('rondo.mark', 'here', false)");
    private static readonly Sql Marked = new("test.marked", "select current_setting('rondo.mark', true)");
    private static readonly Sql Limit = new("test.limit", "select current_setting('statement_timeout')");
    private static readonly Sql Plans = new("test.plans", "select concat_ws(' ', current_setting('enable_seqscan'), current_setting('plan_cache_mode'), current_setting('jit'))");
    private static readonly Sql Wrong = new("test.wrong", "select 1 / 0");

    [Fact]
    public async Task A_connection_that_is_used_again_is_not_reset_before_its_next_statement()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);

        // The product leaves nothing in a session; the test does, since it is what a reset would take away.
        var marked = store.Database.Tell("test", tx => (Pid: tx.First<int>(Pid), Mark: tx.First<string>(Mark)));
        var again = store.Database.Tell("test", tx => (Pid: tx.First<int>(Pid), Mark: tx.First<string>(Marked)));
        Assert.Equal(marked, again);
    }

    [Fact]
    public async Task Statements_that_are_their_own_transactions_are_planned_by_index_and_once_and_others_as_the_server_has_it()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        Assert.Equal("off force_generic_plan off", store.Database.Tell("test", tx => tx.First<string>(Plans)));
        Assert.Equal("on auto", (await store.Database.AskAsync("test", tx => tx.First<string>(Plans)!, TestContext.Current.CancellationToken))[..7]);
        Assert.Equal("on auto", store.Database.Write("test", tx => tx.First<string>(Plans)!)[..7]);
    }

    [Fact]
    public async Task Work_that_failed_leaves_neither_its_transaction_nor_its_settings_to_whoever_is_next()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, isMigrated: false);
        var before = await store.Database.AskAsync("test", tx => (Pid: tx.First<int>(Pid), Limit: tx.First<string>(Limit)), TestContext.Current.CancellationToken);
        Assert.Throws<StorageFault>(() => store.Database.Write("test", tx =>
        {
            Assert.Equal(before.Pid, tx.First<int>(Pid));
            Assert.NotEqual(before.Limit, tx.First<string>(Limit));
            return tx.Execute(Wrong);
        }));

        // In a transaction that was left as it was, nothing more would be answered.
        Assert.Equal(before, await store.Database.AskAsync("test", tx => (tx.First<int>(Pid), tx.First<string>(Limit)), TestContext.Current.CancellationToken));
    }
}
