using Microsoft.Extensions.Logging;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>One incarnation of a <see cref="JobHost"/>: its node, its lease, and what claims, runs and finishes under it.</summary>
internal sealed class JobHostLife
{
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(20);
    private readonly LoopSupervisor _supervisor;
    private readonly TimeProvider _time;
    private readonly ILogger _log;
    private bool _hasEnded;

    private JobHostLife(Node node, JobServer server, LoopSupervisor supervisor, JobHostSettings settings)
    {
        (Node, Server, _supervisor) = (node, server, supervisor);
        (_time, _log) = (settings.Time, settings.Log);
    }

    public Node Node { get; }

    public JobServer Server { get; }

    /// <summary>Completes when a loop cannot be kept running.</summary>
    public Task<string> Broken => _supervisor.Broken;

    public static LoopSupervisor NewSupervisor(JobHostSettings settings, Chance chance) => new(
        settings.Time,
        chance,
        (loop, fault) => JobHostLog.PassFailed(settings.Log, loop.Name, fault.Message),
        loop => JobHostLog.LoopStuck(settings.Log, loop.Name, loop.StuckAfter.TotalSeconds));

    /// <summary>Registers and starts; what fails leaves nothing running.</summary>
    /// <param name="database">Migrated.</param>
    /// <param name="handlers">What it runs.</param>
    /// <param name="queue">By which the program enqueues.</param>
    /// <param name="settings">Settings.</param>
    /// <param name="version">Version of the program.</param>
    /// <param name="chance">Chance.</param>
    /// <param name="hint">Tells other processes.</param>
    /// <param name="confirm">Asked once the node is registered: whether the schema still serves this program.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<JobHostLife> StartAsync(
        Database database, JobHandlers handlers, JobQueue queue, JobHostSettings settings, string version, Chance chance, Action<string> hint, Func<Task> confirm, CancellationToken stop)
    {
        var supervisor = NewSupervisor(settings, chance);
        Node? node = null;
        try
        {
            node = await Node.RegisterAsync(database, settings.Time, "work", version, stop, quietFor: () => supervisor.QuietFor).ConfigureAwait(false);
            await confirm().ConfigureAwait(false);
            if (database.Address.Kind == DatabaseKind.Postgres)
            {
                supervisor.Start(new LeaseLoop(database, node, supervisor.CheckProgress, hint, settings.Time, settings.Log));
            }

            var server = new JobServer(database, node, handlers, settings.Jobs, settings.Time, chance, hint, settings.Log, settings.Schedules);
            server.Start(supervisor, queue);
            JobHostLog.Started(settings.Log, node.Id, database.Address.Shown);
            return new JobHostLife(node, server, supervisor, settings);
        }
        catch
        {
            await supervisor.DisposeAsync().ConfigureAwait(false);
            if (node is not null)
            {
                await SayGoodByeAsync(node, settings.Log).ConfigureAwait(false);
            }

            throw;
        }
    }

    /// <summary>Ends it. One that lives gives back what it holds; one that is dead waits a moment for its cancelled attempts, whose late ends are refused and counted.</summary>
    public async Task EndAsync()
    {
        if (_hasEnded)
        {
            return;
        }

        _hasEnded = true;
        if (Node.IsDead)
        {
            var began = _time.GetTimestamp();
            while ((Server.State.Unwritten > 0 || Server.State.Queues.Any(q => q.Busy > 0)) && _time.GetElapsedTime(began) < _patience)
            {
                await Task.Delay(_look, _time).ConfigureAwait(false);
            }
        }
        else
        {
            await Server.DrainAsync().ConfigureAwait(false);
        }

        await _supervisor.StopAsync(_patience).ConfigureAwait(false);
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        await SayGoodByeAsync(Node, _log).ConfigureAwait(false);
    }

    private static async Task SayGoodByeAsync(Node node, ILogger log)
    {
        try
        {
            await node.EndAsync().ConfigureAwait(false);
        }
        catch (StorageFault fault)
        {
            JobHostLog.EndFailed(log, fault.Message);
        }
    }
}
