using Rondo.Loops;
using Rondo.Storage;

namespace Rondo.Security;

/// <summary>Seals what waits, within a second: at once when hinted, else when it looks.</summary>
/// <param name="database">The database.</param>
/// <param name="trail">Its trail.</param>
/// <param name="time">Time.</param>
public sealed class AuditLoop(Database database, AuditTrail trail, TimeProvider time) : Loop("audit.seal", time)
{
    private static readonly TimeSpan _every = TimeSpan.FromMilliseconds(700);

    private bool _isWhole;

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        // At the start, and from then on for as long as it does not hold: what is wrong stays said until somebody has looked.
        if (!_isWhole)
        {
            await SealAnywayAsync(stop).ConfigureAwait(false);
            await trail.CheckAsync(database, stop).ConfigureAwait(false);
            _isWhole = true;
        }

        try
        {
            await trail.SealAsync(database, stop).ConfigureAwait(false);
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Corrupt)
        {
            _isWhole = false;
            throw;
        }

        return _every;
    }

    private async Task SealAnywayAsync(CancellationToken stop)
    {
        try
        {
            await trail.SealAsync(database, stop).ConfigureAwait(false);
        }
        catch (StorageFault fault) when (fault.Kind == StorageFaultKind.Corrupt)
        {
            // Said by the check.
        }
    }
}
