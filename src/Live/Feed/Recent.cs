using Rondo.Live.Log;

namespace Rondo.Live.Feed;

/// <summary>The last events, as they were written for clients: most who come back were away for a moment, and need no database. Touched under the hub's lock only.</summary>
internal sealed class Recent
{
    private const int Most = 1_024;

    // Less than a client's queue may hold: all of it can be put there at once.
    private const int MostBytes = 256 * 1024;
    private readonly Queue<(LoggedEvent Event, FeedMessage Message)> _events = new();
    private long _bytes;

    // Where they begin: the event before the first one.
    private ResumeToken _before;

    /// <summary>The last event that was told.</summary>
    public ResumeToken Head { get; private set; }

    public void Begin(ResumeToken head)
    {
        _events.Clear();
        _bytes = 0;
        (Head, _before) = (head, head);
    }

    public void Add(LoggedEvent happened, FeedMessage message)
    {
        _events.Enqueue((happened, message));
        _bytes += message.Cost;
        Head = Head with { Id = happened.Id, Stamp = happened.Stamp };
        while (_events.Count > Most || _bytes > MostBytes)
        {
            var (old, gone) = _events.Dequeue();
            _bytes -= gone.Cost;
            _before = _before with { Id = old.Id, Stamp = old.Stamp };
        }
    }

    /// <summary>True when everything behind <paramref name="id"/> is here.</summary>
    public bool Reaches(long id) => id >= _before.Id;

    /// <summary>True when <paramref name="token"/> is of one of these events.</summary>
    public bool Has(ResumeToken token) => token == _before || token == Head
        || (token.Epoch == Head.Epoch && token.Id > _before.Id && token.Id < Head.Id && _events.ElementAt((int)(token.Id - _before.Id - 1)).Event.Stamp == token.Stamp);

    public IEnumerable<(LoggedEvent Event, FeedMessage Message)> After(long id) => _events.SkipWhile(e => e.Event.Id <= id);
}
