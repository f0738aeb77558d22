using Rondo.Readings.Rollups;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Readings.Rollups;

public sealed class RollupMarkTests
{
    private static readonly Instant _noon = Instant.From(FakeTime.Start) + TimeSpan.FromHours(12 - FakeTime.Start.Hour);

    [Theory, BothDatabases]
    public async Task A_mark_is_a_row_for_each_day_with_the_span_in_it(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, new FakeTime());
        await AddAsync(store, new RollupMark(1, At(0), At(0)), new RollupMark(1, At(2), At(30)), new RollupMark(2, At(5), At(5)));
        var days = await store.Database.ReadAsync("see", tx => RollupMarks.See(tx, 1, 10));
        Assert.Equal(2, days.Count);
        Assert.Equal((At(0), days[1].FromAt - TimeSpan.FromMicroseconds(1)), (days[0].FromAt, days[0].ToAt));
        Assert.Equal(At(30), days[1].ToAt);
        Assert.Equal([1L, 2L], await store.Database.ReadAsync("sources", tx => RollupMarks.Sources(tx, 0, 10)));
        Assert.Equal([2L], await store.Database.ReadAsync("sources", tx => RollupMarks.Sources(tx, 1, 10)));
        var count = await store.Database.ReadAsync("count", RollupMarks.Count);
        Assert.Equal((3L, 2L, At(0), At(30)), (count.Days, count.Sources, count.Oldest!.Value, count.Newest!.Value));
    }

    [Theory, BothDatabases]
    public async Task A_second_mark_widens_the_first_and_raises_its_version(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, new FakeTime());
        await AddAsync(store, new RollupMark(1, At(2), At(3)));
        await AddAsync(store, new RollupMark(1, At(1), At(2)));
        await AddAsync(store, new RollupMark(1, At(2), At(2)));
        var mark = Assert.Single(await store.Database.ReadAsync("see", tx => RollupMarks.See(tx, 1, 10)));
        Assert.Equal((At(1), At(3), 3L), (mark.FromAt, mark.ToAt, mark.Version));
    }

    [Theory, BothDatabases]
    public async Task The_oldest_are_taken_first_and_once_and_what_is_undone_takes_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, new FakeTime());
        await AddAsync(store, new RollupMark(1, At(0), At(24 * 4)));
        await Assert.ThrowsAsync<InvalidOperationException>(() => store.Database.WriteAsync("take", tx =>
        {
            Assert.Equal(2, RollupMarks.Take(tx, 1, 2).Count);
            throw new InvalidOperationException("undone");
        }));
        var first = await TakeAsync(store, 2);
        Assert.Equal([At(0)], first.Take(1).Select(m => m.FromAt));
        Assert.Equal(2, first.Count);
        Assert.Equal(At(24 * 4), (await TakeAsync(store, 100))[^1].ToAt);
        Assert.Empty(await TakeAsync(store, 100));
    }

    [Theory, BothDatabases]
    public async Task A_span_that_is_none_is_refused(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind, new FakeTime());
        await Assert.ThrowsAsync<ArgumentException>(() => AddAsync(store, new RollupMark(1, At(1), At(0))));
        await Assert.ThrowsAsync<ArgumentException>(() => AddAsync(store, new RollupMark(1, Instant.Epoch, new Instant(long.MaxValue / 2))));
        Assert.Empty(await store.Database.ReadAsync("see", tx => RollupMarks.See(tx, 1, 10)));
    }

    private static Instant At(int hours) => _noon + TimeSpan.FromHours(hours);

    private static Task AddAsync(TestStore store, params RollupMark[] marks) => store.Database.WriteAsync("mark", tx => RollupMarks.Add(tx, marks));

    private static Task<List<MarkRow>> TakeAsync(TestStore store, int limit) => store.Database.WriteAsync("take", tx => RollupMarks.Take(tx, 1, limit));
}
