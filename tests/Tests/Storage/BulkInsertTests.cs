using Rondo.Storage;

namespace Rondo.Tests.Storage;

public sealed class BulkInsertTests
{
    private static readonly string[] _columns = ["id", "name", "at", "is_on", "n"];

    [Theory]
    [InlineData(DatabaseKind.Sqlite, 0)]
    [InlineData(DatabaseKind.Sqlite, 3)]
    [InlineData(DatabaseKind.Postgres, 0)]
    [InlineData(DatabaseKind.Postgres, 1)]
    [InlineData(DatabaseKind.Postgres, 3)]
    [InlineData(DatabaseKind.Postgres, 2_001)]
    public async Task Every_row_arrives_with_its_values_and_nulls(DatabaseKind kind, int rows)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (id {bigint} not null primary key, name {text}, at {instant}, is_on {bool}, n {int}){strict}");
        var wanted = Enumerable.Range(1, rows).Select(i => new object?[]
        {
            (long)i,
            i % 3 == 1 ? null : $"it's {i} \"quoted\" é",
            i % 3 == 1 ? null : new Instant(1_700_000_000_000_000 + i),
            i % 3 == 1 ? null : i % 2 == 0,
            i % 3 == 1 ? null : -i,
        }).ToArray();
        await store.Database.WriteAsync("many", tx => tx.InsertMany("t", _columns, wanted));
        var stored = await store.QueryAsync<Row>("select id, name, at, is_on, n from t order by id");
        Assert.Equal(wanted, stored.Select(row => new object?[] { row.Id, row.Name, row.At, row.IsOn, row.N }));
    }

    [Theory, BothDatabases]
    public async Task One_bad_row_and_none_is_kept(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (id {bigint} not null primary key){strict}");
        var rows = Enumerable.Range(1, 5_000).Append(17).Select(i => new object?[] { (long)i }).ToArray();
        var fault = await Assert.ThrowsAsync<StorageFault>(() => store.Database.WriteAsync("many", tx => tx.InsertMany("t", ["id"], rows)));
        Assert.Equal(StorageFaultKind.Conflict, fault.Kind);
        Assert.Equal(0, await store.ScalarAsync<int>("select count(*) from t"));
    }

    [Theory, BothDatabases]
    public async Task A_type_that_would_be_stored_as_something_else_is_refused(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, isMigrated: false);
        await store.ExecuteAsync("create table t (id {bigint} not null primary key){strict}");
        await Assert.ThrowsAnyAsync<Exception>(() => store.Database.WriteAsync("many", tx => tx.InsertMany("t", ["id"], [[Array.Empty<DayOfWeek>()]])));
        if (kind == DatabaseKind.Sqlite)
        {
            await Assert.ThrowsAsync<ArgumentException>(() => store.Database.WriteAsync("many", tx => tx.InsertMany("t", ["id"], [[1.5m]])));
            await Assert.ThrowsAsync<StorageFault>(() => store.Database.WriteAsync("many", tx => tx.InsertMany("t", ["id"], [[1.5]])));
        }

        Assert.Equal(0, await store.ScalarAsync<int>("select count(*) from t"));
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public string? Name { get; init; }

        public Instant? At { get; init; }

        public bool? IsOn { get; init; }

        public int? N { get; init; }
    }
}
