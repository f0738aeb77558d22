using System.Runtime.CompilerServices;
using System.Text.Json;
using Rondo.Live;
using Rondo.Live.Feed;
using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>The newest stored readings of poll groups, for whoever begins to listen and for those of other nodes.</summary>
/// <param name="page">Most groups of one piece.</param>
public sealed class NewestReadings(int page = 2_000) : INewestReadings
{
    /// <inheritdoc/>
    public async IAsyncEnumerable<IReadOnlyList<DeviceReadings>> ReadAsync(Database database, ReadingsWanted wanted, [EnumeratorCancellation] CancellationToken stop)
    {
        foreach (var part in Parts(wanted))
        {
            var after = long.MinValue;
            int count;
            do
            {
                var (from, look) = (after, part);
                var rows = await database.ReadAsync("live.newest", tx => Read(tx, look, from, wanted.NotOf), stop).ConfigureAwait(false);
                count = rows.Count;
                if (count > 0)
                {
                    after = rows[^1].Group;
                    yield return rows.ConvertAll(r => r.Readings);
                }
            }
            while (count == page);
        }
    }

    /// <summary>One statement for each reason why something may be wanted, however many names there are.</summary>
    private static IEnumerable<Part> Parts(ReadingsWanted wanted)
    {
        if (wanted.All)
        {
            yield return new Part(NewestStore.All);
            yield break;
        }

        if (wanted.Devices.Count > 0)
        {
            yield return new Part(NewestStore.OfDevices, new IdList([.. wanted.Devices]));
        }

        if (wanted.Categories.Count > 0)
        {
            yield return new Part(NewestStore.OfCategories, Names: JsonSerializer.Serialize(wanted.Categories));
        }

        if (wanted.Metrics.Count > 0)
        {
            yield return new Part(NewestStore.OfMetrics, Names: JsonSerializer.Serialize(wanted.Metrics));
        }
    }

    private List<(long Group, DeviceReadings Readings)> Read(Transaction tx, Part part, long after, string? notOf)
    {
        var rows = NewestStore.Read(tx, part.Statement, part.Ids, part.Names, notOf, after, page);
        var points = NewestStore.Points(tx, [.. rows.Select(r => r.GroupId)]).ToLookup(p => p.GroupId);
        return rows.ConvertAll(r => (r.GroupId, Readings(r, [.. points[r.GroupId]])));
    }

    private sealed record Part(Sql Statement, IdList Ids = default, string Names = "[]");

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
