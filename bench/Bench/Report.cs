using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>What is printed: remarks on standard error, results as one JSON object a line on standard output, the last line the one that counts.</summary>
internal static class Report
{
    private static readonly JsonSerializerOptions Names = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    /// <summary>Commit of the sources, with a plus when they differ from it.</summary>
    public static string Commit => Environment.GetEnvironmentVariable("RONDO_BENCH_COMMIT") ?? "";

    public static string Name(DatabaseKind database) => database == DatabaseKind.Sqlite ? "sqlite" : "postgres";

    public static void Say(string remark) => Console.Error.WriteLine($"# {remark}");

    public static string Line<T>(T result) => Rounded(JsonSerializer.SerializeToNode(result, Names)!)!.ToJsonString(Names);

    /// <summary>Prints the last line, and keeps it with the machine it was measured on when asked to.</summary>
    public static void Finish<T>(string verb, Settings settings, T result)
    {
        var line = Line(result);
        if (settings.Save && Environment.GetEnvironmentVariable("RONDO_BENCH_RESULTS") is { Length: > 0 } folder)
        {
            var kept = JsonNode.Parse(line)!.AsObject();
            kept["date"] = DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture);
            kept["cores"] = Environment.ProcessorCount;
            kept["cpu"] = CpuModel();
            kept["memory_gb"] = Math.Round(GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 1e9);
            kept["runtime"] = Environment.Version.ToString();
            File.AppendAllText(Path.Combine(folder, $"{verb}.jsonl"), kept.ToJsonString(Names) + "\n");
        }

        Console.WriteLine(line);
    }

    /// <summary>More than three places are noise.</summary>
    private static JsonNode? Rounded(JsonNode? node) => node switch
    {
        JsonObject fields => new JsonObject(fields.Select(field => KeyValuePair.Create(field.Key, Rounded(field.Value)))),
        JsonArray items => new JsonArray([.. items.Select(Rounded)]),
        JsonValue number when number.GetValueKind() == JsonValueKind.Number && number.TryGetValue<double>(out var real) => Math.Round(real, 3),
        _ => node?.DeepClone(),
    };

    private static string CpuModel() =>
        File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim() ?? "";
}
