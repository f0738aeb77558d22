using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>
/// Tells events and newest readings to the clients of this process. A message is written once for all of them; to hand it to a client is to put it into that client's queue.
/// Everything that decides who gets what happens under one lock, so that between "from here on" and the first message nothing falls through.
/// </summary>
internal sealed partial class FeedHub : ILogReader
{
    private static readonly TimeSpan _beginWithin = TimeSpan.FromSeconds(5);
    private readonly Lock _gate = new();
    private readonly TaskCompletionSource _begun = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Database _database;
    private readonly Recent _recent = new();
    private readonly HashSet<FeedClient> _clients = [];
    private readonly Dictionary<string, HashSet<FeedClient>> _topics = [];
    private readonly HotReadings _hot;
    private TaskCompletionSource? _news;
    private int _metricTopics;

    public FeedHub(Database database, LiveOptions options, EventBus bus, TimeProvider time)
    {
        (_database, Options, Time) = (database, options, time);
        _hot = new HotReadings(bus);
        (_unsaid, _unsigned) = (new Strangers(options.MaxPerToken), new Strangers(options.MaxPerToken));
    }

    public LiveOptions Options { get; }

    public TimeProvider Time { get; }

    public FeedCounters Counters { get; } = new();

    public Instant Now => _database.Clock.Now;

    /// <summary>Readings that were committed here and wait to be told.</summary>
    public HotReadings Hot => _hot;

    public void Unsubscribe(FeedClient client, IReadOnlyList<string> topics)
    {
        lock (_gate)
        {
            foreach (var topic in topics)
            {
                Drop(client, topic);
            }
        }
    }

    /// <summary>
    /// Tells the client what waits for it on <paramref name="topics"/>, and everything from there on: what it missed since <paramref name="from"/>, in order; the newest readings, as fast as it takes
    /// them, and meanwhile what happens. The topics have been checked. Returns when the client has all that.
    /// </summary>
    /// <exception cref="StorageFault">The log or the readings cannot be read; the topics are not (all) the client's, and it is told so by the caller.</exception>
    public async Task SubscribeAsync(FeedClient client, IReadOnlyList<string> topics, ResumeToken? from, string? unfit, INewestReadings? newest, CancellationToken stop)
    {
        var wanted = new TopicSet(topics);
        var snapshot = await SnapshotAsync(client, topics, newest, wanted.Messages, stop).ConfigureAwait(false);
        try
        {
            await BeginAsync(client, wanted, from, unfit, snapshot, stop).ConfigureAwait(false);
        }
        catch
        {
            if (snapshot is not null)
            {
                await snapshot.DisposeAsync().ConfigureAwait(false);
            }

            throw;
        }

        await TellAsync(client, snapshot).ConfigureAwait(false);
    }

    private async Task BeginAsync(FeedClient client, TopicSet wanted, ResumeToken? from, string? unfit, Snapshot? snapshot, CancellationToken stop)
    {
        var reason = unfit;
        if (from is { } token && reason is null)
        {
            reason = IsRecent(token) ? null : await CheckAsync(token, stop).ConfigureAwait(false);
            if (reason is null)
            {
                client.Offer(FeedWriter.Subscribed(Now, token.ToString(), wanted.Topics, recovered: true, null));
                await CatchUp.RunAsync(this, _database, client, wanted, token, snapshot, stop).ConfigureAwait(false);
                return;
            }
        }

        lock (_gate)
        {
            client.Offer(FeedWriter.Subscribed(Now, _recent.Head.ToString(), wanted.Topics, from is null && unfit is null ? null : false, reason));
            Begin(client, wanted, snapshot, _recent.Head.Id);
        }
    }

    /// <summary>The topics somebody has that carry readings.</summary>
    public string[] TopicsWithReadings()
    {
        lock (_gate)
        {
            return [.. _topics.Keys.Union(_channels.Keys).Where(Topics.CarriesReadings)];
        }
    }

    void ILogReader.Begin(ResumeToken head)
    {
        bool isSetBack;
        lock (_gate)
        {
            _recent.Begin(head);
            Told();
            isSetBack = !_begun.TrySetResult();
        }

        if (isSetBack)
        {
            EndAll(_ => true, FeedClose.SetBack);
        }
    }

    void ILogReader.Take(IReadOnlyList<LoggedEvent> events)
    {
        foreach (var happened in events)
        {
            var message = FeedWriter.Event(happened, _recent.Head.Epoch);
            lock (_gate)
            {
                _recent.Add(happened, message);
                Tell(happened.Topic, happened.Id, message);
                if (happened.AlsoOn is { } also)
                {
                    Tell(also, happened.Id, message);
                }

                if (happened.Topic != Topics.Admin)
                {
                    Tell(Topics.Global, happened.Id, message);
                }

                TellChannels(happened);
            }
        }

        lock (_gate)
        {
            Told();
        }
    }

