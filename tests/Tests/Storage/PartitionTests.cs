using Rondo.Storage;
using Rondo.Storage.Postgres;

namespace Rondo.Tests.Storage;

public sealed class PartitionTests
{
    private static readonly TimeSpan _day = TimeSpan.FromDays(1);
    private static readonly Instant _start = Instant.TryParse("2026-03-02T10:00:00Z", out var at) ? at : default;

    [Fact]
    public async Task Partitions_are_made_once_and_dropped_when_all_of_them_is_old()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await store.ExecuteAsync("create table t (at timestamptz not null) partition by range (at)");
        Assert.Equal(4, await store.Database.WriteAsync("make", tx => Partitions.Ensure(tx, "t", _day, _start, _start + (_day * 3))));
        Assert.Equal(0, await store.Database.WriteAsync("make", tx => Partitions.Ensure(tx, "t", _day, _start, _start + (_day * 3))));
        await store.ExecuteAsync("insert into t values ('2026-03-02T00:00:00Z'), ('2026-03-05T23:59:59.999999Z')");
        var fault = await Assert.ThrowsAsync<StorageFault>(() => store.ExecuteAsync("insert into t values ('2026-03-06T00:00:00Z')"));

        // Somebody has to make it; until then the row waits. It must not be taken for a row that can never be stored.
        Assert.True(fault.IsTransient, fault.Kind.ToString());

        Assert.Equal([], await Drop(store, _start + (_day * 0.5)));
        Assert.Equal(["t_p20260302_000000"], await Drop(store, _start + _day));
        Assert.Equal(["t_p20260303_000000", "t_p20260304_000000"], await Drop(store, _start + (_day * 3)));
        Assert.Equal(1, await store.ScalarAsync<int>("select count(*) from t"));
    }

    [Fact]
    public async Task A_partition_is_made_although_an_instant_before_the_epoch_is_asked_for()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await store.ExecuteAsync("create table t (at timestamptz not null) partition by range (at)");
        await store.Database.WriteAsync("make", tx => Partitions.Ensure(tx, "t", _day, new Instant(-5), new Instant(5)));
        await store.ExecuteAsync("insert into t values (timestamptz 'epoch' - interval '5 microseconds'), ('epoch')");
    }

    [Fact]
    public async Task Dropping_waits_a_second_for_a_reader_at_most()
    {
        await using var store = await TestStore.CreateAsync(DatabaseKind.Postgres);
        await store.ExecuteAsync("create table t (at timestamptz not null) partition by range (at)");
        await store.Database.WriteAsync("make", tx => Partitions.Ensure(tx, "t", _day, _start, _start + _day));
        await store.Database.ReadAsync("reader", tx =>
        {
            tx.Query<int>(new Sql("t", "select 1 from t"));
            var fault = Assert.Throws<StorageFault>(() => store.Database.Write("drop", w => Partitions.DropBefore(w, "t", _day, _start + (_day * 9))));
            Assert.Equal(StorageFaultKind.Busy, fault.Kind);
            return true;
        });
        Assert.Equal(2, (await Drop(store, _start + (_day * 9))).Count);
    }

    private static Task<IReadOnlyList<string>> Drop(TestStore store, Instant before) =>
        store.Database.WriteAsync("drop", tx => Partitions.DropBefore(tx, "t", _day, before));
}
