using System.Diagnostics.CodeAnalysis;
using NodaTime;
using NodaTime.TimeZones;

namespace Rondo.Jobs.Schedules;

/// <summary>Zones by the names people give them.</summary>
internal static class ZoneName
{
    private const int MostSuggestions = 3;
    private const int LongestGuess = 64;

    /// <summary>The zone of an IANA name; for anything else the error suggests what may be meant.</summary>
    public static bool TryFind(string name, [NotNullWhen(true)] out DateTimeZone? zone, out string error)
    {
        zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(name);
        error = zone is not null ? "" : $"{CronPart.Quote(name)} is not a time zone; expected an IANA name such as Europe/Berlin or UTC{DidYouMean(Near(name))}";
        return zone is not null;
    }

    /// <summary>At most three names that may be meant, the likeliest first.</summary>
    public static IReadOnlyList<string> Near(string name)
    {
        var folded = Fold(name.Trim());
        if (folded.Length is 0 or > LongestGuess)
        {
            return [];
        }

        var source = TzdbDateTimeZoneSource.Default;
        if (source.WindowsMapping.PrimaryMapping.TryGetValue(name.Trim(), out var ofWindows))
        {
            return [ofWindows];
        }

        // A name without its continent is compared with the last parts only.
        var hasPlace = folded.Contains('/', StringComparison.Ordinal);
        var most = Math.Max(1, folded.Length / 4);
        var near =
            from id in DateTimeZoneProviders.Tzdb.Ids
            let known = Fold(id)
            let distance = Distance(folded, hasPlace ? known : known[(known.LastIndexOf('/') + 1)..])
            where distance <= most
            orderby distance, id
            select (id, distance);

        // Only the nearest ones: beside a name that differs in nothing but its case, nothing else is worth a guess.
        var all = near.ToList();
        return [.. all.TakeWhile(guess => guess.distance == all[0].distance).Take(MostSuggestions).Select(guess => guess.id)];
    }

    private static string DidYouMean(IReadOnlyList<string> near) => near.Count switch
    {
        0 => "",
        1 => $"; did you mean {near[0]}?",
        _ => $"; did you mean {string.Join(", ", near.Take(near.Count - 1))} or {near[^1]}?",
    };

    private static string Fold(string name) => name.ToLowerInvariant().Replace(' ', '_').Replace('-', '_');

    // How many letters to put in, leave out or change; one row of the table is enough.
    private static int Distance(string a, string b)
    {
        var row = new int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var changed = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(changed, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[b.Length];
    }
}
