using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Figures of queues: like readings, the newest replaces what waits, and nobody counts while nobody listens.</summary>
internal sealed partial class FeedHub
{
    private readonly Dictionary<string, (QueueFigures Figures, FeedMessage Message)> _queues = new(StringComparer.Ordinal);
    private static readonly HashSet<FeedClient> _nobody = [];
    private bool _isQueueAsked;

    /// <summary>Called when somebody comes who wants figures.</summary>
    public Action QueuesAsked { get; set; } = () => { };

    /// <summary>Whether somebody wants figures of queues, and whether somebody does since this was asked last. Of nobody nothing is remembered.</summary>
    public (bool IsWanted, bool IsNew) AskQueues()
    {
        lock (_gate)
        {
            var isWanted = _topics.Keys.Any(IsOfQueues);
            var isNew = _isQueueAsked;
            _isQueueAsked = false;
            if (!isWanted)
            {
                _queues.Clear();
            }

            return (isWanted, isNew);
        }
    }

    /// <summary>Tells those figures that are not what was told last. A queue that is not among them holds nothing.</summary>
    public void Take(IReadOnlyList<QueueFigures> figures, Instant at)
    {
        lock (_gate)
        {
            var now = figures.ToDictionary(f => f.Queue, StringComparer.Ordinal);
            var counts = now.Keys.ToHashSet(StringComparer.Ordinal);
            foreach (var empty in _topics.Keys.Select(Topics.QueueOf).OfType<string>().Concat(_queues.Keys).Where(q => !now.ContainsKey(q)).Distinct(StringComparer.Ordinal).ToArray())
            {
                now[empty] = QueueFigures.Empty(empty);
            }

            foreach (var (queue, counted) in now)
            {
                var topic = Topics.Queue(queue);
                if (!_queues.TryGetValue(queue, out var told) || told.Figures != counted)
                {
                    var message = FeedWriter.Queue(counted, at);
                    _queues[queue] = (counted, message);
                    foreach (var client in Of(topic).Concat(Of(Topics.Global).Where(c => !c.Topics.Contains(topic))))
                    {
                        client.Offer(message);
                    }
                }

                // Of one that holds nothing any more that is said once; queues that come and go by the thousand are not remembered for it.
                if (!counts.Contains(queue) && !_topics.ContainsKey(topic))
                {
                    _queues.Remove(queue);
                }
            }
        }
    }

    /// <summary>What was told last, for somebody who begins. Under the lock.</summary>
    private void BeginQueues(FeedClient client, TopicSet wanted)
    {
        if (!wanted.CarriesQueues)
        {
            return;
        }

        foreach (var (queue, told) in _queues)
        {
            if (wanted.IsOnQueue(queue))
            {
                client.Offer(told.Message);
            }
        }

        _isQueueAsked = true;
        QueuesAsked();
    }

    private static bool IsOfQueues(string topic) => topic == Topics.Global || Topics.QueueOf(topic) is not null;

    private HashSet<FeedClient> Of(string topic) => _topics.TryGetValue(topic, out var clients) ? clients : _nobody;
}
