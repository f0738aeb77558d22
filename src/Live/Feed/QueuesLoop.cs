using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Counts queues while somebody listens to them.</summary>
internal sealed class QueuesLoop : FiguresLoop
{
    // Ends are counted over the time since the last count, so that none is left out; over less a rate says little.
    private static readonly TimeSpan _shortest = TimeSpan.FromSeconds(2);
    private readonly FeedHub _hub;
    private readonly Database _database;
    private readonly IQueueFigures _queues;

    public QueuesLoop(FeedHub hub, Database database, IQueueFigures queues, TimeProvider time)
        : base("live.queues", time)
    {
        (_hub, _database, _queues) = (hub, database, queues);
        hub.QueuesAsked = Wake;
    }

    protected override (bool IsWanted, bool IsNew) Ask() => _hub.AskQueues();

    protected override async Task CountAsync(TimeSpan? since, CancellationToken stop)
    {
        var figures = await _queues.ReadAsync(_database, since is { } span && span > _shortest ? span : _shortest, stop).ConfigureAwait(false);
        _hub.Take(figures, _hub.Now);
    }
}
