using System.Globalization;

namespace Rondo.Bench;

/// <summary>A server that starts on a database full of devices: how soon everything has its next slot, and that nothing is missed from then on.</summary>
internal static class ArmBench
{
    public static async Task<int> RunAsync(Settings settings)
    {
        await using var simulators = await SimulatorFleet.StartAsync(settings.Devices);
        await using var database = await BenchDatabase.CreateAsync(settings, Meters.Of(simulators.Endpoints, settings.Points, settings.Interval));
        await using var server = await MeasuredFleet.StartAsync(database, settings.Devices);
        var armed = (await server.MarkAsync()).Now;
        Report.Say(string.Create(CultureInfo.InvariantCulture, $"armed after {server.ArmedMs:0} ms; polling {settings.Interval + 2} s to see every device once"));
        await Task.Delay(TimeSpan.FromSeconds(settings.Interval + 2));
        var end = await server.LookAsync();
        var use = end.Uses[0];
        await server.StopAsync();
        var facts = await database.ReadAsync(tx => LedgerFacts.Read(tx, armed, end.Now));
        if (facts.Why.Length > 0)
        {
            Report.Say($"not ok after it: {facts.Why}");
        }

        await database.ProveAsync(end.Now);
        Report.Finish("arm", settings, new
        {
            ArmedMs = server.ArmedMs,
            StartedMs = server.StartedMs,
            Missed = facts.Missed,
            facts.Failed,
            facts.Ok,
            facts.LatenessP50Ms,
            facts.LatenessP99Ms,
            facts.LatenessMaxMs,
            RssMb = use.ResidentMb,
            PeakRssMb = use.PeakMb,
            Database = Report.Name(settings.Database),
            settings.Devices,
            IntervalS = settings.Interval,
            Report.Commit,
        });
        return 0;
    }
}
