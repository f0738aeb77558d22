using System.Runtime.CompilerServices;
using System.Text;
using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Live.Log;
using Rondo.Storage;
using Rondo.Tests.Storage;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>The newest stored values with which a subscription begins, and those that are remembered for the next one.</summary>
public sealed class SnapshotTests : IAsyncLifetime
{
    private static readonly FeedCaller _caller = new("test", FeedRole.Admin);
    private readonly LiveOptions _options = new() { MaxQueue = 512 * 1024 };
    private TestStore _store = null!;
    private FeedHub _hub = null!;

    public async ValueTask InitializeAsync()
    {
        _store = await TestStore.CreateAsync(DatabaseKind.Sqlite);
        _hub = new FeedHub(_store.Database, _options, new EventBus(), TimeProvider.System);
        ((ILogReader)_hub).Begin(new ResumeToken("e", 0, 0));
    }

    public ValueTask DisposeAsync() => _store.DisposeAsync();

    [Fact]
    public async Task What_is_stored_comes_as_fast_as_the_client_takes_it_and_counts_for_what_it_is()
    {
        var transport = new Transport(isHeld: true);
        var client = _hub.Join(transport, _caller)!;
        var stored = new Stored([.. Enumerable.Range(1, 5_000).Select(n => Readings(n, 1, name: new string('x', 500)))]);
        var subscribing = _hub.SubscribeAsync(client, [Topics.Global], null, null, stored, default);

        // More than 250 KiB wait: nothing more is read before the client takes some.
        await Eventually.TrueAsync(() => !client.RoomAsync().IsCompleted, "the queue is half full");
        Assert.InRange(stored.Pulled, 100, 2_000);
        Assert.False(subscribing.IsCompleted);
        transport.Release();
        await subscribing;
        await Eventually.TrueAsync(() => transport.Of("metric_collected").Length == 5_000, "all have come");
        Assert.Equal(Enumerable.Range(1, 5_000).Select(n => (long)n), transport.Of("metric_collected").Select(d => d.GetProperty("device_id").GetInt64()));
        Assert.Equal(0, _hub.State.Behind);
    }

    [Fact]
    public async Task What_is_told_meanwhile_is_not_told_again_from_what_is_stored()
    {
        var transport = new Transport(isHeld: false);
        var client = _hub.Join(transport, _caller)!;
        var stored = new Stored([Readings(1, 9), Readings(2, 9), Readings(3, 9)], piece: 1)
        {
            BeforePiece = async n =>
            {
                // The second piece is read when the client has its topics: the newer ones come by themselves. What waits would be replaced, so it is sent first.
                if (n == 1)
                {
                    await Eventually.TrueAsync(() => transport.Told().Length == 2, "the first piece has come");
                    _hub.Take(Readings(3, 10));
                    _hub.Take(Readings(1, 10));
                }
            },
        };
        await _hub.SubscribeAsync(client, [Topics.Global, Topics.Device(3), Topics.Metric("power")], null, null, stored, default);
        await Eventually.TrueAsync(() => transport.Of("metric_collected").Length == 8, "all have come");
        Assert.Equal(["1@9", "1@9/power", "3@10", "3@10/power", "1@10", "1@10/power", "2@9", "2@9/power"], transport.Told());
    }

    [Fact]
    public async Task What_is_found_first_for_somebody_who_begins_comes_to_all_others_too()
    {
        var (there, begins) = (new Transport(isHeld: false), new Transport(isHeld: false));
        await _hub.SubscribeAsync(_hub.Join(there, _caller)!, [Topics.Device(1)], null, null, new Stored([Readings(1, 9)]), default);
        await Eventually.TrueAsync(() => there.Told().Length == 1, "it has come");
        await _hub.SubscribeAsync(_hub.Join(begins, _caller)!, [Topics.Global], null, null, new Stored([Readings(1, 10)]), default);

        // The look that comes a moment later finds the same, and it is no news any more.
        _hub.Take(Readings(1, 10));
        await Eventually.TrueAsync(() => there.Told().Length == 2 && begins.Told().Length == 1, "it has come to both");
        _hub.Take(Readings(1, 11));
        await Eventually.TrueAsync(() => there.Told().LastOrDefault() == "1@11" && begins.Told().LastOrDefault() == "1@11", "the last one has come");
        Assert.Equal(["1@9", "1@10", "1@11"], there.Told());
        Assert.Equal(["1@10", "1@11"], begins.Told());
    }

