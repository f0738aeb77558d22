using Rondo.Readings;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings;

public sealed class ReadingQueryTests
{
    private static readonly Instant _start = Instant.From(FakeTime.Start);

    [Theory, BothDatabases]
    public async Task A_range_has_its_start_and_not_its_end_oldest_first(DatabaseKind kind)
    {
        await using var store = await FilledAsync(kind);
        Assert.Equal([2.0, 3, 4], (await RangeAsync(store, "m/a", At(2), At(5), 100)).Select(reading => reading.Value));
        Assert.Equal([2.0, 3], (await RangeAsync(store, "m/a", At(2), At(5), 2)).Select(reading => reading.Value));
        Assert.Equal(At(2), (await RangeAsync(store, "m/a", At(2), At(5), 1)).Single().At);
        Assert.Empty(await RangeAsync(store, "m/a", At(5), At(5), 100));
        Assert.Empty(await RangeAsync(store, "nobody", At(0), At(9), 100));
    }

    [Theory, BothDatabases]
    public async Task The_newest_come_oldest_first_as_well(DatabaseKind kind)
    {
        await using var store = await FilledAsync(kind);
        var newest = await store.Database.ReadAsync("newest", tx => ReadingQuery.Newest(tx, "m/a", At(100), 3));
        Assert.Equal([7.0, 8, 9], newest.Select(reading => reading.Value));
        newest = await store.Database.ReadAsync("newest", tx => ReadingQuery.Newest(tx, "m/a", At(5), 2));
        Assert.Equal([3.0, 4], newest.Select(reading => reading.Value));
    }

    [Theory, BothDatabases]
    public async Task Whole_numbers_fractions_and_missing_values_share_a_series(DatabaseKind kind)
    {
        await using var store = await FilledAsync(kind);
        var rows = await RangeAsync(store, "m/b", At(0), At(10), 100);
        Assert.Equal([0.5, 1, 2.5, 3, 4.5], rows.Select(reading => reading.Value));
        Assert.Equal([At(0), At(2), At(4), At(6), At(8)], rows.Select(reading => reading.At));
        Assert.Equal(["good", "good", "suspect", "good", "good"], rows.Select(reading => reading.Quality));
    }

    [Theory, BothDatabases]
    public async Task A_retired_series_goes_on_under_its_name(DatabaseKind kind)
    {
        await using var store = await FilledAsync(kind);
        Assert.Equal("kWh", (await store.Database.ReadAsync("find", tx => ReadingQuery.Find(tx, "m/old")))!.Unit);
        await store.Database.WriteAsync("retire", tx =>
        {
            SeriesStore.Retire(tx, [2], _start);
            SeriesStore.AddSeries(tx, [new NewSeries(9, 1, 3, "m/b", "V", "gauge")]);
        });
        Assert.Equal("V", (await store.Database.ReadAsync("find", tx => ReadingQuery.Find(tx, "m/b")))!.Unit);
        Assert.Equal(9, (await store.Database.ReadAsync("find", tx => ReadingQuery.Find(tx, "m/b")))!.Id);
        Assert.Equal(5, (await RangeAsync(store, "m/b", At(0), At(10), 100)).Count);
        Assert.Null(await store.Database.ReadAsync("find", tx => ReadingQuery.Find(tx, "m/c")));
        Assert.Equal(4, await store.Database.ReadAsync("next", tx => SeriesStore.NextOrdinal(tx, 1)));
    }

    [Theory, BothDatabases]
    public async Task Names_near_a_wrong_one_are_suggested(DatabaseKind kind)
    {
        await using var store = await FilledAsync(kind);
        Assert.Equal(["m/a", "m/b"], await store.Database.ReadAsync("near", tx => ReadingQuery.Near(tx, "m/")));
        Assert.Equal(["m/a", "m/b"], await store.Database.ReadAsync("near", tx => ReadingQuery.Near(tx, "M/nothing")));
        Assert.Equal(["m/b"], await store.Database.ReadAsync("near", tx => ReadingQuery.Near(tx, "other/B")));
        Assert.Empty(await store.Database.ReadAsync("near", tx => ReadingQuery.Near(tx, "zz")));
        Assert.Empty(await store.Database.ReadAsync("near", tx => ReadingQuery.Near(tx, "%_!/")));
    }

    [Theory, BothDatabases]
    public async Task Ids_are_handed_out_once(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        var blocks = await Task.WhenAll(Enumerable.Range(1, 20).Select(n => store.Database.WriteAsync("ids", tx => (First: SeriesStore.TakeIds(tx, n), Count: n))));
        var ids = blocks.SelectMany(block => Enumerable.Range(0, block.Count).Select(i => block.First + i)).ToArray();
        Assert.Equal(Enumerable.Range(1, 210).Select(n => (long)n), ids.Order());
    }

    private static Instant At(int seconds) => _start + TimeSpan.FromSeconds(seconds);

    private static Task<List<Reading>> RangeAsync(TestStore store, string name, Instant from, Instant to, int limit) =>
        store.Database.ReadAsync("range", tx => ReadingQuery.Range(tx, name, from, to, limit));

    /// <summary>Two series of ten samples: every value of one, every other of the other, and one of them suspect.</summary>
    private static async Task<TestStore> FilledAsync(DatabaseKind kind)
    {
        var store = await TestStore.CreateAsync(kind, new FakeTime());
        await store.Database.WriteAsync("fill", tx =>
        {
            SeriesStore.AddSources(tx, [(1, "m/main")], _start);
            SeriesStore.AddSeries(tx, [new NewSeries(1, 1, 0, "m/a", "", "gauge"), new NewSeries(2, 1, 1, "m/b", "A", "gauge"), new NewSeries(3, 1, 2, "m/old", "kWh", "counter")]);
            SeriesStore.Retire(tx, [3], _start);
            for (var n = 0; n < 10; n++)
            {
                var b = n % 2 == 1 ? "null" : n % 4 == 0 ? $"{(n / 2) + 0.5}" : $"{n / 2}";
                var values = kind == DatabaseKind.Sqlite ? $"'[{n},{b}]'" : $"array[{n},{b}]::float8[]";
                tx.Execute(new Sql("sample", $"insert into sample (source_id, at, vals, flags) values (1, @at, {values}, @flags)"), new { at = At(n), flags = n == 4 ? ".s" : null });
            }
        });
        return store;
    }
}
