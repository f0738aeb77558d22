using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace Rondo.Jobs;

/// <summary>Arguments as JSON: the form of the record is the contract, so what is missing, unknown or of another type is refused, with where.</summary>
internal static partial class JobArgs
{
    /// <summary>Longest arguments, in characters.</summary>
    public const int MaxLength = 64 * 1024;

    public static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        MaxDepth = 32,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    /// <summary>A record as text.</summary>
    /// <exception cref="JobRefused">It has none: it goes round in circles, is too deep, or has a number that JSON has not.</exception>
    public static string Write<TArgs>(string kind, TArgs args)
    {
        try
        {
            return JsonSerializer.Serialize(args, Json);
        }
        catch (Exception fault) when (fault is JsonException or ArgumentException or NotSupportedException)
        {
            throw new JobRefused(JobRefusal.BadArguments, $"arguments of '{kind}' have no JSON: {fault.Message}", Pointer((fault as JsonException)?.Path));
        }
    }

    public static TArgs Read<TArgs>(string kind, string args)
    {
        if (args.Length > MaxLength)
        {
            throw new JobRefused(JobRefusal.TooLarge, $"arguments of '{kind}' have {args.Length} characters; at most {MaxLength}. Store what is large, and pass where it is.");
        }

        try
        {
            return JsonSerializer.Deserialize<TArgs>(args, Json) ?? throw new JobRefused(JobRefusal.BadArguments, $"arguments of '{kind}' are null", "");
        }
        catch (JsonException fault)
        {
            throw new JobRefused(JobRefusal.BadArguments, $"arguments of '{kind}' do not fit: {fault.Message}", Pointer(fault.Path));
        }
    }

    /// <summary><c>$.lines[2].amount</c> as a JSON pointer, <c>/lines/2/amount</c>.</summary>
    internal static string Pointer(string? path)
    {
        if (path is null or "$")
        {
            return "";
        }

        // Names are behind a dot or within ['…'], positions within […].
        var pointer = new StringBuilder();
        foreach (Match part in Part().Matches(path))
        {
            var name = part.Groups[1].Success ? part.Groups[1].Value : part.Groups[2].Success ? part.Groups[2].Value : part.Groups[3].Value;
            pointer.Append('/').Append(name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal));
        }

        return pointer.ToString();
    }

    [GeneratedRegex(@"\['(.*?)'\]|\.([^.\[]+)|\[(\d+)\]")]
    private static partial Regex Part();
}
