using System.Globalization;

namespace Rondo.Tests.Readings.Rollups;

/// <summary>
/// What rollups have to be, worked out from all readings of a series at once, in the plainest way: each reading is put under the label of its bucket by the clock of the operating system's own
/// time zone data, and each group is looked at as a whole. Shares no code with what it judges.
/// </summary>
internal static class RollupOracle
{
    public static readonly string[] Tiers = ["15m", "1h", "1d", "1w", "1mo", "1y"];

    public static List<OracleBucket> Buckets(string tier, string zone, IEnumerable<OracleReading> readings, bool isCounter, double? modulus, TimeSpan hole)
    {
        var all = readings.OrderBy(r => r.At).ToArray();
        var rises = isCounter ? Rises(all, modulus) : [];
        return
        [
            .. all.Select((reading, index) => (reading, index)).GroupBy(r => Label(tier, zone, r.reading.At)).OrderBy(g => g.First().reading.At).Select(g => new OracleBucket
            {
                Start = Start(tier, zone, g.First().reading.At),
                Count = g.Count(),
                Suspect = g.Count(r => r.reading.IsSuspect),
                Sum = g.Sum(r => Number(r.reading.Value)),
                Min = g.Min(r => r.reading.Value),
                Max = g.Max(r => r.reading.Value),
                First = g.First().reading.Value,
                Last = g.Last().reading.Value,
                Delta = isCounter ? g.Sum(r => rises.TryGetValue(r.index, out var rise) && rise.Took <= hole ? rise.By : 0) : null,
                Unallocated = isCounter ? g.Sum(r => rises.TryGetValue(r.index, out var rise) && rise.Took > hole ? rise.By : 0) : null,
            }),
        ];
    }

    public static decimal Number(double value) => decimal.Parse(value.ToString("R", CultureInfo.InvariantCulture), NumberStyles.Float, CultureInfo.InvariantCulture);

    // Drops slips first, then goes from one reading that is left to the next.
    private static Dictionary<int, (decimal By, TimeSpan Took)> Rises(OracleReading[] all, double? modulus)
    {
        var kept = Enumerable.Range(0, all.Length)
            .Where(i => !(i > 0 && i < all.Length - 1 && all[i].Value < all[i - 1].Value && all[i + 1].Value >= all[i - 1].Value)).ToArray();
        var rises = new Dictionary<int, (decimal, TimeSpan)>();
        for (var k = 0; k + 1 < kept.Length; k++)
        {
            var (from, to) = (all[kept[k]], all[kept[k + 1]]);
            var took = to.At - from.At;
            if (to.Value >= from.Value)
            {
                rises[kept[k]] = (Number(to.Value) - Number(from.Value), took);
            }
            else if (kept[k + 1] + 1 < all.Length)
            {
                var over = modulus is { } m ? Number(m) - Number(from.Value) + Number(to.Value) : -1;
                rises[kept[k]] = (over >= 0 && over < Number(modulus ?? 0) / 2 ? over : Number(to.Value), took);
            }
        }

        return rises;
    }

    private static DateTime Start(string tier, string zone, DateTime at)
    {
        // The earliest quarter that bears the label, going back one by one.
        var (label, quarter) = (Label(tier, zone, at), Quarter(at));
        var step = tier is "15m" or "1h" ? TimeSpan.FromMinutes(15) : TimeSpan.FromHours(1);
        var start = quarter;
        while (Label(tier, zone, start - step) == label)
        {
            start -= step;
        }

        while (Label(tier, zone, start - TimeSpan.FromMinutes(15)) == label)
        {
            start -= TimeSpan.FromMinutes(15);
        }

        return start;
    }

    private static string Label(string tier, string zone, DateTime at)
    {
        var quarter = Quarter(at);
        if (tier == "15m")
        {
            return quarter.ToString("O");
        }

        // The whole quarter counts as its last instant does.
        var info = TimeZoneInfo.FindSystemTimeZoneById(zone);
        var offset = info.GetUtcOffset(quarter.AddMinutes(15).AddTicks(-10));
        var local = quarter + offset;
        if (tier == "1h")
        {
            return $"{local:yyyy-MM-dd HH} {offset}";
        }

        var day = DateOnly.FromDateTime(Highest(info, quarter));
        return tier switch
        {
            "1d" => $"{day:O}",
            "1w" => $"{day.AddDays(-(((int)day.DayOfWeek + 6) % 7)):O}",
            "1mo" => $"{day:yyyy-MM}",
            _ => $"{day:yyyy}",
        };
    }

    // A clock that is set back past midnight shows yesterday once more: the day that had begun goes on.
    private static DateTime Highest(TimeZoneInfo info, DateTime quarter)
    {
        var highest = DateTime.MinValue;
        for (var back = 0; back <= 12; back++)
        {
            var then = quarter.AddMinutes(-15 * back);
            foreach (var moment in (DateTime[])[then, then.AddMinutes(15).AddTicks(-10)])
            {
                if (moment < quarter.AddMinutes(15) && moment + info.GetUtcOffset(moment) is var local && local > highest)
                {
                    highest = local;
                }
            }
        }

        return highest;
    }

    private static DateTime Quarter(DateTime at) => new(at.Ticks - (at.Ticks % TimeSpan.FromMinutes(15).Ticks), DateTimeKind.Utc);
}
