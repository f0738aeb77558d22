using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>The newest stored readings of poll groups, for whoever begins to listen and for those of other nodes.</summary>
public sealed class NewestReadings : INewestReadings
{
    /// <inheritdoc/>
    public Task<IReadOnlyList<DeviceReadings>> ReadAsync(Database database, ReadingsWanted wanted, CancellationToken stop) => database.ReadAsync("live.newest", tx => Read(tx, wanted), stop);

    private static IReadOnlyList<DeviceReadings> Read(Transaction tx, ReadingsWanted wanted)
    {
        var rows = new Dictionary<long, NewestRow>();
        if (wanted.All)
        {
            Add(rows, NewestStore.All(tx, wanted.NotOf));
        }
        else
        {
            if (wanted.Devices.Count > 0)
            {
                Add(rows, NewestStore.OfDevices(tx, wanted.Devices, wanted.NotOf));
            }

            foreach (var category in wanted.Categories)
            {
                Add(rows, NewestStore.OfCategory(tx, category, wanted.NotOf));
            }

            foreach (var metric in wanted.Metrics)
            {
                Add(rows, NewestStore.OfMetric(tx, metric, wanted.NotOf));
            }
        }

        var points = NewestStore.Points(tx, [.. rows.Values.Select(r => r.GroupId)]).ToLookup(p => p.GroupId);
        return [.. rows.Values.Select(r => Readings(r, [.. points[r.GroupId]]))];
    }

    private static void Add(Dictionary<long, NewestRow> rows, List<NewestRow> more)
    {
        foreach (var row in more.Take(NewestStore.Most - rows.Count))
        {
            rows[row.Source] = row;
        }
    }

    private static DeviceReadings Readings(NewestRow row, NewestPoint[] points)
    {
        var stored = JsonSerializer.Deserialize<double?[]>(row.Vals)!;
        return new DeviceReadings(
            row.DeviceId,
            row.Device,
            row.GroupName,
            row.At,
            [.. points.Select(p => p.Name)],
            [.. points.Select(p => p.Unit)],
            [.. points.Select(p => p.Ordinal < stored.Length ? stored[p.Ordinal] : null)])
        {
            Source = row.Source,
            Category = row.Category,
        };
    }
}
