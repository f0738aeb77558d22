using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rondo.Storage;

namespace Rondo.Host.Commands;

/// <summary>How commands write JSON: snake_case names, instants as ISO 8601, one document on one line.</summary>
internal static class Json
{
    /// <summary>The options; the same for every command.</summary>
    public static JsonSerializerOptions Options { get; } = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        // For terminals and jq, never inside HTML: letters such as ° and é stay readable.
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new InstantConverter(), new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Write(object document) => JsonSerializer.Serialize(document, Options);

    private sealed class InstantConverter : JsonConverter<Instant>
    {
        public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Instant.TryParse(reader.GetString(), out var at) ? at : throw new JsonException("not an instant");

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }
}
