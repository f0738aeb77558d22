namespace Rondo.Live;

/// <summary>Bounds of the log and of the feed.</summary>
public sealed record LiveOptions
{
    /// <summary>Most events that are kept. Default 100,000.</summary>
    public int KeepEvents { get; init; } = 100_000;

    /// <summary>How long an event is kept. Default 24 hours.</summary>
    public TimeSpan KeepFor { get; init; } = TimeSpan.FromHours(24);
}
