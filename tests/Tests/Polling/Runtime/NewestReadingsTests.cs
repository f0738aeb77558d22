using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Polling.Runtime;
using Rondo.Storage;
using Rondo.Tests.Storage;

namespace Rondo.Tests.Polling.Runtime;

/// <summary>The newest stored readings of whoever is wanted: all of them, in pieces, with few questions.</summary>
public sealed class NewestReadingsTests
{
    private const int Devices = 7;

    [Theory, BothDatabases]
    public async Task However_many_groups_there_are_all_of_them_come_in_pieces(DatabaseKind kind)
    {
        await using var store = await SeedAsync(kind);
        var pieces = await ReadAsync(store, [Topics.Global], page: 2);
        Assert.Equal([2, 2, 2, 1], pieces.Select(p => p.Length));
        Assert.Equal(["d1", "d2", "d3", "d4", "d5", "d6", "d7"], pieces.SelectMany(p => p).Select(r => r.Device));
        Assert.All(pieces.SelectMany(p => p), r => Assert.Equal([2.5], r.Values));

        // A full piece at the end is followed by a question that finds nothing.
        Assert.Equal([7], (await ReadAsync(store, [Topics.Global], page: 7)).Select(p => p.Length));
    }

    [Theory, BothDatabases]
    public async Task Each_reason_to_want_some_is_one_question_for_all_names(DatabaseKind kind)
    {
        await using var store = await SeedAsync(kind);
        string[] topics =
        [
            "devices.1", "devices.2", "devices.1000", Topics.Category("even"), Topics.Category("nobody's"), Topics.Metric("m3"), Topics.Metric("m5"),
            .. Enumerable.Range(0, 400).Select(n => Topics.Metric($"none {n}")),
        ];
        var questions = 0;
        store.Database.Before = _ =>
        {
            questions++;
            return null;
        };
        var found = new List<string>();
        await foreach (var piece in new NewestReadings().ReadAsync(store.Database, ReadingsWanted.Of(topics), default))
        {
            found.AddRange(piece.Select(r => r.Device));
        }

        Assert.Equal(["d1", "d2", "d2", "d4", "d6", "d3", "d5"], found);
        Assert.Equal(3, questions);
    }

    [Fact]
    public void Beyond_some_hundred_names_everything_is_read()
    {
        var few = ReadingsWanted.Of([.. Enumerable.Range(0, 250).SelectMany(n => new[] { Topics.Metric($"{n}"), Topics.Category($"{n}") })]);
        Assert.Equal((false, 250, 250), (few.All, few.Metrics.Count, few.Categories.Count));
        var many = ReadingsWanted.Of([.. Enumerable.Range(0, 501).Select(n => Topics.Metric($"{n}")), "devices.1"]);
        Assert.Equal((true, 0, 0), (many.All, many.Metrics.Count, many.Devices.Count));
    }

    private static async Task<List<DeviceReadings[]>> ReadAsync(TestStore store, string[] topics, int page)
    {
        var pieces = new List<DeviceReadings[]>();
        await foreach (var piece in new NewestReadings(page).ReadAsync(store.Database, ReadingsWanted.Of(topics), default))
        {
            pieces.Add([.. piece]);
        }

        return pieces;
    }

    /// <summary>Seven devices d1 to d7 of the categories odd and even, each with one group of one point m1 to m7 and two samples.</summary>
    private static async Task<TestStore> SeedAsync(DatabaseKind kind)
    {
        var store = await TestStore.CreateAsync(kind);
        await store.Database.WriteAsync("test", tx =>
        {
            var now = tx.Now;
            Run("insert into endpoint (id, driver, address, settings) values (1, 'test', 'here', '{}')", new { });
            for (var id = 1; id <= Devices; id++)
            {
                var category = id % 2 == 0 ? "even" : "odd";
                Run("insert into source (id, kind, name, created_at) values (@id, 'poll_group', @name, @now)", new { id, name = $"s{id}", now });
                Run("insert into series (id, source_id, ordinal, name, unit, kind) values (@id, @id, 0, @name, 'W', 'gauge')", new { id, name = $"d{id}/m{id}" });
                Run(
                    """
                    insert into device (id, endpoint_id, name, address, settings, category, tags, enabled, status, status_at, created_at, revision)
                    values (@id, 1, @name, '1', '{}', @category, '[]', {true}, 'online', @now, @now, 1)
                    """,
                    new { id, name = $"d{id}", category, now });
                Run(
                    """
                    insert into poll_group (id, device_id, source_id, name, position, interval_us, phase_us, align, enabled, accounted_to)
                    values (@id, @id, @id, 'main', 0, 1000000, 0, {true}, {true}, @now)
                    """,
                    new { id, now });
                Run("insert into point (id, group_id, series_id, ordinal, position, name, unit, kind, settings) values (@id, @id, @id, 0, 0, @name, 'W', 'gauge', '{}')", new { id, name = $"m{id}" });
                Run("insert into sample (source_id, at, vals) values (@id, @at, {only:postgres}array[1.5]{end}{only:sqlite}'[1.5]'{end})", new { id, at = now - TimeSpan.FromSeconds(1) });
                Run("insert into sample (source_id, at, vals) values (@id, @now, {only:postgres}array[2.5]{end}{only:sqlite}'[2.5]'{end})", new { id, now });
            }

            void Run(string text, object parameters) => tx.Execute(new Sql("test", text), parameters);
        });
        return store;
    }
}
