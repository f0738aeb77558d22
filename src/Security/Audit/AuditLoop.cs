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

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        await trail.SealAsync(database, stop).ConfigureAwait(false);
        return _every;
    }
}
