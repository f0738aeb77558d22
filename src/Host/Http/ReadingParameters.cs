using Rondo.Readings.Queries;
using Rondo.Readings.Rollups;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>What a request for buckets says in its query, read once for the API and the command line.</summary>
internal static class ReadingParameters
{
    /// <summary>The formats of answers.</summary>
    public const string Formats = "json, csv, ndjson";

    private static readonly string[] _formats = Formats.Split(", ");

    /// <summary>The question, or what is wrong with it, as a sentence.</summary>
    public static (SeriesQuestion? Question, string? Mistake) Read(string series, Instant? from, Instant to, string? step, string? agg, string? tz, string? gapfill, int? points)
    {
        if (from is null)
        {
            return (null, "from is missing; with a step it has to be said from when on.");
        }

        if (from >= to)
        {
            return (null, $"from ({from}) is not before to ({to}).");
        }

        if (points is < 1 or > SeriesQuestion.MostBuckets)
        {
            return (null, $"points is {points}; expected 1 to {SeriesQuestion.MostBuckets}.");
        }

        var tier = Tier.Raw;
        if (step is not null and not "auto" && !Tiers.TryParse(step, out tier))
        {
            return (null, $"step is '{SpecPointer.Shown(step)}'; expected auto, {Tiers.Words}.");
        }

        var aggregate = default(Aggregate);
        if (agg is not null && !IsWord(agg, out aggregate))
        {
            return (null, $"agg is '{SpecPointer.Shown(agg)}'; expected avg, sum, min, max, first, last, delta or count.");
        }

        var fill = GapFill.None;
        if (gapfill is not null && (!IsWord(gapfill, out fill) || fill == GapFill.None))
        {
            return (null, $"gapfill is '{SpecPointer.Shown(gapfill)}'; expected null, previous or linear.");
        }

        if (step == "raw" && (agg is not null || fill != GapFill.None))
        {
            return (null, "agg and gapfill are about buckets; readings as they are (step=raw) have none.");
        }

        var calendar = tz is null ? null : SiteCalendar.Find(tz);
        if (tz is not null && calendar is null)
        {
            return (null, $"tz is '{SpecPointer.Shown(tz)}'; expected an IANA name such as Europe/London or UTC.");
        }

        return (new SeriesQuestion
        {
            Series = series, From = from.Value, To = to, Step = step is null or "auto" ? null : tier, Points = points ?? 1_000, Aggregate = agg is null ? null : aggregate, GapFill = fill, Calendar = calendar,
        }, null);
    }

    /// <summary>The format that is asked for: by name, else by Accept, else JSON; null for a name that is none.</summary>
    public static string? Format(string? format, string? accept) => format is not null ? Array.Find(_formats, f => f == format)
        : accept?.Contains("application/json", StringComparison.OrdinalIgnoreCase) == true ? "json"
        : accept?.Contains("text/csv", StringComparison.OrdinalIgnoreCase) == true ? "csv"
        : accept?.Contains("application/x-ndjson", StringComparison.OrdinalIgnoreCase) == true ? "ndjson"
        : "json";

    private static bool IsWord<T>(string text, out T value)
        where T : struct, Enum => Enum.TryParse(text, ignoreCase: true, out value) && text.All(char.IsAsciiLetterLower);
}
