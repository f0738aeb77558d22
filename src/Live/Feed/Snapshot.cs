namespace Rondo.Live.Feed;

/// <summary>
/// The newest stored readings, with which a subscription begins: read in pieces, the first one before the client hears that it has its topics (so that it hears nothing when the database is away),
/// the others while it takes them. From that moment on it gets what is collected like everybody else, so each source is told either by that or from here.
/// </summary>
internal sealed class Snapshot : IAsyncDisposable
{
    private readonly IAsyncEnumerator<IReadOnlyList<DeviceReadings>>? _pieces;
    private readonly Func<DeviceReadings, IEnumerable<FeedMessage>> _write;
    private readonly HashSet<long> _told = [];
    private bool _isMore;

    private Snapshot(IAsyncEnumerator<IReadOnlyList<DeviceReadings>>? pieces, Func<DeviceReadings, IEnumerable<FeedMessage>> write) => (_pieces, _write) = (pieces, write);

    /// <summary>Reads the first piece.</summary>
    /// <param name="pieces">What is stored; null for nothing.</param>
    /// <param name="write">What one reading tells the client.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<Snapshot> BeginAsync(IAsyncEnumerable<IReadOnlyList<DeviceReadings>>? pieces, Func<DeviceReadings, IEnumerable<FeedMessage>> write, CancellationToken stop)
    {
        var snapshot = new Snapshot(pieces?.GetAsyncEnumerator(stop), write);
        await snapshot.NextAsync().ConfigureAwait(false);
        return snapshot;
    }

    /// <summary>The client has been told newer readings of this source. Under the hub's lock.</summary>
    public void Told(DeviceReadings readings) => _told.Add(readings.Source);

    /// <summary>Tells nothing: the client has it already.</summary>
    public void Nothing() => _isMore = false;

    /// <summary>Tells the client what is stored, as fast as it takes it.</summary>
    public async Task TellAsync(FeedHub hub, FeedClient client)
    {
        while (_isMore)
        {
            foreach (var stored in _pieces!.Current)
            {
                if (hub.NewestFor(this, stored) is not { } newest)
                {
                    continue;
                }

                // Written outside of the lock: it is for this client alone.
                var messages = _write(newest).ToArray();
                hub.Offer(client, this, newest, messages);
                await client.RoomAsync().ConfigureAwait(false);
                if (client.Close is not null || client.Ended.IsCompleted)
                {
                    return;
                }
            }

            await NextAsync().ConfigureAwait(false);
        }
    }

    /// <summary>True when a source has been told. Under the hub's lock.</summary>
    public bool IsTold(DeviceReadings readings) => _told.Contains(readings.Source);

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => _pieces?.DisposeAsync() ?? default;

    private async Task NextAsync() => _isMore = _pieces is not null && await _pieces.MoveNextAsync().ConfigureAwait(false);
}
