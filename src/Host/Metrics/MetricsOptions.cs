namespace Rondo.Host.Metrics;

/// <summary>What can be set of metrics.</summary>
internal sealed record MetricsOptions
{
    /// <summary>A statement that takes longer goes to the log, with who blocked it. Default 500 ms; zero for never. 1 ms to 1 h.</summary>
    public TimeSpan SlowStatement { get; init; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Where metrics and traces are sent by OTLP over HTTP: the collector's base address, such as <c>http://127.0.0.1:4318</c>. Null, the default, sends nothing.</summary>
    public Uri? Otlp { get; init; }

    /// <summary>Headers of what is sent, <c>name=value</c> with commas, for collectors that want a key; null for none.</summary>
    public string? OtlpHeaders { get; init; }

    /// <summary>How often metrics are sent. Default 60 s; 1 s to 1 h.</summary>
    public TimeSpan OtlpEvery { get; init; } = TimeSpan.FromSeconds(60);
}
