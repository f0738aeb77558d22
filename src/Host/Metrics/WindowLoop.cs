using Rondo.Loops;

namespace Rondo.Host.Metrics;

/// <summary>Moves the windows of percentiles on, once a minute.</summary>
/// <param name="server">The server.</param>
internal sealed class WindowLoop(Server server) : Loop("metrics.window", server.Time)
{
    /// <summary>Length of one part of a window.</summary>
    public static readonly TimeSpan Part = TimeSpan.FromMinutes(1);

    private bool _hasBegun;

    /// <inheritdoc/>
    protected override ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        if (_hasBegun)
        {
            foreach (var timing in server.LoopList.Select(l => l.PassTimes).Concat(server.Numbers.Http.Endpoints.All.Select(e => e.Cell)))
            {
                timing.Roll();
            }
        }

        _hasBegun = true;
        return new(Part);
    }
}
