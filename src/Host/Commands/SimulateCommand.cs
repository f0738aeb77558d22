using System.CommandLine;
using Rondo.Drivers.Modbus;
using Rondo.Simulators.Modbus;

namespace Rondo.Host.Commands;

/// <summary><c>rondo simulate modbus</c>.</summary>
internal static class SimulateCommand
{
    private const int MostShown = 10;

    // Memory for remembered arrivals, all gateways together: about 100 MB.
    private const int MostArrivals = 4_000_000;

    public static Command Create(Cli cli)
    {
        var gateways = new Option<int>("--gateways") { Description = "Gateways, each a TCP port of its own", DefaultValueFactory = _ => 1, HelpName = "N" };
        var units = new Option<int>("--units") { Description = "Units behind each gateway", DefaultValueFactory = _ => 1, HelpName = "N" };
        var basePort = new Option<int>("--base-port") { Description = "Port of the first gateway, the others follow; 0 takes free ones", DefaultValueFactory = _ => 0, HelpName = "PORT" };
        var framing = new Option<string>("--framing") { Description = "tcp, or rtu (serial frames over TCP)", DefaultValueFactory = _ => "tcp" }.AcceptOnlyFromAmong("tcp", "rtu");
        var model = new Option<string>("--model") { Description = "What every unit is", DefaultValueFactory = _ => "sdm630" }.AcceptOnlyFromAmong("sdm630", "blank");
        var seed = new Option<int>("--seed") { Description = "Decides values and chance", DefaultValueFactory = _ => 1, HelpName = "N" };
        var strict = new Option<bool>("--strict") { Description = "Refuse addresses the meter does not have (exception 2) instead of reading 0" };
        var maxRegisters = new Option<int>("--max-registers") { Description = "Most registers in one read", DefaultValueFactory = _ => 125, HelpName = "N" };
        var faults = new Option<string[]>("--fault") { Description = "A way to misbehave; may be given several times (see below)", HelpName = "SPEC", DefaultValueFactory = _ => [] };
        var devicesFile = new Option<string?>("--devices-file") { Description = "Write a device file for these endpoints", HelpName = "FILE" };
        var interval = new Option<string>("--interval") { Description = "Interval in that file", DefaultValueFactory = _ => "1s", HelpName = "TIME" };
        var points = new Option<int>("--points") { Description = "Points of each device in that file", DefaultValueFactory = _ => 10, HelpName = "N" };
        var arrivals = new Option<string?>("--arrivals") { Description = "At the end, write every request that arrived as CSV", HelpName = "FILE" };
        var seconds = new Option<double?>("--seconds") { Description = "Stop after that long", HelpName = "N" };
        var modbus = new Command("modbus", "Modbus gateways on loopback (real TCP) whose meters behave, or misbehave as told. With --json the first line tells the endpoints, the last one what was seen.")
        {
            gateways, units, basePort, framing, model, seed, strict, maxRegisters, faults, devicesFile, interval, points, arrivals, seconds,
        };
        cli.Act(
            modbus,
            run => SimulateAsync(
                run,
                new ModbusSimulatorOptions
                {
                    Gateways = run.Get(gateways),
                    Units = run.Get(units),
                    BasePort = run.Get(basePort),
                    Framing = run.Get(framing) == "rtu" ? ModbusFraming.Rtu : ModbusFraming.Tcp,
                    Model = run.Get(model) == "blank" ? SimulatedModel.Blank : SimulatedModel.Sdm630,
                    Seed = run.Get(seed),
                    StrictMap = run.Get(strict),
                    MaxRegisters = run.Get(maxRegisters),
                    ArrivalLog = run.Get(arrivals) is null ? 0 : Math.Clamp(MostArrivals / Math.Max(1, run.Get(gateways)), 100, 1_000_000),
                    Faults = [.. run.Get(faults)!.Select(Fault)],
                },
                run.Get(devicesFile) is { } file ? (file, TimeOptions.Span("--interval", run.Get(interval)!, TimeSpan.FromMilliseconds(100), TimeSpan.FromDays(7)), run.Get(points)) : null,
                run.Get(arrivals),
                run.Get(seconds)),
            [
                "rondo simulate modbus --gateways 10 --units 5 --devices-file sim.yaml",
                "rondo simulate modbus --base-port 5020 --fault delay=200ms,units=3-7 --fault exception=2,p=0.1",
                "",
                "faults for --fault, each followed by ,units=A-B ,gateways=A-B ,p=0..1 as wanted:",
                .. FaultName.All.Select(f => $"  {f.Name + f.Value,-26}{f.Meaning}"),
            ]);
        return new Command("simulate", "Simulated devices, for trying Rondo out and for tests") { modbus };
    }

