using Rondo.Host.Http;
using Rondo.Host.Settings;
using Rondo.Host.Systemd;
using Rondo.Jobs.Logs;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary>What <c>rondo serve --json</c> says: once when all that it owns is armed (again after it came back as another node), once when it has stopped.</summary>
/// <param name="State"><c>ready</c>, <c>stopped</c>, or <c>recycled</c> (ended by itself, to be started again).</param>
/// <param name="Node">Incarnation.</param>
/// <param name="Http">Address of the API, or null without it.</param>
/// <param name="Groups">Armed poll groups.</param>
internal sealed record ServeState(string State, string? Node, string? Http, int? Groups);

/// <summary>
/// Keeps a server going for as long as the process should: tells systemd how it is, comes back as a new incarnation after this one was declared
/// dead, and ends when it is told to or when nothing can be done from inside.
/// </summary>
internal sealed class Watch(RondoSettings settings, TimeProvider time, ILoggerFactory logs, SystemdNotifier systemd, Action<ServeState> tell, JobLogFiles? files = null)
{
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan _lookReady = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan _giveUpPatience = TimeSpan.FromSeconds(3);
    private readonly ILogger _log = logs.CreateLogger("rondo");

    private enum End
    {
        Asked,
        Dead,
        Broken,
        Recycled,
    }

    /// <summary>Runs until <paramref name="stop"/>; returns the exit code.</summary>
    public async Task<int> RunAsync(CancellationToken stop)
    {
        while (true)
        {
            switch (await ServeOnceAsync(stop))
            {
                case End.Asked:
                    HostLog.Stopped(_log);
                    tell(new ServeState("stopped", null, null, null));
                    return ExitCode.Ok;
                case End.Recycled:
                    HostLog.Stopped(_log);
                    tell(new ServeState("recycled", null, null, null));
                    return ExitCode.Recycled;
                case End.Broken:
                    return ExitCode.Critical;
                default:
                    break;
            }
        }
    }

    private async Task<End> ServeOnceAsync(CancellationToken stop)
    {
        await using var server = await Server.StartAsync(
            settings.Database, settings.Roles, settings.Polling, time, logs, stop, ServerOptions.Of(settings, files, Environment.GetEnvironmentVariable) with
            {
                Hopeless = () => Environment.Exit(ExitCode.Critical),
                Live = settings.Live with { Pusher = settings.Pusher.Load() },
                TimeZone = settings.TimeZone,
            });
        await using var http = settings.Roles.Contains("api") ? await ListenAsync(server, stop) : null;
        var end = await FollowAsync(server, http?.Address.ToString(), stop);
        if (end is End.Asked or End.Recycled)
        {
            systemd.Stopping("writing the last outcomes, releasing endpoints");
            HostLog.Stopping(_log);
        }

        if (end == End.Broken)
        {
            // What is stuck may hold up a clean stop too, so nothing is waited for but that its work is free for others (the beat sees to it within a second).
            var started = time.GetTimestamp();
            while (server.Database.Address.Kind == DatabaseKind.Postgres && !server.Node.IsDead && time.GetElapsedTime(started) < _giveUpPatience)
            {
                await Task.Delay(_look, time, CancellationToken.None);
            }

            Environment.Exit(ExitCode.Critical);
        }

        // Also when the node is dead: its workers end, its connections close, before the next incarnation opens them.
        await server.StopAsync();
        return end;
    }

    private async Task<HttpApi> ListenAsync(Server server, CancellationToken stop)
    {
        try
        {
            var http = await HttpApi.StartAsync(server, settings.Http with { Logs = logs }, stop);
            HostLog.Listening(_log, http.Address);
            if (settings.Http.IsLoopback && await server.OfferSetupAsync(stop) is { } code)
            {
                HostLog.SetUp(_log, http.Address, code);
            }

            return http;
        }
        catch (HttpStartException fault)
        {
            await server.StopAsync();
            throw new CommandFault(ExitCode.Problem, fault.Message + ". A node that needs no web port is started with --roles poll");
        }
    }

    private async Task<End> FollowAsync(Server server, string? http, CancellationToken stop)
    {
        var fedAt = time.GetTimestamp();
        var feedEvery = (systemd.WatchdogTimeout ?? TimeSpan.FromSeconds(10)) / 2;
        var isReady = false;
        using var timer = new PeriodicTimer(_look, time);
        while (true)
        {
            if (server.Broken.IsCompleted)
            {
                HostLog.Broken(_log, await server.Broken);
                return End.Broken;
            }

            if (server.Node.IsDead)
            {
                HostLog.Dead(_log, server.Node.Id);
                return End.Dead;
            }

            if (server.Worker?.Recycle is { MayRecycle: true } due)
            {
                HostLog.Recycled(_log, due.Reason);
                return End.Recycled;
            }

            if (!isReady && IsArmed(server))
            {
                isReady = true;
                var groups = server.Poller?.State.Groups ?? 0;
                HostLog.Ready(_log, groups);
                tell(new ServeState("ready", server.Node.Id, http, groups));
                systemd.Ready($"serving, {groups} poll groups armed");
                timer.Period = _lookReady;
            }

            if (time.GetElapsedTime(fedAt) >= feedEvery && server.IsMakingProgress)
            {
                fedAt = time.GetTimestamp();
                systemd.Watchdog();
            }

            try
            {
                await timer.WaitForNextTickAsync(stop);
            }
            catch (OperationCanceledException)
            {
                return End.Asked;
            }
        }
    }

    /// <summary>True once the poller has taken in a revision of the configuration, which is after it claimed and armed what there is.</summary>
    private static bool IsArmed(Server server) => server.Poller is null || server.Poller.State.SeenRevision > 0;
}
