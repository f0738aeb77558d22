namespace Rondo.Nodes;

/// <summary>
/// Topics that wait to be told. Asked for many times a topic is there once, and what could not be told stays, so that an outage collects no more than
/// one of each. At most 64, none longer than 100 characters: all of them fit into one notification.
/// </summary>
internal sealed class HintSet
{
    private const int MaxTopics = 64;
    private const int MaxTopicLength = 100;
    private readonly Lock _gate = new();
    private readonly HashSet<string> _waiting = new(StringComparer.Ordinal);
    private bool _isTelling;

    /// <summary>True while something waits.</summary>
    public bool IsWaiting
    {
        get
        {
            lock (_gate)
            {
                return _waiting.Count > 0;
            }
        }
    }

    /// <summary>Whether a topic can be told: words such as <c>polling</c> or <c>devices.12</c>.</summary>
    public static bool IsFit(string topic) => topic.Length is > 0 and <= MaxTopicLength && topic.All(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_');

    /// <summary>Adds a topic; false when there is no room. <paramref name="isFirst"/> when nobody has been asked to tell it yet.</summary>
    public bool Add(string topic, out bool isFirst)
    {
        lock (_gate)
        {
            // While one is being told, whoever tells it looks again afterwards; and when that fails it waits, undisturbed, until it may try again.
            isFirst = _waiting.Count == 0 && !_isTelling;
            return _waiting.Contains(topic) || (_waiting.Count < MaxTopics && _waiting.Add(topic));
        }
    }

    /// <summary>Takes everything, for one teller at a time; null when there is nothing to tell. <see cref="Told"/> must follow.</summary>
    public string[]? Take()
    {
        lock (_gate)
        {
            if (_isTelling || _waiting.Count == 0)
            {
                return null;
            }

            _isTelling = true;
            string[] topics = [.. _waiting];
            _waiting.Clear();
            return topics;
        }
    }

    /// <summary>Ends a <see cref="Take"/>; what was not told goes back.</summary>
    public void Told(string[] topics, bool isDone)
    {
        lock (_gate)
        {
            _isTelling = false;
            foreach (var topic in topics)
            {
                if (!isDone && _waiting.Count < MaxTopics)
                {
                    _waiting.Add(topic);
                }
            }
        }
    }
}
