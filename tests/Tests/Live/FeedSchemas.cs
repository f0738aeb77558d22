using System.Text.Json;
using System.Text.RegularExpressions;
using Rondo.Tests.Support;

namespace Rondo.Tests.Live;

/// <summary>The JSON schemas of docs/protocols/feed.md, and as much of JSON Schema as they use. A word that is not known here is a mistake.</summary>
internal static partial class FeedSchemas
{
    private static readonly string[] _known = ["$id", "title", "description", "type", "const", "enum", "required", "properties", "additionalProperties", "items", "pattern", "format"];
    private static readonly Dictionary<string, JsonElement> _schemas = Read();

    public static IReadOnlyCollection<string> Names => _schemas.Keys;

    /// <summary>Fails when no schema is there for <paramref name="message"/>, or it is not as its schema says.</summary>
    public static void Check(JsonElement message)
    {
        var (type, name) = (message.GetProperty("type").GetString()!, message.GetProperty("name").GetString());
        var key = type is "subscription" or "auth" or "data" ? $"{type} {name}" : type;
        Assert.True(_schemas.TryGetValue(key, out var schema), $"docs/protocols/feed.md has no schema '{key}'");
        var mistake = Mistake(schema, message, "");
        Assert.True(mistake is null, $"{mistake}: {message}");
    }

    /// <summary>What is wrong with <paramref name="value"/>, or null.</summary>
    public static string? Mistake(JsonElement schema, JsonElement value, string at)
    {
        foreach (var word in schema.EnumerateObject())
        {
            if (!_known.Contains(word.Name))
            {
                throw new InvalidOperationException($"the schema word '{word.Name}' is not known to this test");
            }
        }

        if (schema.TryGetProperty("type", out var type) && !Types(type).Contains(TypeOf(value)))
        {
            return $"{at}: {TypeOf(value)}, expected {type}";
        }

        if (schema.TryGetProperty("const", out var constant) && !JsonElement.DeepEquals(constant, value))
        {
            return $"{at}: expected {constant}";
        }

        if (schema.TryGetProperty("enum", out var choices) && !choices.EnumerateArray().Any(c => JsonElement.DeepEquals(c, value)))
        {
            return $"{at}: {value}, expected one of {choices}";
        }

        if (schema.TryGetProperty("pattern", out var pattern) && value.ValueKind == JsonValueKind.String && !Regex.IsMatch(value.GetString()!, pattern.GetString()!))
        {
            return $"{at}: '{value}' is not as {pattern}";
        }

        if (value.ValueKind == JsonValueKind.Array && schema.TryGetProperty("items", out var items))
        {
            return value.EnumerateArray().Select((item, i) => Mistake(items, item, $"{at}/{i}")).FirstOrDefault(m => m is not null);
        }

        return value.ValueKind == JsonValueKind.Object ? Members(schema, value, at) : null;
    }

    private static string? Members(JsonElement schema, JsonElement value, string at)
    {
        if (schema.TryGetProperty("required", out var required) && required.EnumerateArray().FirstOrDefault(r => !value.TryGetProperty(r.GetString()!, out _)) is { ValueKind: JsonValueKind.String } missing)
        {
            return $"{at}: without {missing}";
        }

        var isOpen = !schema.TryGetProperty("additionalProperties", out var more) || more.GetBoolean();
        foreach (var member in value.EnumerateObject())
        {
            if (schema.TryGetProperty("properties", out var properties) && properties.TryGetProperty(member.Name, out var own))
            {
                if (Mistake(own, member.Value, $"{at}/{member.Name}") is { } mistake)
                {
                    return mistake;
                }
            }
            else if (!isOpen)
            {
                return $"{at}: {member.Name} is not described";
            }
        }

        return null;
    }

    private static string[] Types(JsonElement type) => type.ValueKind == JsonValueKind.Array ? [.. type.EnumerateArray().Select(t => t.GetString()!)] : [type.GetString()!];

    private static string TypeOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "object",
        JsonValueKind.Array => "array",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "number",
        JsonValueKind.Null => "null",
        _ => "boolean",
    };

    private static Dictionary<string, JsonElement> Read() => Block().Matches(File.ReadAllText(Repository.At("docs", "protocols", "feed.md")))
        .Select(m => JsonDocument.Parse(m.Groups["json"].Value).RootElement)
        .Where(e => e.TryGetProperty("$id", out _))
        .ToDictionary(e => e.GetProperty("$id").GetString()!);

    [GeneratedRegex("```json\n(?<json>.*?)```", RegexOptions.Singleline)]
    private static partial Regex Block();
}
