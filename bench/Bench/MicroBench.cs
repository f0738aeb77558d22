using System.Buffers.Text;
using System.Diagnostics;
using System.Globalization;
using System.Net;
using Rondo.Drivers.Modbus;
using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>The parts alone: what a poll costs at the least, without sockets, tasks and schedules.</summary>
internal static class MicroBench
{
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(Settings settings)
    {
        var endpoints = Enumerable.Range(0, 1_000).Select(index => new IPEndPoint(IPAddress.Loopback, 20_000 + index)).ToArray();
        var meters = Meters.Of(endpoints, settings.Points, 1);
        var points = meters[0].Groups[0].Points;
        var floor = await LedgerFloor.MeasureAsync(settings, meters);
        Report.Finish("micro", settings, new
        {
            DecodeNsPerPoint = Decode(points) / points.Count,
            JsonNsPerPoint = Json(points.Count) / points.Count,
            LedgerPollsPerS = floor.PollsPerS,
            LedgerCpuUsPerPoll = floor.CpuUsPerPoll,
            BatchSize = LedgerFloor.BatchSize,
            Database = Report.Name(settings.Database),
            settings.Points,
            Report.Commit,
        });
        return 0;
    }

    private static double Decode(IReadOnlyList<PointSpec> points)
    {
        var registers = new byte[4];
        RegisterCodec.WriteRaw(BitConverter.SingleToUInt32Bits(230.1f), ModbusType.Float32, ModbusOrder.ABCD, registers);
        var sum = 0.0;
        var cost = Nanoseconds(() =>
        {
            foreach (var point in points)
            {
                RegisterCodec.Decode(point.Modbus, registers, default, out var value);
                sum += value;
            }
        });
        return sum > 0 ? cost : throw new BenchFault("nothing was decoded");
    }

    private static double Json(int points)
    {
        var buffer = new byte[points * 32];
        var values = Enumerable.Range(0, points).Select(index => Math.Round(230.1 + (index * 1.7), 1)).ToArray();
        return Nanoseconds(() =>
        {
            var length = 0;
            foreach (var value in values)
            {
                Utf8Formatter.TryFormat(value, buffer.AsSpan(length), out var written);
                length += written;
            }
        });
    }

    private static double Nanoseconds(Action work)
    {
        // The first second is for the compiler.
        for (var pass = 0; ; pass++)
        {
            var rounds = 0L;
            var from = Stopwatch.GetTimestamp();
            while (Stopwatch.GetElapsedTime(from) < Long)
            {
                for (var i = 0; i < 1_000; i++)
                {
                    work();
                }

                rounds += 1_000;
            }

            if (pass == 1)
            {
                return Stopwatch.GetElapsedTime(from).TotalNanoseconds / rounds;
            }
        }
    }
}