    /// <summary>Tells newer readings.</summary>
    public void Take(DeviceReadings readings)
    {
        lock (_gate)
        {
            if (!_hot.IsNews(readings))
            {
                return;
            }

            TellChannels(readings);
            FeedMessage? message = null;
            Tell(Topics.Device(readings.DeviceId), readings, ref message);
            Tell(Topics.Global, readings, ref message);
            if (readings.Category.Length > 0)
            {
                Tell(Topics.Category(readings.Category), readings, ref message);
            }

            for (var i = 0; _metricTopics > 0 && i < readings.Points.Length; i++)
            {
                if (_topics.TryGetValue(Topics.Metric(readings.Points[i]), out var clients))
                {
                    var one = FeedWriter.Readings(readings, i, isShared: true);
                    foreach (var client in clients)
                    {
                        client.Snapshot?.Told(readings);
                        client.Offer(one);
                    }
                }
            }
        }
    }

    /// <summary>
    /// Tells the client what it missed and is still remembered, and in the same moment the topics are its own; else how it stands, and the last event this process has heard of.
    /// </summary>
    public (Reach Reach, long Head) TryFinish(FeedClient client, TopicSet wanted, ResumeToken position, Snapshot? snapshot)
    {
        lock (_gate)
        {
            var head = _recent.Head.Id;
            if (position.Id > head || !_recent.Reaches(position.Id))
            {
                return (position.Id > head ? Reach.Ahead : Reach.Log, head);
            }

            if (!_recent.Has(position))
            {
                return (Reach.Elsewhere, head);
            }

            foreach (var (happened, message) in _recent.After(position.Id))
            {
                if (wanted.IsOn(happened))
                {
                    client.Offer(message);
                }
            }

            Begin(client, wanted, snapshot, head);
            return (Reach.Done, head);
        }
    }

    /// <summary>Returns when something was told, or after <paramref name="within"/>.</summary>
    public async Task NewsAsync(TimeSpan within, CancellationToken stop)
    {
        Task news;
        lock (_gate)
        {
            news = (_news ??= new(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }

        try
        {
            await news.WaitAsync(within, Time, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // Nothing was told.
        }
    }

    // Under the lock.
    private void Told()
    {
        _news?.TrySetResult();
        _news = null;
    }

    private void Begin(FeedClient client, TopicSet wanted, Snapshot? snapshot, long position)
    {
        client.Snapshot = snapshot;
        BeginQueues(client, wanted);
        BeginBatches(client, wanted);
        Add(client, wanted.Topics);
        client.LastEvent = Math.Max(client.LastEvent, position);
    }

    private bool IsRecent(ResumeToken token)
    {
        lock (_gate)
        {
            return _recent.Has(token);
        }
    }

    /// <summary>Why a token cannot be resumed from, or null.</summary>
    private async Task<string?> CheckAsync(ResumeToken token, CancellationToken stop)
    {
        var head = await _database.ReadAsync("live.resume", tx => EventStore.Head(tx, token.Id), stop).ConfigureAwait(false);
        if (head.Epoch != token.Epoch)
        {
            return "epoch_changed";
        }

        if (token.Id == 0)
        {
            return head.Oldest is null or 1 ? null : "too_old";
        }

        return head.Stamp == token.Stamp ? null : head.Stamp is null && token.Id < (head.Oldest ?? 0) ? "too_old" : "log_set_back";
    }

    private void Tell(string topic, long id, FeedMessage message)
    {
        if (_topics.TryGetValue(topic, out var clients))
        {
            foreach (var client in clients)
            {
                if (client.LastEvent < id)
                {
                    client.LastEvent = id;
                    client.Offer(message);
                }
            }
        }
    }

    private void Tell(string topic, DeviceReadings readings, ref FeedMessage? message)
    {
        if (_topics.TryGetValue(topic, out var clients))
        {
            message ??= FeedWriter.Readings(readings, null, isShared: true);
            foreach (var client in clients)
            {
                if (!ReferenceEquals(client.LastReadings, readings))
                {
                    client.LastReadings = readings;
                    client.Snapshot?.Told(readings);
                    client.Offer(message);
                }
            }
        }
    }

    private void Add(FeedClient client, IReadOnlyList<string> topics)
    {
        if (!_clients.Contains(client))
        {
            return;
        }

        foreach (var topic in topics)
        {
            if (client.Topics.Add(topic))
            {
                if (!_topics.TryGetValue(topic, out var clients))
                {
                    _topics.Add(topic, clients = []);
                    _metricTopics += Topics.MetricOf(topic) is null ? 0 : 1;
                }

                clients.Add(client);
            }
        }
    }

    private void Drop(FeedClient client, string topic)
    {
        if (client.Topics.Remove(topic) && _topics.TryGetValue(topic, out var clients) && clients.Remove(client) && clients.Count == 0)
        {
            _topics.Remove(topic);
            _metricTopics -= Topics.MetricOf(topic) is null ? 0 : 1;
        }
    }
}
