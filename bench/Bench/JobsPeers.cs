using System.Diagnostics;
using System.Text.Json;

namespace Rondo.Bench;

/// <summary>
/// Other queues, measured in turn with this one on the same servers, by the scripts that bench/run copied beside them. A script says what it found as one JSON
/// object a line: peer, variant, metric, value.
/// </summary>
internal sealed class JobsPeers(string folder, IReadOnlyList<string> names)
{
    private static readonly TimeSpan _patience = TimeSpan.FromMinutes(10);

    private static readonly Dictionary<string, string> _metrics = new(StringComparer.Ordinal)
    {
        ["noop_per_s"] = "jobs_per_s",
        ["enqueue_single_c10_per_s"] = "enqueue_single_per_s",
        ["enqueue_single_p10_per_s"] = "enqueue_single_per_s",
        ["enqueue_bulk1000_per_s"] = "enqueue_bulk_per_s",
        ["enqueue_bulk500_per_s"] = "enqueue_bulk_per_s",
        ["latency_p50_ms"] = "pickup_p50_ms",
        ["latency_p99_ms"] = "pickup_p99_ms",
        ["noop_rss_mib"] = "rss_busy_mb",
        ["idle_rss_mib"] = "rss_idle_mb",
    };

    private readonly SortedDictionary<string, Dictionary<string, List<double>>> _found = new(StringComparer.Ordinal);

    /// <summary>Those that bench/run made ready; null for none.</summary>
    public static JobsPeers? Ready() => Environment.GetEnvironmentVariable("RONDO_BENCH_PEERS") is { Length: > 0 } folder
        ? new JobsPeers(folder, (Environment.GetEnvironmentVariable("RONDO_BENCH_PEER_NAMES") ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries))
        : null;

    /// <summary>Each of them once. One that cannot be measured here is said and left out.</summary>
    public async Task MeasureAsync()
    {
        foreach (var name in names)
        {
            Report.Say($"measuring {name}");
            var results = Path.Combine(folder, $"{name}.{Guid.NewGuid():N}.jsonl");
            var start = new ProcessStartInfo(Path.Combine(folder, name, "run.sh")) { WorkingDirectory = folder, RedirectStandardOutput = true, UseShellExecute = false };
            start.Environment["RUNS"] = "1";
            start.Environment["RESULTS"] = results;
            using var script = Process.Start(start)!;
            var words = script.StandardOutput.ReadToEndAsync();
            try
            {
                await script.WaitForExitAsync().WaitAsync(_patience);
            }
            catch (TimeoutException)
            {
                script.Kill(entireProcessTree: true);
            }

            await words;
            if (script.ExitCode != 0)
            {
                Report.Say($"{name} could not be measured (code {script.ExitCode})");
            }

            foreach (var line in File.Exists(results) ? File.ReadLines(results) : [])
            {
                Take(JsonSerializer.Deserialize<Found>(line, Names)!);
            }
        }
    }

    /// <summary>The median of each figure, by peer and variant.</summary>
    public SortedDictionary<string, Dictionary<string, double>> Medians()
    {
        var medians = new SortedDictionary<string, Dictionary<string, double>>(StringComparer.Ordinal);
        foreach (var (who, figures) in _found)
        {
            medians[who] = figures.ToDictionary(f => f.Key, f => f.Value.Order().ElementAt(f.Value.Count / 2));
        }

        return medians;
    }

    private static readonly JsonSerializerOptions Names = new() { PropertyNameCaseInsensitive = true };

    private void Take(Found found)
    {
        if (!_metrics.TryGetValue(found.Metric, out var metric))
        {
            return;
        }

        var who = found.Variant == "-" ? found.Peer : $"{found.Peer} {found.Variant}";
        if (!_found.TryGetValue(who, out var figures))
        {
            _found[who] = figures = new(StringComparer.Ordinal);
        }

        if (!figures.TryGetValue(metric, out var values))
        {
            figures[metric] = values = [];
        }

        values.Add(found.Value);
    }

    private sealed record Found(string Peer, string Variant, string Metric, double Value);
}
