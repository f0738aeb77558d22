using Rondo.Host.Metrics;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Settings;

/// <summary>What can be set of metrics.</summary>
internal static class MetricsSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("metrics.slow_statement", _ => Durations.Show(new MetricsOptions().SlowStatement), "a statement that takes longer goes to the log with who blocked it; none for never", (draft, text) =>
        {
            if (text == Setting.None)
            {
                draft.Metrics = draft.Metrics with { SlowStatement = TimeSpan.Zero };
                return null;
            }

            return Span(text, TimeSpan.FromMilliseconds(1), span => draft.Metrics = draft.Metrics with { SlowStatement = span });
        }),
        new("metrics.otlp", _ => Setting.None, "a collector that metrics and traces are sent to by OTLP over HTTP, such as http://127.0.0.1:4318, or none", (draft, text) =>
        {
            var isUri = Uri.TryCreate(text, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0 && uri.Query.Length == 0;
            draft.Metrics = draft.Metrics with { Otlp = isUri ? uri : null };
            return isUri || text == Setting.None ? null : "it is no address of a collector; expected one such as http://127.0.0.1:4318 (keys belong into metrics.otlp_headers), or none";
        }),
        new("metrics.otlp_headers", _ => Setting.None, "headers for the collector, name=value with commas, or none; best given by RONDO_METRICS_OTLP_HEADERS", (draft, text) =>
        {
            draft.Metrics = draft.Metrics with { OtlpHeaders = text == Setting.None ? null : text };
            return text == Setting.None || text.Split(',').All(h => h.IndexOf('=', StringComparison.Ordinal) > 0) ? null : "expected name=value, several with commas, or none";
        })
        {
            Mask = (_, text) => text == Setting.None ? Setting.None : "***",
        },
        new("metrics.otlp_every", _ => Durations.Show(new MetricsOptions().OtlpEvery), "how often metrics are sent to the collector", (draft, text) =>
            Span(text, TimeSpan.FromSeconds(1), span => draft.Metrics = draft.Metrics with { OtlpEvery = span })),
    ];

    private static string? Span(string text, TimeSpan least, Action<TimeSpan> take)
    {
        if (Durations.TryParse(text, out var span) && span >= least && span <= TimeSpan.FromHours(1))
        {
            take(span);
            return null;
        }

        return $"'{text}' is no duration from {Durations.Show(least)} to 1h; expected such as 500ms, 10s";
    }
}