    [Fact]
    public async Task When_the_stored_readings_cannot_be_read_nothing_is_subscribed_to()
    {
        var client = _hub.Join(new Transport(isHeld: false), _caller)!;
        await Assert.ThrowsAsync<StorageFault>(() => _hub.SubscribeAsync(client, [Topics.Global], null, null, new Stored([Readings(1, 9)]) { BeforePiece = _ => Task.FromException(SteeredDatabase.Away("test")) }, default));
        Assert.Equal(0, _hub.State.Subscriptions);
    }

    [Fact]
    public async Task Queues_that_come_and_go_are_not_remembered()
    {
        var transport = new Transport(isHeld: false);
        await _hub.SubscribeAsync(_hub.Join(transport, _caller)!, [Topics.Global, Topics.Queue("kept")], null, null, null, default);
        for (var n = 0; n < 100; n++)
        {
            _hub.Take([QueueFigures.Empty($"q{n}") with { Ready = 1 }, QueueFigures.Empty("kept") with { Ready = n + 1 }], Instant.Epoch);
        }

        _hub.Take(new List<QueueFigures>(), Instant.Epoch);
        _hub.Take(new List<QueueFigures>(), Instant.Epoch);

        // That each holds nothing any more is told; then only those are known for which somebody asks by name.
        await Eventually.TrueAsync(() => transport.Of("queue_counted").Any(d => d.GetProperty("queue").GetString() == "q99" && d.GetProperty("ready").GetInt64() == 0), "the last one has come");
        Assert.Equal(0, transport.Of("queue_counted").Last(d => d.GetProperty("queue").GetString() == "q50").GetProperty("ready").GetInt64());
        var late = new Transport(isHeld: false);
        await _hub.SubscribeAsync(_hub.Join(late, _caller)!, [Topics.Global], null, null, null, default);
        _hub.Take([QueueFigures.Empty("last") with { Ready = 1 }], Instant.Epoch);
        await Eventually.TrueAsync(() => late.Of("queue_counted").LastOrDefault() is { ValueKind: JsonValueKind.Object } last && last.GetProperty("queue").GetString() == "last", "it has come");
        Assert.Equal(["kept", "last"], late.Of("queue_counted").Select(d => d.GetProperty("queue").GetString()));
    }

    private static DeviceReadings Readings(long device, int slot, string name = "d") =>
        new(device, name, "main", new Instant(slot * 1_000_000L), ["power"], ["W"], [1.5]) { Source = device };

    private sealed class Stored(DeviceReadings[] all, int piece = 10) : INewestReadings
    {
        private int _pieces;

        public Func<int, Task> BeforePiece { get; init; } = _ => Task.CompletedTask;

        public int Pulled { get; private set; }

        public async IAsyncEnumerable<IReadOnlyList<DeviceReadings>> ReadAsync(Database database, ReadingsWanted wanted, [EnumeratorCancellation] CancellationToken stop)
        {
            foreach (var readings in all.Chunk(piece))
            {
                await BeforePiece(_pieces++);
                Pulled += readings.Length;
                yield return readings;
            }
        }
    }

    private sealed class Transport : FeedTransport
    {
        private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private readonly List<JsonElement> _sent = [];

        public Transport(bool isHeld)
        {
            if (!isHeld)
            {
                Release();
            }
        }

        public override bool IsTwoWay => true;

        public void Release() => _held.TrySetResult();

        /// <summary>The data of the messages of this name, in order.</summary>
        public JsonElement[] Of(string name) => [.. Messages().Where(m => m.GetProperty("name").GetString() == name).Select(m => m.GetProperty("data"))];

        /// <summary>Readings as device@slot, with the metric where only that was told.</summary>
        public string[] Told() =>
        [
            .. Messages().Where(m => m.GetProperty("name").GetString() == "metric_collected").Select(m =>
                $"{m.GetProperty("data").GetProperty("device_id")}@{DateTimeOffset.Parse(m.GetProperty("at").GetString()!).ToUnixTimeSeconds()}{(m.GetProperty("topic").GetString()!.StartsWith("metrics.", StringComparison.Ordinal) ? "/power" : "")}"),
        ];

        public override async ValueTask SendAsync(FeedMessage message)
        {
            await _held.Task;
            lock (_sent)
            {
                _sent.Add(JsonDocument.Parse(Encoding.UTF8.GetString(message.Json.Span)).RootElement);
            }
        }

        public override ValueTask CloseAsync(FeedClose close, FeedMessage words) => default;

        public override void Abort()
        {
            // There is nothing behind it.
        }

        private JsonElement[] Messages()
        {
            lock (_sent)
            {
                return [.. _sent];
            }
        }
    }
}
