using System.Diagnostics.Metrics;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;
using Rondo.Loops;
using Rondo.Metrics;
using Metric = Rondo.Metrics.Metric;
using MetricPoint = Rondo.Metrics.MetricPoint;

namespace Rondo.Host.Metrics;

/// <summary>
/// Sends metrics to a collector by OTLP (protobuf over HTTP), and the spans of every activity source whose name begins with <c>Rondo</c>. Only made when it is wanted: without it no
/// instrument exists. The loop finds durations that are new, for which OpenTelemetry keeps books of its own.
/// </summary>
internal sealed class Otlp : Loop, IDisposable
{
    /// <summary>Name of the meter, and what names of activity sources begin with.</summary>
    public const string Source = "Rondo";

    private static readonly TimeSpan _often = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan _sameScrape = TimeSpan.FromMilliseconds(500);
    private readonly Server _server;
    private readonly Meter _meter = new(Source, Server.Version);
    private readonly Dictionary<Metric, Histogram<double>> _histograms = [];
    private readonly List<Timing> _mirrored = [];
    private readonly Lock _gate = new();
    private readonly MeterProvider _metrics;
    private readonly TracerProvider _traces;
    private Dictionary<Metric, IReadOnlyList<MetricPoint>> _read = [];
    private long? _readAt;

    /// <summary>Begins to send.</summary>
    /// <param name="server">Whose numbers.</param>
    /// <param name="options">Where to, and how often; its collector is set.</param>
    public Otlp(Server server, MetricsOptions options)
        : base("metrics.otlp", server.Time)
    {
        _server = server;
        foreach (var metric in RondoMetrics.All)
        {
            Define(metric);
        }

        var resource = ResourceBuilder.CreateEmpty().AddService("rondo", serviceVersion: Server.Version, serviceInstanceId: server.Node.Id)
            .AddAttributes([new("host.name", server.Node.Row.Host), new("process.pid", (long)server.Node.Row.Pid)]);
        _metrics = Sdk.CreateMeterProviderBuilder().SetResourceBuilder(resource).AddMeter(Source)
            .AddOtlpExporter((exporter, reader) =>
            {
                Aim(exporter, options, "v1/metrics");
                reader.PeriodicExportingMetricReaderOptions.ExportIntervalMilliseconds = (int)options.OtlpEvery.TotalMilliseconds;
                reader.PeriodicExportingMetricReaderOptions.ExportTimeoutMilliseconds = (int)Math.Min(10_000, options.OtlpEvery.TotalMilliseconds);
                reader.TemporalityPreference = MetricReaderTemporalityPreference.Cumulative;
            })
            .Build();
        _traces = Sdk.CreateTracerProviderBuilder().SetResourceBuilder(resource).AddSource(Source, Source + ".*")
            .AddOtlpExporter(exporter => Aim(exporter, options, "v1/traces"))
            .Build();
    }

    /// <summary>Sends what has not been sent yet, bounded, and ends.</summary>
    public void Dispose()
    {
        _mirrored.ForEach(cell => cell.Mirror = null);
        _metrics.Shutdown(2_000);
        _traces.Shutdown(2_000);
        _metrics.Dispose();
        _traces.Dispose();
        _meter.Dispose();
    }

    /// <inheritdoc/>
    protected override async ValueTask<TimeSpan> RunOnceAsync(CancellationToken stop)
    {
        foreach (var family in await _server.Numbers.ReadAsync(stop).ConfigureAwait(false))
        {
            if (!_histograms.TryGetValue(family.Metric, out var histogram))
            {
                continue;
            }

            foreach (var point in family.Points)
            {
                if (point.Cell is { Mirror: null } cell)
                {
                    var tags = Tags(family.Metric, point);
                    cell.Mirror = seconds => histogram.Record(seconds, tags);
                    _mirrored.Add(cell);
                }
            }
        }

        return _often;
    }

    private static void Aim(OtlpExporterOptions exporter, MetricsOptions options, string path)
    {
        exporter.Protocol = OtlpExportProtocol.HttpProtobuf;
        exporter.Endpoint = new Uri(options.Otlp!.ToString().TrimEnd('/') + "/" + path);
        exporter.Headers = options.OtlpHeaders;
        exporter.TimeoutMilliseconds = 10_000;
    }

    private static KeyValuePair<string, object?>[] Tags(Metric metric, MetricPoint point) =>
        [.. metric.Labels.Zip(point.Labels).Where(pair => pair.Second.Length > 0).Select(pair => new KeyValuePair<string, object?>(pair.First, pair.Second))];

    private void Define(Metric metric)
    {
        var unit = metric.Unit switch { "seconds" => "s", "bytes" => "By", "ratio" => "1", _ => null };
        switch (metric.Kind)
        {
            case MetricKind.Counter:
                _meter.CreateObservableCounter<double>(metric.Family, () => Measure(metric), unit, metric.Help);
                break;
            case MetricKind.Histogram:
                _histograms[metric] = _meter.CreateHistogram(metric.Family, unit, metric.Help, tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = metric.Bounds });
                break;
            default:
                _meter.CreateObservableGauge<double>(metric.Name, () => Measure(metric), unit, metric.Help);
                break;
        }
    }

    private List<Measurement<double>> Measure(Metric metric) => [.. Points(metric).Select(p => new Measurement<double>(p.Value, Tags(metric, p)))];

    /// <summary>All instruments of one export see one moment; asked by the exporter's own thread.</summary>
    private IReadOnlyList<MetricPoint> Points(Metric metric)
    {
        lock (_gate)
        {
            if (_readAt is not { } at || _server.Time.GetElapsedTime(at) >= _sameScrape)
            {
                _read = _server.Numbers.ReadAsync(CancellationToken.None).GetAwaiter().GetResult().ToDictionary(f => f.Metric, f => f.Points);
                _readAt = _server.Time.GetTimestamp();
            }

            return _read[metric];
        }
    }
}
