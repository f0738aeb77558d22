using System.Globalization;
using System.Text.Json;
using Rondo.Readings.Queries;

namespace Rondo.Host.Http;

/// <summary>Answers about series as lines: CSV with a header, or one JSON object a line. For the API and the command line alike.</summary>
internal static class ReadingText
{
    private const string Buckets = "at,value,count,expected,suspect,avg,sum,min,max,first,last,delta,delta_unallocated,is_filled";

    /// <summary>The lines of some answers; with several series each line begins with the name.</summary>
    public static IEnumerable<string> Lines(IReadOnlyList<ReadingPage> pages, string format, bool isNamed)
    {
        if (format == "csv")
        {
            // One header for all: readings as they are have a value, and no parts of a bucket.
            var isRaw = pages.All(p => p.Readings is not null);
            yield return (isNamed ? "series," : "") + (isRaw ? "at,value,quality" : Buckets);
            foreach (var page in pages)
            {
                foreach (var line in page.Readings is not null ? page.Readings.Select(r => isRaw ? $"{r.At},{Number(r.Value)},{r.Quality}" : $"{r.At},{Number(r.Value)},,,,,,,,,,,,") : page.Buckets!.Select(Csv))
                {
                    yield return isNamed ? $"{Quoted(page.Series)},{line}" : line;
                }
            }

            yield break;
        }

        foreach (var page in pages)
        {
            foreach (var item in page.Readings is not null ? page.Readings.Cast<object>() : page.Buckets!)
            {
                var json = JsonSerializer.Serialize(item, item.GetType(), ApiJson.Options);
                yield return isNamed ? $"{{\"series\":{JsonSerializer.Serialize(page.Series, ApiJson.Options)},{json[1..]}" : json;
            }
        }
    }

    /// <summary>The media type of a format.</summary>
    public static string MediaType(string format) => format == "csv" ? "text/csv; charset=utf-8" : "application/x-ndjson; charset=utf-8";

    private static string Csv(Bucket b) => string.Create(
        CultureInfo.InvariantCulture,
        $"{b.At},{b.Value},{b.Count},{b.Expected},{b.Suspect},{b.Avg},{b.Sum},{Number(b.Min)},{Number(b.Max)},{Number(b.First)},{Number(b.Last)},{b.Delta},{b.DeltaUnallocated},{(b.IsFilled ? "true" : "false")}");

    private static string Number(double? value) => value?.ToString("R", CultureInfo.InvariantCulture) ?? "";

    // Names may have commas; and no program that opens the file is to take one for a formula.
    private static string Quoted(string text) => text.IndexOfAny([',', '"', '\n', '\r']) < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
