using System.Globalization;
using System.Net;
using Rondo.Polling.Configuration;

namespace Rondo.Bench;

/// <summary>
/// The devices that are polled: SDM630 meters, one behind each gateway, with the first points of their profile. Up to 18 are neighbours: one request.
/// </summary>
internal static class Meters
{
    public static int MostPoints => Profiles.Find("sdm630")!.Points.Count;

    /// <param name="gateways">Where they are.</param>
    /// <param name="points">Points of each.</param>
    /// <param name="intervalSeconds">Time between two polls.</param>
    /// <param name="isAligned">Polled all at once at the full interval, instead of spread over it.</param>
    public static IReadOnlyList<DeviceSpec> Of(IReadOnlyList<IPEndPoint> gateways, int points, int intervalSeconds, bool isAligned = false)
    {
        var names = Profiles.Find("sdm630")!.Points.Select(point => point.Point.Name).Take(points);
        var text = string.Create(CultureInfo.InvariantCulture, $"""
            devices:
              - name: meter
                address: 127.0.0.1:502
                unit: 1
                profile: sdm630
                interval: {intervalSeconds}s
                align: {(isAligned ? "true" : "false")}
                points: [{string.Join(", ", names)}]
            """);
        var file = DeviceFile.Parse(text, "meter.yaml");
        if (!file.IsGood)
        {
            throw new BenchFault(string.Join('\n', file.Mistakes));
        }

        return [.. gateways.Select((gateway, index) => file.Devices[0] with { Name = $"meter-{index:00000}", Address = gateway.ToString() })];
    }
}
