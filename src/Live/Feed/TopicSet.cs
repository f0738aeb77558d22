using Rondo.Live.Log;

namespace Rondo.Live.Feed;

/// <summary>Topics as they are asked after for each event and each reading: taken apart once, before anybody holds the hub's lock.</summary>
internal sealed class TopicSet
{
    private readonly HashSet<string> _names;
    private readonly HashSet<long> _devices;
    private readonly HashSet<string> _categories;
    private readonly HashSet<string> _metrics;
    private readonly bool _isGlobal;

    public TopicSet(IReadOnlyList<string> topics)
    {
        Topics = topics;
        _names = new HashSet<string>(topics, StringComparer.Ordinal);
        _devices = [.. topics.Select(Live.Topics.DeviceOf).OfType<long>()];
        _categories = new HashSet<string>(topics.Select(Live.Topics.CategoryOf).OfType<string>(), StringComparer.Ordinal);
        _metrics = new HashSet<string>(topics.Select(Live.Topics.MetricOf).OfType<string>(), StringComparer.Ordinal);
        _isGlobal = _names.Contains(Live.Topics.Global);
        CarriesReadings = topics.Any(Live.Topics.CarriesReadings);
        CarriesQueues = _isGlobal || topics.Any(t => Live.Topics.QueueOf(t) is not null);
    }

    /// <summary>The topics.</summary>
    public IReadOnlyList<string> Topics { get; }

    /// <summary>True when one of them carries readings.</summary>
    public bool CarriesReadings { get; }

    /// <summary>True when one of them carries figures of queues.</summary>
    public bool CarriesQueues { get; }

    /// <summary>True when figures of <paramref name="queue"/> are on one of them.</summary>
    public bool IsOnQueue(string queue) => _isGlobal || _names.Contains(Live.Topics.Queue(queue));

    /// <summary>True when <paramref name="happened"/> is on one of them.</summary>
    public bool IsOn(LoggedEvent happened) =>
        _names.Contains(happened.Topic) || (happened.AlsoOn is { } also && _names.Contains(also)) || (_isGlobal && happened.Topic != Live.Topics.Admin);

    /// <summary>What <paramref name="readings"/> tell on them: all metrics on one of the device, and one message for each metric that has a topic here.</summary>
    public IEnumerable<FeedMessage> Messages(DeviceReadings readings)
    {
        if (_isGlobal || _devices.Contains(readings.DeviceId) || (readings.Category.Length > 0 && _categories.Contains(readings.Category)))
        {
            yield return FeedWriter.Readings(readings, null, isShared: false);
        }

        for (var i = 0; _metrics.Count > 0 && i < readings.Points.Length; i++)
        {
            if (_metrics.Contains(readings.Points[i]))
            {
                yield return FeedWriter.Readings(readings, i, isShared: false);
            }
        }
    }
}
