using System.Diagnostics;

namespace Rondo.Bench;

/// <summary>One fan-out against one server: what arrived, how late, and what it cost the server.</summary>
internal sealed record LiveRun
{
    // Less than a client's queue may hold (1 MiB), so that whoever stays behind at saturation is not closed for it.
    private const long MostWaiting = 700_000;
    private const int EnvelopeBytes = 230;
    private const int SaturatedSeconds = 10;
    private const int SaturatedPerS = 200_000;
    private static readonly TimeSpan _patience = TimeSpan.FromSeconds(10);

    public required double DeliveredPerS { get; init; }

    public required double OfferedPerS { get; init; }

    public required long Missing { get; init; }

    public required double P50Ms { get; init; }

    public required double P99Ms { get; init; }

    public required double CpuUs { get; init; }

    public double KbPerClient { get; init; }

    public double SaturatedDeliveredPerS { get; init; }

    public double SaturatedCpuUs { get; init; }

    /// <summary>The whole of it: memory for a client, then the rate that was asked for, then more than can be done.</summary>
    public static async Task<LiveRun> MeasureAsync(LiveTarget target, Settings settings)
    {
        await using var clients = new LiveClients(target);
        var perClient = await ConnectAsync(target, clients, settings.Clients);
        await FanOutAsync(target, clients, settings, settings.Rate, settings.Warmup);
        var run = await FanOutAsync(target, clients, settings, settings.Rate, settings.Seconds);

        var rate = Math.Max(settings.Rate, SaturatedPerS / settings.Clients);
        var most = (int)(MostWaiting / (settings.Size + EnvelopeBytes));
        var seconds = Math.Clamp(Math.Min(settings.Seconds, most / rate), 1, SaturatedSeconds);
        var saturated = await FanOutAsync(target, clients, settings, Math.Min(rate, most), seconds);
        return run with
        {
            KbPerClient = perClient, Missing = run.Missing + saturated.Missing, SaturatedDeliveredPerS = saturated.DeliveredPerS, SaturatedCpuUs = saturated.CpuUs,
        };
    }

    /// <summary>Connects them; memory of the server for one, KiB in RAM.</summary>
    public static async Task<double> ConnectAsync(LiveTarget target, LiveClients clients, int count)
    {
        // Some first, so that what is made once is not counted for each.
        var some = Math.Min(100, count / 2);
        await clients.ConnectAsync(some);
        await target.CollectAsync();
        var before = target.Use.ResidentMb;
        await clients.ConnectAsync(count - some);
        await target.CollectAsync();
        Report.Say($"{clients.Count} clients are connected");
        return (target.Use.ResidentMb - before) * 1024 / (count - some);
    }

    /// <summary>Publishes for so long, and waits until everything has arrived, or for 10 s after the last one.</summary>
    public static async Task<LiveRun> FanOutAsync(LiveTarget target, LiveClients clients, Settings settings, int rate, int seconds)
    {
        var earlier = clients.Delivered;
        var cpu = target.Use.CpuSeconds;
        var began = Stopwatch.GetTimestamp();
        var sent = await target.PublishAsync(rate, seconds, settings.Size);
        var readers = clients.Reading;
        var expected = (long)readers * sent.Length;
        var ended = Stopwatch.GetTimestamp();
        while (clients.Delivered - earlier < expected && Stopwatch.GetElapsedTime(ended) < _patience)
        {
            await Task.Delay(10);
        }

        var used = target.Use.CpuSeconds - cpu;
        var late = new List<double>();
        var last = began;
        foreach (var (number, at) in clients.Received)
        {
            if (at >= began)
            {
                late.Add((at - sent[number]) * 1e3 / Stopwatch.Frequency);
                last = Math.Max(last, at);
            }
        }

        late.Sort();
        var took = Math.Max(Stopwatch.GetElapsedTime(sent[0], last).TotalSeconds, sent.Length / (double)rate);
        return new LiveRun
        {
            DeliveredPerS = late.Count / took,
            OfferedPerS = rate * (double)readers,
            Missing = expected - late.Count,
            P50Ms = At(late, 0.5),
            P99Ms = At(late, 0.99),
            CpuUs = late.Count > 0 ? used * 1e6 / late.Count : 0,
        };
    }

    public static double At(List<double> sorted, double share) => sorted.Count == 0 ? 0 : sorted[Math.Min(sorted.Count - 1, (int)(sorted.Count * share))];

    public static double Median(IEnumerable<double> values) => values.Order().ToArray() is { Length: > 0 } sorted ? sorted[sorted.Length / 2] : 0;
}
