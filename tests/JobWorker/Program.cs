using System.Globalization;
using System.Runtime.InteropServices;
using Rondo.Jobs;
using Rondo.JobWorker;

// DATABASE [WORKERS [STOP_PATIENCE_MS]]: runs jobs until SIGTERM.
var workers = args.Length > 1 ? int.Parse(args[1], CultureInfo.InvariantCulture) : 8;
var patience = TimeSpan.FromMilliseconds(args.Length > 2 ? int.Parse(args[2], CultureInfo.InvariantCulture) : 5_000);
var settings = new JobHostSettings
{
    Log = new LineLog(),
    Jobs = new JobsOptions { Queues = new Dictionary<string, int> { ["default"] = workers }, StopPatience = patience, PollInterval = TimeSpan.FromMilliseconds(500) },
};
var asked = new TaskCompletionSource();
using var terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal =>
{
    signal.Cancel = true;
    asked.TrySetResult();
});
await using var host = await JobHost.StartAsync(args[0], database => new JobHandlers().Add(EffectArgs.Kind, new EffectHandler(database), EffectArgs.Options), settings);
Console.WriteLine($"ready {host.Node}");
if (await Task.WhenAny(asked.Task, host.Broken) == host.Broken)
{
    Console.WriteLine($"broken: {await host.Broken}");
    return 70;
}

await host.StopAsync();
Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"stopped finished={host.State!.Finished} refused={host.State.Refused}"));
return 0;
