using Rondo.Jobs;
using Rondo.Polling.Proof;
using Rondo.Storage;

namespace Rondo.Host.Metrics;

/// <summary>What the database says for metrics.</summary>
/// <param name="Fleet">The fleet.</param>
/// <param name="Queues">The queues.</param>
/// <param name="AuditWaiting">Rows of the audit trail that are not sealed yet.</param>
internal sealed record Facts(FleetCounts Fleet, IReadOnlyList<QueueDepth> Queues, long AuditWaiting);

/// <summary>
/// Asks the database for what only it knows. However often and by how many it is scraped: one look at a time, none within 5 s of the last one, and none that takes more than a twentieth
/// of the time. Nobody scrapes: nothing is asked.
/// </summary>
/// <param name="server">The server.</param>
internal sealed class DatabaseFacts(Server server)
{
    private const int Rest = 20;
    private static readonly TimeSpan _least = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _stale = TimeSpan.FromSeconds(60);
    private readonly Lock _gate = new();
    private Task? _looking;
    private Facts? _last;
    private long _readAt;
    private bool _isUp;
    private long? _nextAt;

    /// <summary>The latest facts, and whether the database answered at the last look. Waits 2 s at most; then what is known, when it is not older than a minute.</summary>
    public async Task<(Facts? Facts, bool IsUp)> ReadAsync(CancellationToken stop)
    {
        Task? looking;
        lock (_gate)
        {
            if (_looking is null && (_nextAt is not { } next || server.Time.GetTimestamp() >= next))
            {
                _looking = Task.Run(LookAsync, CancellationToken.None);
            }

            looking = _looking;
        }

        try
        {
            await (looking ?? Task.CompletedTask).WaitAsync(_patience, server.Time, stop).ConfigureAwait(false);
        }
        catch (TimeoutException)
        {
            // It goes on, for whoever asks next.
        }

        lock (_gate)
        {
            return (_last is not null && server.Time.GetElapsedTime(_readAt) <= _stale ? _last : null, _isUp && _last is not null);
        }
    }

    private async Task LookAsync()
    {
        var began = server.Time.GetTimestamp();
        Facts? facts = null;
        try
        {
            facts = await server.Database.ReadAsync(
                "metrics.facts",
                tx => new Facts(HealthReader.Read(tx), QueueOperations.Depths(tx), Security.AuditTrail.Waiting(tx)),
                CancellationToken.None).ConfigureAwait(false);
        }
        catch (StorageFault)
        {
            // Said by rondo_database_up.
        }
        finally
        {
            lock (_gate)
            {
                var now = server.Time.GetTimestamp();
                var rest = server.Time.GetElapsedTime(began, now) * Rest;
                _nextAt = now + (long)((rest > _least ? rest : _least).TotalSeconds * server.Time.TimestampFrequency);
                _isUp = facts is not null;
                (_last, _readAt) = facts is null ? (_last, _readAt) : (facts, now);
                _looking = null;
            }
        }
    }
}
