using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Whose newest readings are wanted.</summary>
/// <param name="All">True for all devices.</param>
/// <param name="Devices">These devices.</param>
/// <param name="Categories">All devices of these categories.</param>
/// <param name="Metrics">All devices that have one of these metrics.</param>
public sealed record ReadingsWanted(bool All, IReadOnlyList<long> Devices, IReadOnlyList<string> Categories, IReadOnlyList<string> Metrics)
{
    /// <summary>Only those that another node than this one collects; null for all.</summary>
    public string? NotOf { get; init; }

    /// <summary>Those of a list of topics.</summary>
    public static ReadingsWanted Of(IReadOnlyCollection<string> topics) => new(
        topics.Contains(Topics.Global),
        [.. topics.Select(Topics.DeviceOf).OfType<long>()],
        [.. topics.Select(Topics.CategoryOf).OfType<string>()],
        [.. topics.Select(Topics.MetricOf).OfType<string>()]);
}

/// <summary>The newest committed readings; given by the module that stores them.</summary>
public interface INewestReadings
{
    /// <summary>Reads the newest of each source that is wanted, at most 10,000 sources.</summary>
    Task<IReadOnlyList<DeviceReadings>> ReadAsync(Database database, ReadingsWanted wanted, CancellationToken stop);
}
