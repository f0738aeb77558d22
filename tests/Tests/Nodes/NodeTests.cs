using System.Diagnostics;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Nodes;

public sealed class NodeTests
{
    private readonly FakeTime _time = new();

    [Theory, BothDatabases]
    public async Task The_fence_lets_a_live_node_write_and_refuses_a_buried_one(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var node = await RegisterAsync(store);
        await store.Database.WriteAsync("work", node.Fence);
        Assert.True(await BuryAsync(store, node.Id));
        Assert.False(await BuryAsync(store, node.Id));
        var fault = await Assert.ThrowsAsync<StorageFault>(() => store.Database.WriteAsync("work", node.Fence));
        Assert.Equal(StorageFaultKind.Fenced, fault.Kind);
        Assert.True(node.IsDead);
        Assert.False(node.MayWork);
    }

    [Fact]
    public async Task While_a_batch_is_being_written_its_node_cannot_be_buried()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);
        var node = await RegisterAsync(store);
        await store.Database.WriteAsync("batch", tx =>
        {
            node.Fence(tx);
            Assert.False(store.Database.Write("bury", other => NodeRegister.Bury(other, node.Id)), "the batch holds the row");
        });
        Assert.False(node.IsDead);
        Assert.True(await BuryAsync(store, node.Id));
    }

    [Fact]
    public async Task A_burial_under_way_lets_no_batch_pass_before_it_is_decided()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);
        var node = await RegisterAsync(store);
        Task batch = Task.CompletedTask;
        await store.Database.WriteAsync("bury", tx =>
        {
            Assert.True(NodeRegister.Bury(tx, node.Id));
            batch = store.Database.WriteAsync("batch", node.Fence);
            Assert.False(batch.Wait(TimeSpan.FromMilliseconds(200)), "the fence waits for the burial's end");
        });
        Assert.Equal(StorageFaultKind.Fenced, (await Assert.ThrowsAsync<StorageFault>(() => batch)).Kind);
    }

    [Theory, BothDatabases]
    public async Task Renewing_tells_a_dead_node_that_it_is_dead(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var node = await RegisterAsync(store);
        Assert.True(node.Renew());
        await BuryAsync(store, node.Id);
        Assert.False(node.Renew());
        Assert.True(node.IsDead);
    }

    [Theory, BothDatabases]
    public async Task A_good_bye_frees_everything_at_once(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var node = await RegisterAsync(store);
        await node.EndAsync();
        var row = await RowAsync(store, node.Id);
        Assert.Equal("dead", row.State);
        Assert.Equal(store.Database.Clock.Now, row.EndedAt);
        Assert.False(NodeRegister.IsRunning(row, store.Address, store.Database.Clock.Now));
    }

    [Fact]
    public async Task A_node_may_work_only_as_long_as_its_own_clock_says_its_lease_holds()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);
        var node = await RegisterAsync(store);
        _time.Advance(Node.SelfFenceAfter - TimeSpan.FromMilliseconds(1));
        Assert.True(node.MayWork);
        _time.Advance(TimeSpan.FromMilliseconds(1));
        Assert.False(node.MayWork);

        // Nobody declared it dead meanwhile: it may come back, and a step of the wall clock changes nothing.
        Assert.True(node.Renew());
        Assert.True(node.MayWork);
        _time.StepWall(TimeSpan.FromHours(5));
        Assert.True(node.MayWork);
    }

    [Fact]
    public async Task A_renewal_counts_from_before_it_was_sent()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);
        var node = await RegisterAsync(store);
        store.Database.After = name =>
        {
            // The answer takes 8 s.
            _time.Advance(TimeSpan.FromSeconds(8));
            return null;
        };
        Assert.True(node.Renew());
        store.Database.After = null;
        Assert.True(node.MayWork);
        _time.Advance(TimeSpan.FromSeconds(2));
        Assert.False(node.MayWork);
    }

    [Fact]
    public async Task On_SQLite_the_lock_on_the_file_is_the_lease()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, _time);
        var node = await RegisterAsync(store);
        _time.Advance(TimeSpan.FromHours(1));
        Assert.True(node.MayWork);
        Assert.True(NodeRegister.IsRunning(await RowAsync(store, node.Id), store.Address, store.Database.Clock.Now));

        // The next server on the file knows that whoever was there before is gone.
        var next = await RegisterAsync(store);
        Assert.Equal("dead", (await RowAsync(store, node.Id)).State);
        Assert.True(next.MayWork);
        Assert.False(node.Renew());
    }

    [Fact]
    public async Task A_restart_in_the_same_place_takes_over_at_once_and_a_process_that_lives_is_left_alone()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres, _time);
        var here = await RegisterAsync(store);
        var elsewhere = await InsertAsync(store, "elsewhere", "another boot/pid:[1]", pid: 1, started: 5);
        var recycled = await InsertAsync(store, "recycled", here.Row.Place, here.Row.Pid, here.Row.PidStarted - 1);
        var vanished = await InsertAsync(store, "vanished", here.Row.Place, pid: 4_194_304 + 7, started: 5);
        await RegisterAsync(store);
        Assert.Equal("live", (await RowAsync(store, here.Id)).State);
        Assert.Equal("live", (await RowAsync(store, elsewhere)).State);
        Assert.Equal("dead", (await RowAsync(store, recycled)).State);
        Assert.Equal("dead", (await RowAsync(store, vanished)).State);
    }

    [Theory, BothDatabases]
    public async Task Dead_nodes_are_forgotten_after_a_while_with_their_leases(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, _time);
        var node = await RegisterAsync(store);
        await node.EndAsync();
        var live = await RegisterAsync(store);
        Assert.Equal(0, await store.Database.WriteAsync("forget", tx => NodeRegister.Forget(tx, tx.Now)));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(1, await store.Database.WriteAsync("forget", tx => NodeRegister.Forget(tx, tx.Now)));
        Assert.Equal([live.Id], await store.QueryAsync<string>("select id from node_lease"));
    }

    [Fact]
    public void The_place_of_this_process_is_known_and_another_start_time_is_another_process()
    {
        Requires.That(File.Exists("/proc/self/stat"), "/proc, which Linux has");
        Assert.Contains("/pid:[", ProcessPlace.Here);
        var started = ProcessPlace.StartedAt(Environment.ProcessId);
        Assert.True(started > 0);
        Assert.Equal(0, ProcessPlace.StartedAt(4_194_304 + 7));
        NodeRow Row(string place, long at) => new() { Place = place, Pid = Environment.ProcessId, PidStarted = at };
        Assert.False(ProcessPlace.IsGone(Row(ProcessPlace.Here, started)));
        Assert.True(ProcessPlace.IsGone(Row(ProcessPlace.Here, started - 1)));
        Assert.False(ProcessPlace.IsGone(Row("another boot", started - 1)), "of another place nothing is certain");
        Assert.False(ProcessPlace.IsGone(Row("", 0)));
    }

    [Fact]
    public void A_process_that_is_hidden_is_not_taken_for_gone()
    {
        Requires.That(File.Exists("/proc/self/stat"), "/proc, which Linux has");
        var node = new NodeRow { Place = ProcessPlace.Here, Pid = 7, PidStarted = 1234 };
        bool IsGone(bool isNobody, string? stat) => ProcessPlace.IsGone(node, _ => isNobody, _ => stat);
        string Stat(char state, int started) => $"7 (a) b) {state} 1 {string.Join(' ', Enumerable.Repeat(0, 17))} {started} 0";
        Assert.False(IsGone(isNobody: false, stat: null), "another user's, and hidden");
        Assert.False(IsGone(isNobody: false, Stat('S', 1234)));
        Assert.True(IsGone(isNobody: false, Stat('Z', 1234)), "a zombie");
        Assert.True(IsGone(isNobody: false, Stat('S', 5678)), "its id is another one's by now");
        Assert.True(IsGone(isNobody: true, stat: null));

        using var ended = Process.Start("true");
        var row = new NodeRow { Place = ProcessPlace.Here, Pid = ended.Id, PidStarted = 1 };
        ended.WaitForExit();
        Assert.True(ProcessPlace.IsGone(row), "the kernel says so");
    }

    private Task<Node> RegisterAsync(TestStore store) => Node.RegisterAsync(store.Database, _time, "poll", "test", default);

    private static Task<bool> BuryAsync(TestStore store, string id) => store.Database.WriteAsync("bury", tx => NodeRegister.Bury(tx, id));

    private static async Task<NodeRow> RowAsync(TestStore store, string id) =>
        (await store.Database.ReadAsync("nodes", NodeRegister.All)).Single(row => row.Id == id);

    private static async Task<string> InsertAsync(TestStore store, string id, string place, int pid, long started)
    {
        var row = new NodeRow { Id = id, Host = "h", Place = place, Pid = pid, PidStarted = started, Roles = "poll", Version = "test", StartedAt = store.Database.Clock.Now };
        await store.Database.WriteAsync("insert", tx => NodeStore.Register(tx, row, new NodeReport(tx.Now + Node.TimeToLive, 0, tx.Now)));
        return id;
    }
}
