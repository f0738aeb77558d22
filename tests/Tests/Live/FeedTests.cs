using System.Text.Json;
using Rondo.Live;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>The feed by WebSocket, on both databases.</summary>
public sealed class FeedTests
{
    [Theory, BothDatabases]
    public async Task Events_come_to_whoever_has_their_topic_once_and_in_order(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        using var both = await rig.ListenAsync(["devices.1", "global", "categories.meters"]);
        using var one = await rig.ListenAsync(["devices.2"]);
        using var admin = await rig.ListenAsync(["admin-notifications"]);
        await rig.PublishAsync("device_status_changed", "devices.1", "{\"old_status\":\"online\",\n  \"new_status\":\"größer <&>\"}", also: "categories.meters");
        await rig.PublishAsync("secret", Topics.Admin);
        await rig.PublishAsync("payment.processed", "devices.2");
        var first = await both.EventAsync();
        Assert.Equal("device_status_changed", first.GetProperty("name").GetString());
        Assert.Equal("devices.1", first.GetProperty("topic").GetString());
        Assert.Equal("größer <&>", first.GetProperty("data").GetProperty("new_status").GetString());
        var second = await both.EventAsync();
        Assert.Equal("payment.processed", second.GetProperty("name").GetString());
        Assert.Equal("payment.processed", (await one.EventAsync()).GetProperty("name").GetString());
        Assert.Equal("secret", (await admin.EventAsync()).GetProperty("name").GetString());
        Assert.Equal(3, rig.State.Sockets);
        Assert.Equal(5, rig.State.Subscriptions);

        await both.SendAsync("""{"type":"subscription","name":"unsubscribe","topics":["global","categories.meters"]}""");
        Assert.Equal("unsubscribe", (await both.NextAsync()).GetProperty("data").GetProperty("action").GetString());
        await rig.PublishAsync("not for it", "devices.2");
        await rig.PublishAsync("for it", "devices.1");
        Assert.Equal("for it", (await both.EventAsync()).GetProperty("name").GetString());
    }

    [Theory, BothDatabases]
    public async Task Whoever_was_away_gets_every_event_it_missed_in_order_and_then_what_happens(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        string? last;
        using (var before = await rig.ListenAsync(["global"]))
        {
            await rig.PublishAsync("0");
            await before.EventAsync();
            last = before.LastId;
        }

        // More than the server remembers: the rest comes from the log.
        for (var n = 0; n < 30; n++)
        {
            await rig.PublishAsync(Enumerable.Range((n * 100) + 1, 100).Select(i => $"{i}"));
            await rig.PublishAsync($"other {n}", Topics.Admin);
        }

        using var again = await rig.ConnectAsync();
        var answer = await again.SubscribeAsync(["global"], last);
        Assert.True(answer.GetProperty("data").GetProperty("recovered").GetBoolean());
        await rig.PublishAsync("3001");
        for (var n = 1; n <= 3_001; n++)
        {
            Assert.Equal($"{n}", (await again.EventAsync()).GetProperty("name").GetString());
        }

        // A moment away: what is remembered is enough.
        using var moment = await rig.ConnectAsync();
        await rig.PublishAsync("3002");
        await again.EventAsync();
        Assert.True((await moment.SubscribeAsync(["global"], again.LastId)).GetProperty("data").GetProperty("recovered").GetBoolean());
        await rig.PublishAsync("3003");
        Assert.Equal("3003", (await moment.EventAsync()).GetProperty("name").GetString());
    }

    [Theory, BothDatabases]
    public async Task What_cannot_be_resumed_from_is_said_with_the_reason(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        using var first = await rig.ListenAsync(["global"]);
        await rig.PublishAsync(Enumerable.Range(0, 5_000).Select(i => $"{i}"));
        await first.EventAsync();
        var id = first.LastId!;
        async Task<string?> ReasonAsync(string from)
        {
            using var listener = await rig.ConnectAsync();
            var answer = (await listener.SubscribeAsync(["global"], from)).GetProperty("data");
            Assert.Equal(answer.GetProperty("reason").GetString() is null, answer.GetProperty("recovered").GetBoolean());
            return answer.GetProperty("reason").GetString();
        }

        Assert.Null(await ReasonAsync(id));
        Assert.Equal("unknown_id", await ReasonAsync("nonsense"));
        Assert.Equal("epoch_changed", await ReasonAsync("ffff" + id));
        Assert.Equal("log_set_back", await ReasonAsync(id[..(id.LastIndexOf('-') + 1)] + "1"));
        await Eventually.TrueAsync(() => rig.State.LastEvent == 5_000, "the server remembers the last ones only");
        await rig.Server.Database.WriteAsync("test", tx => { tx.Execute(new Sql("test", "delete from live_event where id < 100")); });
        Assert.Equal("too_old", await ReasonAsync(id));

        await first.SendAsync($$"""{"type":"subscription","name":"subscribe","topic":"devices.7","id":"{{id}}"}""");
        var refused = await first.NextAsync(m => m.GetProperty("type").GetString() == "error");
        Assert.Equal("resume_first", refused.GetProperty("data").GetProperty("code").GetString());
    }

