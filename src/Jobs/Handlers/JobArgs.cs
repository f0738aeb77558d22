using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rondo.Jobs;

/// <summary>Arguments as JSON: the form of the record is the contract, so what is missing, unknown or of another type is refused, with where.</summary>
internal static class JobArgs
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

        return path.TrimStart('$').Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)
            .Replace("['", "/", StringComparison.Ordinal).Replace("']", "", StringComparison.Ordinal)
            .Replace('.', '/').Replace("[", "/", StringComparison.Ordinal).Replace("]", "", StringComparison.Ordinal);
    }
}
