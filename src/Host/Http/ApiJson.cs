using System.Text.Json;
using System.Text.Json.Serialization;
using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Host.Http;

/// <summary>How the API writes JSON: snake_case names, words for enums, instants as ISO 8601 in UTC, durations and devices as a device file writes them.</summary>
internal static class ApiJson
{
    /// <summary>The options of every answer.</summary>
    public static JsonSerializerOptions Options { get; } = Apply(new JsonSerializerOptions(JsonSerializerDefaults.Web));

    /// <summary>Those of bodies: a key that is not known is a mistake.</summary>
    public static JsonSerializerOptions Strict { get; } = new(Options) { UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow, RespectNullableAnnotations = true };

    /// <summary>Sets <paramref name="options"/>.</summary>
    public static JsonSerializerOptions Apply(JsonSerializerOptions options)
    {
        options.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        // Keys of dictionaries are the data's own words (statuses, outcomes, reasons).
        options.DictionaryKeyPolicy = null;
        options.NumberHandling = JsonNumberHandling.Strict;
        options.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false));
        options.Converters.Add(new InstantText());
        options.Converters.Add(new DurationText());
        options.Converters.Add(new DeviceText());
        return options;
    }

    private sealed class InstantText : JsonConverter<Instant>
    {
        public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Instant.TryParse(reader.GetString(), out var at) ? at : throw new JsonException("expected an instant in ISO 8601");

        public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) => writer.WriteStringValue(value.ToString());
    }

    private sealed class DurationText : JsonConverter<TimeSpan>
    {
        public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            Durations.TryParse(reader.GetString() ?? "", out var span) ? span : throw new JsonException("expected a duration such as 10s");

        // Only a step of the clock is ever negative.
        public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value < TimeSpan.Zero ? "-" + Durations.Show(-value) : Durations.Show(value));
    }

    private sealed class DeviceText : JsonConverter<DeviceSpec>
    {
        public override DeviceSpec Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            throw new NotSupportedException("devices are read by SpecJson, which names every mistake");

        public override void Write(Utf8JsonWriter writer, DeviceSpec value, JsonSerializerOptions options) => SpecJson.WriteDevice(writer, value);
    }
}
