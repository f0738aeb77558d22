using System.Globalization;
using Rondo.Imports.Formats;

namespace Rondo.Imports.Guessing;

/// <summary>How far apart the readings of a long file are, and whether its times are starts or ends.</summary>
internal static class TimeGuess
{
    private const long Day = 86_400;
    private const int Usual = 1_800;

    /// <summary>Writes down the interval, the label and the zone.</summary>
    public static void Tell(LongGuess of, TableShape table, ProfileDraft draft, string? siteZone)
    {
        var (stamps, hasOffsets, hasMidnight24) = Stamps(of, table);
        Zone(draft, hasOffsets, siteZone, of.Period is not null);
        if (of.Period is { } period)
        {
            var last = period.Cells.Max(c => int.Parse(c, NumberStyles.None, CultureInfo.InvariantCulture));
            var minutes = last switch { <= 25 => 60, <= 50 => 30, <= 100 => 15, <= 150 => 10, _ => 5 };
            draft.Set("interval", $"{minutes}m", last is >= 23 and <= 25 or >= 46 and <= 50 or >= 92 and <= 100 or > 250 ? GuessPart.Likely : GuessPart.Assumed, $"the highest period is {last}");
            draft.Set("label", "start", GuessPart.Certain, "periods are counted from the beginning of the day");
            return;
        }

        var gaps = stamps.Values.SelectMany(s => s.Zip(s.Skip(1), (a, b) => b - a)).Where(g => g is >= 300 and <= Day && Day % g == 0).GroupBy(g => g).OrderByDescending(g => g.Count()).ToList();
        var length = gaps.Count > 0 ? gaps[0].Key : Usual;
        var share = gaps.Count == 0 ? 0 : (double)gaps[0].Count() / gaps.Sum(g => g.Count());
        draft.Set(
            "interval", $"{length / 60}m", gaps.Count == 0 ? GuessPart.Assumed : share > 0.9 ? GuessPart.Likely : GuessPart.Unclear,
            gaps.Count == 0 ? "no two readings of a meter follow one another" : $"{share:P0} of the readings of a meter that follow one another are so far apart");
        Label(of, draft, stamps, length, hasMidnight24);
    }

    /// <summary>In which zone times are; told for every shape of table.</summary>
    public static void Zone(ProfileDraft draft, bool hasOffsets, string? siteZone, bool isByDay)
    {
        if (hasOffsets)
        {
            draft.Set("zone", "UTC", GuessPart.Certain, "every time says how far it is from UTC, and is obeyed");
            return;
        }

        draft.Set("zone", siteZone ?? "UTC", GuessPart.Assumed, (siteZone is null ? "no time says its zone" : "no time says its zone; this is the site's")
            + (isByDay ? "; days begin at midnight there" : "") + ". Name the zone of the meters, such as Europe/London; UTC where their clocks are never changed and show UTC");
    }

    private static void Label(LongGuess of, ProfileDraft draft, Dictionary<string, List<long>> stamps, long length, bool hasMidnight24)
    {
        var column = of.Time ?? of.Date!;
        if (ColumnNames.IsEnd(column.Name) is { } named)
        {
            draft.Set("label", named ? "end" : "start", GuessPart.Certain, "the name of the column says so");
        }
        else if (hasMidnight24)
        {
            draft.Set("label", "end", GuessPart.Certain, "24:00 is the end of a day, and no beginning of anything");
        }
        else
        {
            // A day of starts runs from 00:00 to the last interval, one of ends from the first interval to 00:00.
            var (starts, ends) = (0, 0);
            foreach (var (first, last) in stamps.Values.Where(s => s.Count > 1).Select(s => (s[0] % Day, s[^1] % Day)))
            {
                starts += first == 0 && last == Day - length ? 2 : first == 0 && last != 0 ? 1 : 0;
                ends += first == length && last == 0 ? 2 : first == length ? 1 : 0;
            }

            var isEnd = ends > starts;
            var isTold = Math.Max(starts, ends) >= 2 && Math.Min(starts, ends) == 0;
            draft.Set("label", isEnd ? "end" : "start", isTold ? GuessPart.Likely : GuessPart.Assumed, isTold
                ? isEnd ? "the times of a meter begin with the end of the first interval of a day" : "the times of a meter begin at midnight and end before it"
                : "nothing tells whether times are starts or ends of intervals");
        }
    }

    private static (Dictionary<string, List<long>> ByMeter, bool HasOffsets, bool HasMidnight24) Stamps(LongGuess of, TableShape table)
    {
        var byMeter = new Dictionary<string, List<long>>(StringComparer.OrdinalIgnoreCase);
        var (dates, times) = (of.Date!.Patterns, of.Time?.Clocks is { } clocks ? new TimePattern(clocks) : null);
        var (all, offsets, is24) = (0, 0, false);
        foreach (var row in table.Rows)
        {
            if (!DateGuess.TryRead(dates, row[of.Date.Column], out var clock))
            {
                continue;
            }

            var local = clock.Local;
            if (of.Time is { } time)
            {
                if (!times!.TryParse(row[time.Column], out var ofDay))
                {
                    continue;
                }

                local += ofDay.Local;
            }

            (all, offsets) = (all + 1, offsets + (clock.OffsetS is null ? 0 : 1));
            is24 |= row[(of.Time ?? of.Date).Column].Contains("24:00", StringComparison.Ordinal);
            var key = $"{(of.Meter is null ? "" : row[of.Meter.Column])}/{(of.Channel is null ? "" : row[of.Channel.Column])}";
            if (!byMeter.TryGetValue(key, out var stamps))
            {
                byMeter.Add(key, stamps = []);
            }

            // Some exports end intervals at 00:29:59, or the day at 23:59.
            stamps.Add(local % 300 >= 240 ? local + (300 - (local % 300)) : local);
        }

        return (byMeter, all > 0 && offsets == all, is24);
    }
}
