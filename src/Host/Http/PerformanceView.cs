using Rondo.Metrics;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>How long something took.</summary>
/// <param name="Count">How often.</param>
/// <param name="P50Ms">Half of the times are no longer; null without any.</param>
/// <param name="P95Ms">95 % are no longer.</param>
/// <param name="P99Ms">99 % are no longer.</param>
internal sealed record Percentiles(long Count, double? P50Ms, double? P95Ms, double? P99Ms)
{
    public static Percentiles Of(TimingCounts counts) => new(counts.Count, Ms(counts, 0.5), Ms(counts, 0.95), Ms(counts, 0.99));

    private static double? Ms(TimingCounts counts, double fraction) => counts.Percentile(fraction) is { } seconds ? Math.Round(seconds * 1_000, 3) : null;
}

/// <summary>One endpoint or loop.</summary>
/// <param name="Name">Method and path of the endpoint, as the API is described; or the loop.</param>
/// <param name="Window">Of the last five to six minutes.</param>
/// <param name="Total">Since the start of the node.</param>
internal sealed record TimesOf(string Name, Percentiles Window, Percentiles Total);

/// <summary>How long things take, for people and programs without a Prometheus. Percentiles are right within a quarter.</summary>
/// <param name="At">Database time of the answer.</param>
/// <param name="Node">The node that answers.</param>
/// <param name="UptimeS">Seconds since its start.</param>
/// <param name="WindowS">What a window holds: so many seconds, and up to a minute more; less while the node is younger.</param>
/// <param name="Endpoints">Requests by endpoint, the slowest first; those that lead nowhere are <c>none</c>.</param>
/// <param name="Loops">Passes of background loops, by name.</param>
internal sealed record PerformanceView(Instant At, string Node, double UptimeS, double WindowS, IReadOnlyList<TimesOf> Endpoints, IReadOnlyList<TimesOf> Loops);
