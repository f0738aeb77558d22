using System.Security.Cryptography;
using Rondo.Loops;
using Rondo.Nodes;
using Rondo.Storage;
using Rondo.Storage.Schema;

namespace Rondo.Jobs;

/// <summary>
/// The queue for a program of its own: opens and migrates the database, registers this process as a node, runs its jobs, and gives back what it holds when it is
/// stopped. When another node has declared it dead (it stood still for longer than its lease) it comes back by itself as a new incarnation.
/// </summary>
public sealed class JobHost : IAsyncDisposable
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100);
    private static readonly string _version = typeof(JobHost).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";
    private readonly JobHostSettings _settings;
    private readonly Migrator _migrator;
    private readonly JobHandlers _handlers;
    private readonly Chance _chance = new(RandomNumberGenerator.GetInt32(int.MaxValue));
    private readonly Hints _hints;
    private readonly LoopSupervisor _supervisor;
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<string> _broken = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource<string> _recycled = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private volatile JobHostLife? _life;
    private Task _following = Task.CompletedTask;
    private long _refusedBefore;
    private readonly Lock _ending = new();
    private Task? _stopping;
    private bool _isDisposed;

    private JobHost(Database database, Func<Database, JobHandlers> handlers, JobHostSettings settings)
    {
        Database = database;
        _settings = settings;
        _handlers = handlers(database);
        _migrator = new Migrator(
            database,
            [.. Migration.OfStorage, .. Migration.Of("nodes", typeof(Node).Assembly), .. JobServer.Migrations, .. settings.Migrations],
            Version.Parse(_version),
            (tx, oldest) => OlderNodes.StillRunning(tx, database.Address, settings.RunsJobs ? DatabaseUse.Server : DatabaseUse.Command, oldest));
        _hints = new Hints(database, settings.Time);
        _supervisor = JobHostLife.NewSupervisor(settings, _chance);
        Queue = new JobQueue(database, _handlers, _ => _hints.Send(JobServer.Topic), _hints, priorities: settings.Jobs.Priorities);
        Operations = new JobOperations(database, _handlers, settings.Jobs, _hints.Send);
    }

    /// <summary>The database, for the program's own transactions as well.</summary>
    public Database Database { get; }

    /// <summary>Accepts jobs.</summary>
    public JobQueue Queue { get; }

    /// <summary>What operators ask and do about jobs and queues.</summary>
    public JobOperations Operations { get; }

    /// <summary>The incarnation of this process; another one after it was declared dead. Null when it runs no jobs.</summary>
    public string? Node => _life?.Node.Id;

    /// <summary>How it goes here; null when it runs no jobs. What was refused is counted over all incarnations, the rest is of this one.</summary>
    public JobServerState? State => _life?.Server.State is { } state ? state with { Refused = state.Refused + Interlocked.Read(ref _refusedBefore) } : null;

    /// <summary>How hints go here.</summary>
    internal HintState Hints => _hints.State;

    /// <summary>Completes with the reason when it cannot go on: then the process should end, for its supervisor to start it again.</summary>
    public Task<string> Broken => _broken.Task;

    /// <summary>
    /// Completes with the reason when this process has done its share (<see cref="JobsOptions.RecycleAfterJobs"/>, <see cref="JobsOptions.RecycleAboveMemory"/>): then the program should stop it and
    /// end, at a time of its choosing, for its supervisor to start it again. Until then it goes on. What has ended is counted from the beginning of an incarnation.
    /// </summary>
    public Task<string> Recycled => _recycled.Task;

    /// <summary>Opens, migrates, registers and runs. What fails leaves nothing behind.</summary>
    /// <param name="address"><c>sqlite:PATH</c> or <c>postgres://user:password@host:port/database</c>.</param>
    /// <param name="handlers">The kinds of jobs of this program; given the database, for handlers that write to it.</param>
    /// <param name="settings">Settings; null for the defaults.</param>
    /// <param name="stop">Gives up starting.</param>
    /// <exception cref="ArgumentException">The address cannot be read.</exception>
    /// <exception cref="InvalidOperationException">A setting is out of its range.</exception>
    /// <exception cref="StorageFault">The database cannot be opened or does not serve this program, or another process serves the SQLite file.</exception>
    public static async Task<JobHost> StartAsync(string address, Func<Database, JobHandlers> handlers, JobHostSettings? settings = null, CancellationToken stop = default)
    {
        settings ??= new();
        settings.Jobs.Check();
        if (settings.Jobs.Log.Folder is not null)
        {
            throw new InvalidOperationException("jobs: log files of queues are written by rondo serve; give the host a Log of the program's own instead of Jobs.Log.Folder");
        }

        var parsed = DatabaseAddress.TryParse(address, out var error) ?? throw new ArgumentException(error, nameof(address));
        var database = Database.Open(parsed, settings.RunsJobs ? DatabaseUse.Server : DatabaseUse.Command, settings.Time);
        JobHost? host = null;
        try
        {
            host = new JobHost(database, handlers, settings);
            await host._migrator.ApplyAsync().ConfigureAwait(false);
            if (settings.RunsJobs)
            {
                host._hints.On(JobServer.Topic, () => host._life?.Server.Wake());
                host._hints.On(JobServer.IntentTopic, () => host._life?.Server.WakeForIntent());
                host._life = await host.LiveAsync(stop).ConfigureAwait(false);
                host._following = Task.Run(host.FollowAsync, CancellationToken.None);
            }

            host._hints.Start(host._supervisor, host._chance);
            host._supervisor.Start(new DatabaseClockLoop(database, settings.Time));
            return host;
        }
        catch
        {
            await ((IAsyncDisposable?)host ?? database).DisposeAsync().ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// Stops cleanly: begins nothing more, lets run what runs for <see cref="JobsOptions.StopPatience"/>, then cancels it; what has not ended goes back and loses no attempt.
    /// </summary>
    public Task StopAsync()
    {
        // Whoever asks a second time waits for the same end.
        lock (_ending)
        {
            return _stopping ??= StopOnceAsync();
        }
    }

    private async Task StopOnceAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _following.ConfigureAwait(false);
        if (_life is { } life)
        {
            await life.EndAsync().ConfigureAwait(false);
        }

        await _supervisor.StopAsync(TimeSpan.FromSeconds(1)).ConfigureAwait(false);

        // The loop that would tell of what was just given back has ended.
        await _hints.FlushAsync().ConfigureAwait(false);
    }

    /// <summary>Stops, when that was not done, and closes the database.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_isDisposed)
        {
            return;
        }

        _isDisposed = true;
        await StopAsync().ConfigureAwait(false);
        await _supervisor.DisposeAsync().ConfigureAwait(false);
        await Queue.DisposeAsync().ConfigureAwait(false);
        await _hints.DisposeAsync().ConfigureAwait(false);
        await Database.DisposeAsync().ConfigureAwait(false);
        _stop.Dispose();
    }

    private Task<JobHostLife> LiveAsync(CancellationToken stop) =>
        JobHostLife.StartAsync(Database, _handlers, Queue, _settings, _version, _chance, _hints.Send, () => _migrator.ApplyAsync(), stop);

    private async Task FollowAsync()
    {
        using var timer = new PeriodicTimer(_look, _settings.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false))
            {
                var life = _life!;
                if (life.Broken.IsCompleted)
                {
                    var reason = await life.Broken.ConfigureAwait(false);
                    JobHostLog.Broken(_settings.Log, reason);
                    _broken.TrySetResult(reason);
                    return;
                }

                if (life.Server.Recycle is { } due && _recycled.TrySetResult(due.Reason))
                {
                    JobHostLog.Recycled(_settings.Log, due.Reason);
                }

                if (life.Node.IsDead)
                {
                    JobHostLog.Dead(_settings.Log, life.Node.Id);
                    await life.EndAsync().ConfigureAwait(false);
                    await ComeBackAsync(timer).ConfigureAwait(false);
                    Interlocked.Add(ref _refusedBefore, life.Server.State.Refused);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // Stopped.
        }
        catch (Exception fault) when (fault is not OutOfMemoryException)
        {
            JobHostLog.Broken(_settings.Log, fault.Message);
            _broken.TrySetResult(fault.Message);
        }
    }

    private async Task ComeBackAsync(PeriodicTimer timer)
    {
        while (true)
        {
            try
            {
                _life = await LiveAsync(_stop.Token).ConfigureAwait(false);
                return;
            }
            catch (StorageFault fault) when (fault.IsTransient)
            {
                JobHostLog.RegisterFailed(_settings.Log, fault.Message);
                await timer.WaitForNextTickAsync(_stop.Token).ConfigureAwait(false);
            }
            catch (StorageFault fault)
            {
                JobHostLog.Broken(_settings.Log, fault.Message);
                _broken.TrySetResult(fault.Message);
                throw new OperationCanceledException(fault.Message, fault);
            }
        }
    }
}
