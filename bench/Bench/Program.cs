using System.Globalization;
using Rondo.Bench;

CultureInfo.DefaultThreadCurrentCulture = CultureInfo.InvariantCulture;
try
{
    return args switch
    {
        ["polling", .. var rest] => await PollingBench.RunAsync(Settings.Read(rest)),
        ["arm", .. var rest] => await ArmBench.RunAsync(Settings.Read(rest, new Settings { Devices = 10_000, Interval = 10 })),
        ["coordination", .. var rest] => await CoordinationBench.RunAsync(Settings.Read(rest, CoordinationBench.Defaults)),
        ["jobs", .. var rest] => Settings.Read(rest) is { Snapshot: true } snapshot
            ? await SnapshotBench.RunAsync(snapshot)
            : await JobsBench.RunAsync(Settings.Read(rest)),
        ["live", .. var rest] => Settings.Read(rest, LiveBench.Defaults) switch
        {
            { Idle: true } idle => await LiveIdleBench.RunAsync(idle),
            { Stalled: > 0 } stalled => await LiveStalledBench.RunAsync(stalled),
            var fanOut => await LiveBench.RunAsync(fanOut),
        },
        ["api", .. var rest] => await ApiBench.RunAsync(Settings.Read(rest, ApiBench.Defaults)),
        ["imports", .. var rest] => await ImportsBench.RunAsync(Settings.Read(rest), Array.Exists(rest.ToArray(), word => word.StartsWith("--peers", StringComparison.Ordinal))),
        ["micro", .. var rest] => await MicroBench.RunAsync(Settings.Read(rest)),
        ["cluster-chaos", .. var rest] => await ChaosBench.RunAsync(Settings.Read(rest)),

        // Processes of their own, started by the verbs above.
        [SimulatorFleet.Verb, var gateways] => await SimulatorFleet.ServeAsync(int.Parse(gateways, CultureInfo.InvariantCulture)),
        [JobsWorker.Verb, var database] => await JobsWorker.ServeAsync(database),
        [ImportsWorker.Verb, var database, var folder] => await ImportsWorker.ServeAsync(database, folder),
        [MeasuredServer.Verb, var database] => await MeasuredServer.ServeAsync(database),
        [LiveServerProcess.Verb, var database, var tokens, var role] => await LiveServerProcess.ServeAsync(database, int.Parse(tokens, CultureInfo.InvariantCulture), role),
        _ => throw new BenchFault("see bench/run --help"),
    };
}
catch (BenchFault fault)
{
    await Console.Error.WriteLineAsync($"bench: {fault.Message}");
    return 1;
}