    /// <summary>Events that come in while many resume at the same time.</summary>
    [Theory, BothDatabases]
    public async Task Cut_off_at_random_200_times_under_load_a_client_has_in_the_end_what_the_log_has(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        await Seed.RunAsync(async random =>
        {
            using var stop = new CancellationTokenSource();
            var published = 0;
            var load = Task.Run(async () =>
            {
                while (!stop.IsCancellationRequested)
                {
                    await rig.PublishAsync(Enumerable.Range(0, 5).Select(_ => $"{published++}"));
                }
            });
            var seen = new List<string>();
            string? first = null;
            string? last = null;
            for (var cut = 0; cut < 200; cut++)
            {
                using var listener = await rig.ConnectAsync();
                var answer = (await listener.SubscribeAsync(["global"], last)).GetProperty("data");
                Assert.True(last is null || answer.GetProperty("recovered").GetBoolean(), answer.ToString());
                first ??= listener.LastId;
                last ??= listener.LastId;
                for (var n = random.Next(20); n > 0; n--)
                {
                    seen.Add((await listener.EventAsync()).GetProperty("id").GetString()!);
                    last = listener.LastId;
                }

                listener.Cut();
            }

            await stop.CancelAsync();
            await load;
            await rig.PublishAsync("the last one");
            using var final = await rig.ConnectAsync();
            await final.SubscribeAsync(["global"], last);
            JsonElement happened;
            do
            {
                happened = await final.EventAsync();
                seen.Add(happened.GetProperty("id").GetString()!);
            }
            while (happened.GetProperty("name").GetString() != "the last one");
            var start = long.Parse(first!.Split('-')[1]);
            var log = await rig.Server.Database.ReadAsync("test", tx => Rondo.Live.Log.EventStore.After(tx, 0, 1_000_000));
            Assert.Equal(log.Where(e => e.Id > start).Select(e => $"{e.Id}"), seen.Select(s => s.Split('-')[1]));
        });
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task What_one_node_commits_comes_to_clients_of_another_with_hints_and_without(bool isHinting)
    {
        await using var rig = await FeedRig.StartAsync(DatabaseKind.Postgres);
        await using var other = await rig.JoinAsync(isHinting);
        using var listener = await other.ListenAsync(["devices.1"]);
        await rig.PublishAsync("here");
        Assert.Equal("here", (await listener.EventAsync()).GetProperty("name").GetString());
        await rig.PublishAsync("there");
        await listener.EventAsync();

        // Its place is known to every node.
        using var back = await rig.ConnectAsync();
        await rig.PublishAsync("meanwhile");
        Assert.True((await back.SubscribeAsync(["devices.1"], listener.LastId)).GetProperty("data").GetProperty("recovered").GetBoolean());
        Assert.Equal("meanwhile", (await back.EventAsync()).GetProperty("name").GetString());
    }

    [Fact]
    public async Task Whoever_listens_when_the_server_stops_is_told_to_come_back()
    {
        var rig = await FeedRig.StartAsync();
        using var listener = await rig.ListenAsync(["global"]);
        var closed = listener.ClosedAsync();
        await rig.DisposeAsync();
        Assert.Equal(1001, await closed);
    }

    [Theory, BothDatabases]
    public async Task A_log_that_was_set_back_ends_connections_and_their_ids_are_not_taken_for_its_own(DatabaseKind kind)
    {
        await using var rig = await FeedRig.StartAsync(kind);
        using var listener = await rig.ListenAsync(["global"]);
        await rig.PublishAsync(["a", "b"]);
        await listener.EventAsync();
        await listener.EventAsync();
        await rig.Server.Database.WriteAsync("test", tx =>
        {
            tx.Execute(new Sql("test", "update live_head set last = 1"));
            tx.Execute(new Sql("test", "delete from live_event where id > 1"));
        });
        Assert.Equal(4410, await listener.ClosedAsync());
        await rig.PublishAsync(["other b", "c"]);
        using var again = await rig.ConnectAsync();
        Assert.Equal("log_set_back", (await again.SubscribeAsync(["global"], listener.LastId)).GetProperty("data").GetProperty("reason").GetString());
    }

    [Fact]
    public void Every_message_has_a_schema() =>
        Assert.Equal(["auth acknowledged", "data batch_counted", "data metric_collected", "data queue_counted", "error", "event", "heartbeat", "subscription acknowledged", "subscription refused"], FeedSchemas.Names.Order());
}
