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

    /// <summary>Most categories and metrics of one look, and most devices: beyond, everything is read, which costs less than asking for so many (and whoever tells it knows who has which topic).</summary>
    internal const int MostNames = 500, MostDevices = 10_000;

    /// <summary>Those of a list of topics, or more than these.</summary>
    public static ReadingsWanted Of(IReadOnlyCollection<string> topics)
    {
        var wanted = new ReadingsWanted(
            topics.Contains(Topics.Global),
            [.. topics.Select(Topics.DeviceOf).OfType<long>().Distinct()],
            [.. topics.Select(Topics.CategoryOf).OfType<string>().Distinct(StringComparer.Ordinal)],
            [.. topics.Select(Topics.MetricOf).OfType<string>().Distinct(StringComparer.Ordinal)]);
        return wanted.All || wanted.Categories.Count + wanted.Metrics.Count > MostNames || wanted.Devices.Count > MostDevices ? new ReadingsWanted(true, [], [], []) : wanted;
    }
}

/// <summary>The newest committed readings; given by the module that stores them.</summary>
public interface INewestReadings
{
    /// <summary>Reads the newest of each source that is wanted, all of them, in pieces of a few thousand at most. One that is wanted for two reasons may come twice.</summary>
    IAsyncEnumerable<IReadOnlyList<DeviceReadings>> ReadAsync(Database database, ReadingsWanted wanted, CancellationToken stop);
}
