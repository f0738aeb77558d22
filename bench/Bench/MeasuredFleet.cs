using System.Diagnostics;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>One or several measured servers over one database. They are told nothing of each other: who polls what is the product's business.</summary>
internal sealed class MeasuredFleet : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(120);
    private readonly List<MeasuredServer> _nodes = [];

    private MeasuredFleet()
    {
    }

    public IReadOnlyList<MeasuredServer> Nodes => _nodes;

    /// <summary>From the start of the processes until all servers ran, in milliseconds.</summary>
    public double StartedMs { get; private set; }

    /// <summary>From the start of the processes until every group had its next slot, somewhere.</summary>
    public double ArmedMs { get; private set; }

    /// <summary>From the start of the processes until everything was armed and no node owned more than one endpoint more than another.</summary>
    public double EvenMs { get; private set; }

    /// <summary>Starts so many servers at once on a database that has its devices, and waits until they have shared them out among themselves.</summary>
    public static async Task<MeasuredFleet> StartAsync(BenchDatabase database, int devices, int nodes = 1)
    {
        var fleet = new MeasuredFleet();
        try
        {
            var from = Stopwatch.GetTimestamp();
            fleet._nodes.AddRange(Enumerable.Range(0, nodes).Select(_ => MeasuredServer.Start(database)));
            await Task.WhenAll(fleet._nodes.Select(node => node.RunsAsync()));
            fleet.StartedMs = Stopwatch.GetElapsedTime(from).TotalMilliseconds;
            fleet.ArmedMs = await fleet.UntilAsync(from, moment => moment.Groups >= devices, "the devices were not armed");
            fleet.EvenMs = await fleet.UntilAsync(
                from, moment => moment.Groups == devices && moment.Endpoints.Sum() == devices && moment.IsEven, "the nodes did not come to even shares");
            return fleet;
        }
        catch
        {
            await fleet.DisposeAsync();
            throw;
        }
    }

    /// <summary>Starts the distributions over. What was done until then.</summary>
    public Task<FleetMoment> MarkAsync() => LookAsync(node => node.MarkAsync());

    public Task<FleetMoment> LookAsync() => LookAsync(node => node.StateAsync());

    /// <summary>A clean stop of all at once, so that none takes over what another gives back for longer than a moment.</summary>
    public Task StopAsync() => Task.WhenAll(_nodes.Select(node => node.StopAsync()));

    public async ValueTask DisposeAsync()
    {
        foreach (var node in _nodes)
        {
            await node.DisposeAsync();
        }
    }

    private async Task<FleetMoment> LookAsync(Func<MeasuredServer, Task<ServerState>> ask)
    {
        var states = new List<ServerState>();
        var uses = new List<ProcessUse>();
        foreach (var node in _nodes)
        {
            // A node's work and what it used for it belong together.
            states.Add(await ask(node));
            uses.Add(ProcessUse.Of(node.Id));
        }

        return new FleetMoment(states, uses);
    }

    private async Task<double> UntilAsync(long from, Func<FleetMoment, bool> isReached, string otherwise)
    {
        using var again = new PeriodicTimer(TimeSpan.FromMilliseconds(10));
        FleetMoment moment;
        while (!isReached(moment = await LookAsync()))
        {
            if (Stopwatch.GetElapsedTime(from) > Patience)
            {
                throw new BenchFault($"{otherwise} within {Patience.TotalSeconds} s: {moment.Groups} groups armed, endpoints {string.Join(" + ", moment.Endpoints)}");
            }

            await again.WaitForNextTickAsync();
        }

        return Stopwatch.GetElapsedTime(from).TotalMilliseconds;
    }
}

/// <summary>What the nodes said of themselves and what their processes had used, node by node within a moment.</summary>
internal sealed record FleetMoment(IReadOnlyList<ServerState> States, IReadOnlyList<ProcessUse> Uses)
{
    /// <summary>Database time when all had been asked.</summary>
    public Instant Now => new(States.Max(state => state.Now));

    public double CpuSeconds => Uses.Sum(use => use.CpuSeconds);

    public IEnumerable<int> Endpoints => States.Select(state => state.State.Endpoints);

    public bool IsEven => Endpoints.Max() - Endpoints.Min() <= 1;

    public int Groups => States.Sum(state => state.State.Groups);

    /// <summary>Polls whose outcome is committed.</summary>
    public long Polls => States.Sum(state => state.State.Ok + state.State.Partial + state.State.Failed);

    public long Points => States.Sum(state => state.State.Points);

    public long Batches => States.Sum(state => state.State.Batches);

    /// <summary>Rows that were refused because their slot was there already.</summary>
    public long Duplicates => States.Sum(state => state.State.Duplicates);

    public long Waiting => States.Sum(state => (long)state.State.Waiting);

    /// <summary>Of the node that commits latest.</summary>
    public double CommitP99Ms => States.Max(state => state.State.CommitP99Ms ?? 0);
}
