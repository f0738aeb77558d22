using Rondo.Host.Http;
using Rondo.Host.Logs;
using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Polling.Fleet;
using Rondo.Polling.Proof;
using Rondo.Security;
using Rondo.Simulators.Modbus;
using Rondo.Storage;
using Spectre.Console;

namespace Rondo.Host.Commands;

/// <summary>One demo: the real server and real TCP, only the meters are simulated.</summary>
internal sealed class DemoRun(Run run, DemoSettings settings)
{
    private const int UnitsPerGateway = 5;
    private static readonly TimeSpan _look = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan _armTimeout = TimeSpan.FromSeconds(30);

    /// <summary>Runs it to its end; exit code 1 when a slot is not accounted for.</summary>
    public async Task<int> RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("rondo-demo-").FullName;
        try
        {
            return await RunAsync(Path.Combine(folder, "rondo.db"));
        }
        catch (SimulatorStartException fault)
        {
            throw new CommandFault(ExitCode.Problem, fault.Message);
        }
        finally
        {
            if (!settings.Keep)
            {
                Directory.Delete(folder, recursive: true);
            }
        }
    }

    private async Task<int> RunAsync(string file)
    {
        var units = Math.Min(UnitsPerGateway, settings.Devices);
        var simulated = new ModbusSimulatorOptions { Gateways = (settings.Devices + units - 1) / units, Units = units };
        await using var simulator = await ModbusSimulator.StartAsync(simulated, run.Time, run.Stop);
        using var logs = run.Shell.Logs(LogLevel.Warning, LogFormat.Auto);
        var address = DatabaseAddress.TryParse("sqlite:" + file, out _)!;
        await using var server = await Server.StartAsync(address, ["poll"], new PollingOptions(), run.Time, logs, run.Stop);
        await new UserOperations(server.Database, server.Hints.Send).AddAsync("demo", Role.Admin, UserOperations.NewPassword(), Actor.OfCommand(), run.Stop);
        server.Welcome = new Welcome(server.Written(new Actor("user", "demo", "this machine"), new AuditLabel("sessions.begin", "demo"), isOptional: true), run.Time, "demo");
        await using var http = await HttpApi.StartAsync(server, new HttpSettings { Address = new Uri("http://127.0.0.1:0"), Logs = logs }, run.Stop);
        run.Say($"{settings.Devices} simulated meters behind {simulated.Gateways} gateways on loopback, polled every {Durations.Show(settings.Interval)} into {file}");
        var token = await new TokenOperations(server.Database, server.Hints.Send).AddAsync(new NewToken("demo", Role.Admin, null, Scopes.Everything), Actor.OfCommand(), run.Stop);
        run.Say($"open {http.Address}welcome#{server.Welcome.Code} (works once, within {Welcome.Lasts.TotalMinutes:0} minutes, from this machine)");
        run.Say($"HTTP API: curl -H 'Authorization: Bearer {token.Text}' {http.Address}api/polling/status");
        using var state = new DemoState(server, settings, run.Time);
        await ApplyAsync(server, simulator, simulated);
        await WatchAsync(server, state);

        await server.StopAsync();
        var until = server.Poller!.StoppedAt!.Value + TimeSpan.FromMicroseconds(1);
        var proof = await server.Database.ReadAsync("demo.validate", tx => Validator.Run(tx, null, until, final: true), CancellationToken.None);
        return Conclude(proof, server.Poller.State, file);
    }

    private async Task ApplyAsync(Server server, ModbusSimulator simulator, ModbusSimulatorOptions simulated)
    {
        var file = DeviceFile.Parse(SimulatedDeviceFile.Write(simulator.Endpoints, simulated, settings.Interval, 10), "demo.yaml");
        await Devices.ApplyAsync(server.Database, [.. file.Devices.Take(settings.Devices)], prune: false, dryRun: false, run.Stop);
        server.Hints.Send(HintTopics.Polling);
    }

    private async Task WatchAsync(Server server, DemoState state)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(run.Stop);
        try
        {
            await ArmedAsync(server, stop.Token);
            if (settings.Seconds is { } seconds)
            {
                _ = EndAfterAsync(stop, TimeSpan.FromSeconds(seconds));
            }

            if (run.IsJson)
            {
                await server.Broken.WaitAsync(stop.Token);
            }
            else if (run.Shell.IsTerminal)
            {
                await run.Shell.OpenConsole().Live(DemoView.Draw(state.Look())).StartAsync(async live =>
                {
                    await EachAsync(server, _look, () => live.UpdateTarget(DemoView.Draw(state.Look())), stop.Token);
                });
            }
            else
            {
                await EachAsync(server, TimeSpan.FromSeconds(1), () => run.Say(DemoView.Line(state.Look())), stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // The time is over, or Ctrl-C: both are how a demo ends.
        }
        finally
        {
            await stop.CancelAsync();
        }
    }

    /// <summary>The time of a demo counts from when its meters are polled.</summary>
    private async Task ArmedAsync(Server server, CancellationToken stop)
    {
        var started = run.Time.GetTimestamp();
        using var timer = new PeriodicTimer(TimeSpan.FromMilliseconds(20), run.Time);
        while (server.Poller!.State.Groups < settings.Devices && run.Time.GetElapsedTime(started) < _armTimeout && !server.Broken.IsCompleted)
        {
            await timer.WaitForNextTickAsync(stop);
        }

        server.Poller.ResetDistributions();
    }

    private async Task EndAfterAsync(CancellationTokenSource stop, TimeSpan after)
    {
        try
        {
            await Task.Delay(after, run.Time, stop.Token);
            await stop.CancelAsync();
        }
        catch (OperationCanceledException)
        {
            // It ended before.
        }
    }

    private async Task EachAsync(Server server, TimeSpan every, Action show, CancellationToken stop)
    {
        using var timer = new PeriodicTimer(every, run.Time);
        while (!server.Broken.IsCompleted)
        {
            await timer.WaitForNextTickAsync(stop);
            show();
        }
    }

    private int Conclude(Validation proof, PollerState state, string file)
    {
        long Count(string outcome) => proof.Outcomes.GetValueOrDefault(outcome);
        var duplicates = proof.Duplicates + proof.Overlaps;
        run.Say("");
        run.Say($"expected {proof.Expected:N0} slots, recorded {proof.Recorded:N0}: ok {Count("ok"):N0}, partial {Count("partial"):N0}, failed {Count("failed"):N0}, missed {Count("missed"):N0}, duplicates {duplicates:N0}");
        run.Say($"lateness p50 {state.LatenessP50Ms ?? 0:0.##} ms, p99 {state.LatenessP99Ms ?? 0:0.##} ms; {state.Points:N0} values stored");
        run.Say(proof.IsClean ? "Every slot is accounted for, once." : "The ledger does not agree with the plans.");
        if (settings.Keep)
        {
            run.Say($"The database is kept. Look into it: rondo polling validate --database sqlite:{file}");
        }

        run.WriteJson(new
        {
            proof.Expected,
            proof.Recorded,
            ok = Count("ok"),
            partial = Count("partial"),
            failed = Count("failed"),
            missed = Count("missed"),
            duplicates,
            lateness_p50_ms = Math.Round(state.LatenessP50Ms ?? 0, 3),
            lateness_p99_ms = Math.Round(state.LatenessP99Ms ?? 0, 3),
        });
        return proof.IsClean ? ExitCode.Ok : ExitCode.Problem;
    }
}
