using Rondo.Loops;

namespace Rondo.Host.Checks;

/// <summary>Looks at the health of this node four times a minute, so that it is known since when something is wrong, whether or not somebody asks.</summary>
/// <param name="server">The server.</param>
internal sealed class HealthLoop(Server server) : Loop("health.look", server.Time)
{
    private static readonly TimeSpan _every = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        await server.Board.LookAsync(stop).ConfigureAwait(false);
        return _every;
    }
}
