using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Live.Log;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>What a client is told that was away: everything, once and in order, or that it cannot be.</summary>
public sealed class CatchUpTests
{
    private static readonly string _padding = new('x', 2_000);

    [Theory, BothDatabases]
    public async Task A_log_that_is_set_back_in_the_middle_of_a_catch_up_is_told_and_leaves_no_silent_hole(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await WriteAsync(store, 1, 3_000, "was");
        var (hub, transport, client) = await ClientAsync(store, 3_000);
        var catching = hub.SubscribeAsync(client, ["global"], await TokenAsync(store, 1), null, null, CancellationToken.None);
        await Eventually.TrueAsync(() => !client.RoomAsync().IsCompleted, "it is told what it missed, and takes nothing");
        Assert.False(catching.IsCompleted);

        // From another copy, in which other things happened under the same numbers; and nobody has noticed yet.
        await SetBackAsync(store, 100);
        await WriteAsync(store, 101, 3_000, "is");
        transport.Release();
        await catching.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("log_set_back", client.Close?.Code);
        lock (transport.Sent)
        {
            Assert.DoesNotContain(transport.Sent, text => text.Contains("\"is ", StringComparison.Ordinal));
        }
    }

    [Theory, BothDatabases]
    public async Task A_log_that_is_shorter_than_what_a_client_has_heard_of_is_told_too(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await WriteAsync(store, 1, 20, "was");

        // This process has not heard of the last ten yet.
        var (hub, transport, client) = await ClientAsync(store, 10);
        transport.Release();
        var catching = hub.SubscribeAsync(client, ["global"], await TokenAsync(store, 20), null, null, CancellationToken.None);
        await Eventually.TrueAsync(() => transport.Sent.Count == 1, "it is told that it gets what it missed");
        Assert.False(catching.IsCompleted);
        await SetBackAsync(store, 15);
        await WriteAsync(store, 16, 25, "is");
        ((ILogReader)hub).Take(await store.Database.ReadAsync("test", tx => EventStore.After(tx, 10, 100)));
        await catching.WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal("log_set_back", client.Close?.Code);
    }

    [Theory, BothDatabases]
    public async Task Who_has_heard_of_more_than_this_process_waits_for_it_and_misses_nothing(DatabaseKind kind)
    {
        await using var store = await TestStore.CreateAsync(kind);
        await WriteAsync(store, 1, 20, "was");
        var (hub, transport, client) = await ClientAsync(store, 10);
        transport.Release();
        var catching = hub.SubscribeAsync(client, ["global"], await TokenAsync(store, 20), null, null, CancellationToken.None);
        await WriteAsync(store, 21, 22, "was");
        ((ILogReader)hub).Take(await store.Database.ReadAsync("test", tx => EventStore.After(tx, 10, 100)));
        await catching.WaitAsync(TimeSpan.FromSeconds(60));
        await Eventually.TrueAsync(() => transport.Sent.Count == 3, "the answer, and what was new");
        Assert.Equal(["was 21", "was 22"], transport.Sent.Skip(1).Select(text => JsonDocument.Parse(text).RootElement.GetProperty("name").GetString()));
        Assert.Null(client.Close);
    }

    [Theory, BothDatabases]
    public async Task Who_stays_behind_is_told_so_and_gets_all_that_it_missed_when_it_comes_again(DatabaseKind kind)
    {
        // It is not let go of for want of taking anything, however slow this machine is.
        await using var rig = await FeedRig.StartAsync(kind, new LiveOptions { MaxQueue = 512 * 1024, Stuck = TimeSpan.FromMinutes(30), CloseWithin = TimeSpan.FromMinutes(30) });
        var listener = await rig.ListenAsync(["global"]);
        var (last, published, got) = (listener.LastId, 0, new List<string>());
        while (rig.State.Behind == 0)
        {
            Assert.True(published < 2_000, "it stays behind");
            await rig.PublishAsync($"{published++}", data: $$"""{"text":"{{new string('x', 60_000)}}"}""");
        }

        await rig.PublishAsync($"{published++}");
        var closed = 0;
        while (got.Count == 0 || got[^1] != $"{published - 1}")
        {
            if (await listener.ReadAsync(m => m.GetProperty("type").GetString() == "event") is { } happened)
            {
                got.Add(happened.GetProperty("name").GetString()!);
                last = listener.LastId;
                continue;
            }

            // The first time for certain; and again, should this machine be so slow that it stays behind while it is told what it missed.
            Assert.Equal(4409, (int)listener.CloseStatus!);
            Assert.InRange(++closed, 1, 100);
            listener.Dispose();
            listener = await rig.ConnectAsync();
            await listener.SendAsync(JsonSerializer.Serialize(new { type = "subscription", name = "subscribe", topics = new[] { "global" }, id = last }));
        }

        listener.Dispose();
        Assert.True(closed > 0);
        Assert.Equal(Enumerable.Range(0, published).Select(n => $"{n}"), got);
    }

    [Fact]
    public async Task Who_says_nothing_and_does_not_answer_the_close_either_is_counted_once()
    {
        var time = new FakeTime();
        await using var store = await TestStore.CreateAsync(DatabaseKind.Sqlite, time);
        var hub = new FeedHub(store.Database, new LiveOptions { Heartbeat = TimeSpan.FromHours(1) }, new EventBus(), time);
        var loop = new ClientsLoop(hub, time);
        hub.Join(new HeldTransport(), new FeedCaller("test", FeedRole.Admin));
        for (var second = 0; second < 120; second++)
        {
            time.Advance(TimeSpan.FromSeconds(1));
            await loop.PassAsync();
        }

        Assert.Equal((0, 1), (hub.State.Sockets, hub.State.Lost));
    }

    private static async Task<(FeedHub Hub, HeldTransport Transport, FeedClient Client)> ClientAsync(TestStore store, long head)
    {
        var hub = new FeedHub(store.Database, new LiveOptions { MaxQueue = 512 * 1024 }, new EventBus(), TimeProvider.System);
        ((ILogReader)hub).Begin(await TokenAsync(store, head));
        var transport = new HeldTransport();
        return (hub, transport, hub.Join(transport, new FeedCaller("test", FeedRole.Admin))!);
    }

    private static async Task WriteAsync(TestStore store, int first, int last, string what)
    {
        await store.Database.WriteLongAsync("test", tx =>
        {
            EventStore.Write(tx, [.. Enumerable.Range(first, last - first + 1).Select(n => LogTail.Event($"{what} {n}", data: $$"""{"text":"{{_padding}}"}"""))]);
            return true;
        });
        for (var count = kind(store) == DatabaseKind.Postgres ? 1 : 0; count > 0;)
        {
            count = store.Database.Write("test", tx => EventStore.Sequence(tx, 500).Count);
        }

        static DatabaseKind kind(TestStore store) => store.Database.Address.Kind;
    }

    private static Task SetBackAsync(TestStore store, long to) => store.Database.WriteAsync("test", tx =>
    {
        tx.Execute(new Sql("test", $"update live_head set last = {to}"));
        tx.Execute(new Sql("test", $"delete from live_event where id > {to}"));
    });

    private static async Task<ResumeToken> TokenAsync(TestStore store, long id)
    {
        var head = await store.Database.ReadAsync("test", tx => EventStore.Head(tx, id));
        return new ResumeToken(head.Epoch, id, head.Stamp!.Value);
    }
}
