using Npgsql;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>Does to a cluster what a plan says, and does for its nodes what a supervisor would: a process that has ended is started again.</summary>
internal sealed class Chaos(Cluster cluster, Action<string> say)
{
    private readonly HashSet<ClusterNode> _down = [];
    private readonly Lock _gate = new();

    private ClusterNode Guest => cluster.Nodes[^1];

    public async Task RunAsync(IReadOnlyList<ChaosStep> steps)
    {
        Want(Guest, isWanted: false);
        using var over = new CancellationTokenSource();
        var supervisor = SuperviseAsync(over.Token);
        var began = Site.Now;
        var running = new List<Task>();
        foreach (var step in steps)
        {
            await PassAsync(step.At - (Site.Now - began).TotalSeconds);
            say(step.ToString());
            running.Add(DoAsync(step));
        }

        await Task.WhenAll(running);
        var own = cluster.Nodes.Where(node => node != Guest).ToArray();
        await cluster.UntilAsync(
            () => Task.FromResult(own.All(node => node.IsReady)), () => $"all nodes ready again: {string.Join(", ", own.Where(node => !node.IsReady).Select(node => node.Name))}",
            TimeSpan.FromSeconds(30));
        await over.CancelAsync();
        await supervisor;
    }

    private async Task DoAsync(ChaosStep step)
    {
        var node = step.Node >= 0 ? cluster.Nodes[step.Node] : Guest;
        switch (step.Kind)
        {
            case ChaosKind.Kill:
                Want(node, isWanted: false);
                await node.Kill9Async();
                await PassAsync(step.For);
                Want(node, isWanted: true);
                break;
            case ChaosKind.Pause:
                node.Pause();
                await PassAsync(step.For);
                node.Cont();
                break;
            case ChaosKind.Cut or ChaosKind.Break:
                node.Cut(isReset: step.Kind == ChaosKind.Break);
                await PassAsync(step.For);
                node.Heal();
                break;
            case ChaosKind.Restart or ChaosKind.Crash:
                await cluster.RestartDatabaseAsync(TimeSpan.FromSeconds(step.For), isCrash: step.Kind == ChaosKind.Crash);
                break;
            case ChaosKind.Guest:
                Want(node, isWanted: true);
                await PassAsync(step.For);
                await cluster.UntilAsync(() => Task.FromResult(node.IsReady), () => "the guest ready", TimeSpan.FromSeconds(30));
                Want(node, isWanted: false);
                await node.StopAsync();
                break;
            default:
                await DrainAsync(step, node);
                break;
        }
    }

    private async Task DrainAsync(ChaosStep step, ClusterNode node)
    {
        var drain = cluster.Faults.Begin(FaultKind.Drain, node.Name);
        try
        {
            await cluster.DrainAsync(node, isDraining: true);
        }
        catch (NpgsqlException)
        {
            // The database is away: then not.
        }

        await PassAsync(step.For);
        await cluster.UntilAsync(
            async () =>
            {
                await cluster.DrainAsync(node, isDraining: false);
                return true;
            },
            () => $"{node.Name} resumed",
            TimeSpan.FromSeconds(30));
        drain.End();
    }

    private async Task SuperviseAsync(CancellationToken stop)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(100));
        try
        {
            while (await again.WaitForNextTickAsync(stop))
            {
                foreach (var node in cluster.Nodes.Where(IsWanted))
                {
                    if (!node.IsRunning)
                    {
                        node.Start();
                    }

                    node.NoteReady();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Over.
        }
    }

    private static Task PassAsync(double seconds) => seconds > 0 ? Passing.OfSeconds(seconds) : Task.CompletedTask;

    private bool IsWanted(ClusterNode node)
    {
        lock (_gate)
        {
            return !_down.Contains(node);
        }
    }

    private void Want(ClusterNode node, bool isWanted)
    {
        lock (_gate)
        {
            _ = isWanted ? _down.Remove(node) : _down.Add(node);
        }
    }
}