    private static FaultSpec Fault(string text) =>
        FaultSpec.TryParse(text, out var spec, out var error) ? spec : throw new CommandFault(ExitCode.Misuse, $"--fault: {error}");

    private static async Task<int> SimulateAsync(
        Run run, ModbusSimulatorOptions options, (string File, TimeSpan Interval, int Points)? devices, string? arrivals, double? seconds)
    {
        if (options.Problems() is [_, ..] problems)
        {
            throw new CommandFault(ExitCode.Misuse, string.Join("\nrondo: ", problems));
        }

        if (seconds is not (null or (> 0 and <= 31_536_000)))
        {
            throw new CommandFault(ExitCode.Misuse, $"--seconds: {seconds} is out of range; expected more than 0, at most a year");
        }

        try
        {
            await using var simulator = await ModbusSimulator.StartAsync(options, run.Time, run.Stop);
            if (devices is { } wanted)
            {
                await File.WriteAllTextAsync(wanted.File, SimulatedDeviceFile.Write(simulator.Endpoints, options, wanted.Interval, wanted.Points), run.Stop);
            }

            Announce(run, simulator, options, devices?.File);
            await WaitAsync(run, seconds);
            if (arrivals is not null)
            {
                await WriteArrivalsAsync(arrivals, simulator);
            }

            Report(run, simulator, options);
            return ExitCode.Ok;
        }
        catch (SimulatorStartException fault)
        {
            throw new CommandFault(ExitCode.Problem, fault.Message);
        }
    }

    private static void Announce(Run run, ModbusSimulator simulator, ModbusSimulatorOptions options, string? file)
    {
        run.WriteJson(new { endpoints = simulator.Endpoints.Select(e => e.ToString()), options.Units, options.Framing, options.Model, devices_file = file });
        foreach (var endpoint in simulator.Endpoints.Take(MostShown))
        {
            run.Say($"listening on {endpoint}");
        }

        if (simulator.Endpoints.Count > MostShown)
        {
            run.Say($"and on {simulator.Endpoints.Count - MostShown} more");
        }

        run.Say($"Ready: {options.Gateways} gateways with {options.Units} units each. Ctrl-C stops.");
        run.Shell.Output.Flush();
    }

    private static async Task WaitAsync(Run run, double? seconds)
    {
        try
        {
            await Task.Delay(seconds is { } some ? TimeSpan.FromSeconds(some) : Timeout.InfiniteTimeSpan, run.Time, run.Stop);
        }
        catch (OperationCanceledException)
        {
            // Asked to stop: that is how a simulator ends.
        }
    }

    private static void Report(Run run, ModbusSimulator simulator, ModbusSimulatorOptions options)
    {
        var seen = simulator.Counters;
        var remembered = simulator.Gateways.Sum(g => (long)g.Arrivals().Count);
        run.Say($"{seen.Requests:N0} requests, {seen.Answers:N0} answers ({seen.Exceptions:N0} exceptions), {seen.Connections:N0} connections, {seen.Faults:N0} faults applied, {seen.BadFrames:N0} bad frames");
        if (options.ArrivalLog > 0 && remembered < seen.Requests)
        {
            run.Warn($"rondo: only the newest {remembered:N0} of {seen.Requests:N0} arrivals were remembered");
        }

        run.WriteJson(new
        {
            seen.Requests,
            seen.Answers,
            seen.Exceptions,
            seen.Connections,
            seen.Faults,
            seen.BadFrames,
            arrivals = options.ArrivalLog > 0 ? remembered : (long?)null,
        });
    }

    private static async Task WriteArrivalsAsync(string file, ModbusSimulator simulator)
    {
        await using var csv = new StreamWriter(file);
        await csv.WriteLineAsync("gateway,endpoint,at,at_us,unit,function,address,count");
        foreach (var gateway in simulator.Gateways)
        {
            foreach (var arrival in gateway.Arrivals())
            {
                var at = Storage.Instant.From(arrival.At);
                await csv.WriteLineAsync($"{gateway.Number},{gateway.Endpoint},{at},{at.Micros},{arrival.Unit},{arrival.Function},{arrival.Address},{arrival.Count}");
            }
        }
    }
}
