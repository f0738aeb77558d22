using System.Diagnostics;
using Rondo.Drivers;
using Rondo.Drivers.Modbus;
using Rondo.Polling;
using Rondo.Polling.Configuration;
using Rondo.Polling.Ledger;
using Rondo.Polling.Runtime;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>The product's own writer with nothing around it: full batches, one after the other, durable.</summary>
internal static class LedgerFloor
{
    public const int BatchSize = 1_000;
    private const int Batches = 60;
    private const string Owner = "bench";

    private static readonly Sql Own = new("bench.own", "update endpoint set owner = @owner, lease_no = 1");

    private static readonly Sql Plans = new("bench.plans", """
        select g.id, g.source_id, p.no, p.from_at, p.interval_us, p.phase_us, d.endpoint_id
        from poll_group g join device d on d.id = g.device_id join poll_plan p on p.group_id = g.id order by g.id
        """);

    public static async Task<(double PollsPerS, double CpuUsPerPoll)> MeasureAsync(Settings settings, IReadOnlyList<DeviceSpec> meters)
    {
        await using var made = await BenchDatabase.CreateAsync(settings, meters);
        await using var database = Database.Open(made.Address, DatabaseUse.Server, TimeProvider.System);
        await Upkeep.PrepareAsync(database, new PollingOptions(), CancellationToken.None);
        var rows = await database.WriteAsync("bench.own", tx =>
        {
            tx.Execute(Own, new { owner = Owner });
            return tx.Query<Row>(Plans);
        });
        var points = meters[0].Groups[0].Points;
        var plan = ModbusReadPlan.Build(meters[0].Modbus, [.. points.Select(point => point.Modbus)]);
        var batch = rows.ConvertAll(row => Outcome(row, plan, points));
        var writer = LedgerWriter.For(settings.Database);
        var from = 0L;
        var cpu = TimeSpan.Zero;
        const int WarmUp = 10;
        for (var round = 0; round < WarmUp + Batches; round++)
        {
            if (round == WarmUp)
            {
                from = Stopwatch.GetTimestamp();
                cpu = Environment.CpuUsage.TotalTime;
            }

            database.Write("bench.record", tx =>
            {
                writer.Record(tx, Owner, batch, []);
                return true;
            });
            foreach (var outcome in batch)
            {
                if (outcome.Verdict != Verdict.Recorded)
                {
                    throw new BenchFault($"the ledger refused a row: {outcome.Verdict}");
                }

                outcome.Slot += outcome.Plan.Interval;
            }
        }

        var polls = (double)Batches * batch.Count;
        return (polls / Stopwatch.GetElapsedTime(from).TotalSeconds, (Environment.CpuUsage.TotalTime - cpu).TotalMicroseconds / polls);
    }

    private static PollOutcome Outcome(Row row, ReadPlan read, IReadOnlyList<PointSpec> points)
    {
        var plan = new Plan(row.No, row.FromAt.Micros, Plan.Open, row.IntervalUs, row.PhaseUs);
        var device = new ArmedDevice(row.Id, "meter", new Breaker(3, 1, 1, new Random(1)));
        var outcome = new PollOutcome
        {
            Group = new ArmedGroup(row.Id, device, null!),
            Shape = new GroupShape
            {
                SourceId = row.SourceId,
                Plan = read,
                Ordinals = [.. Enumerable.Range(0, points.Count)],
                Width = points.Count,
                PointNames = [.. points.Select(point => point.Name)],
                Units = [.. points.Select(point => point.Unit)],
            },
            EndpointId = row.EndpointId,
            LeaseNo = 1,
            Plan = plan,
            Slot = plan.FirstFrom(plan.From)!.Value,
            LatenessUs = 1_234,
            DurationUs = 567,
        };
        outcome.Result.Reset(points.Count);
        for (var i = 0; i < points.Count; i++)
        {
            outcome.Result.Values[i] = Math.Round(230.1 + (i * 1.7), 1);
            outcome.Result.Faults[i] = ReadFault.None;
        }

        return outcome;
    }

    private sealed class Row
    {
        public long Id { get; init; }

        public long SourceId { get; init; }

        public int No { get; init; }

        public Instant FromAt { get; init; }

        public long IntervalUs { get; init; }

        public long PhaseUs { get; init; }

        public long EndpointId { get; init; }
    }
}
