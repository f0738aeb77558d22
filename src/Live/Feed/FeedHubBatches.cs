using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>How far batches are: like figures of queues, on the topic of the queue of most of their members.</summary>
internal sealed partial class FeedHub
{
    private readonly Dictionary<long, (BatchFigures Figures, FeedMessage Message)> _batches = [];
    private bool _isBatchAsked;

    /// <summary>Called when somebody comes who wants to know how far batches are.</summary>
    public Action BatchesAsked { get; set; } = () => { };

    /// <summary>Whether somebody wants to know it, and whether somebody does since this was asked last. Of nobody nothing is remembered.</summary>
    public (bool IsWanted, bool IsNew) AskBatches()
    {
        lock (_gate)
        {
            var isWanted = _topics.Keys.Any(IsOfQueues);
            var isNew = _isBatchAsked;
            _isBatchAsked = false;
            if (!isWanted)
            {
                _batches.Clear();
            }

            return (isWanted, isNew);
        }
    }

    /// <summary>Tells of those batches that are not as far as was told last. One that is not among them has finished, or is too old to be counted, and is forgotten.</summary>
    public void Take(IReadOnlyList<BatchFigures> figures, Instant at)
    {
        lock (_gate)
        {
            foreach (var gone in _batches.Keys.Except(figures.Select(f => f.Id)).ToArray())
            {
                _batches.Remove(gone);
            }

            foreach (var counted in figures)
            {
                if (_batches.TryGetValue(counted.Id, out var told) && told.Figures == counted)
                {
                    continue;
                }

                var message = FeedWriter.Batch(counted, at);
                _batches[counted.Id] = (counted, message);
                var topic = TopicOf(counted);
                foreach (var client in topic == Topics.Global ? Of(topic) : Of(topic).Concat(Of(Topics.Global).Where(c => !c.Topics.Contains(topic))))
                {
                    client.Offer(message);
                }
            }
        }
    }

    /// <summary>The topic on which it is told how far a batch is.</summary>
    public static string TopicOf(BatchFigures figures) => figures.Queue is { } queue ? Topics.Queue(queue) : Topics.Global;

    /// <summary>What was told last, for somebody who begins. Under the lock.</summary>
    private void BeginBatches(FeedClient client, TopicSet wanted)
    {
        if (!wanted.CarriesQueues)
        {
            return;
        }

        foreach (var (figures, message) in _batches.Values)
        {
            if (figures.Queue is { } queue ? wanted.IsOnQueue(queue) : wanted.Topics.Contains(Topics.Global))
            {
                client.Offer(message);
            }
        }

        _isBatchAsked = true;
        BatchesAsked();
    }
}
