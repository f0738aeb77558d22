using System.Text.Json;
using System.Text.Json.Serialization;
using Rondo.Storage;

namespace Rondo.Jobs.Proof;

/// <summary>An instant in what is stored as JSON.</summary>
internal sealed class InstantText : JsonConverter<Instant>
{
    public override Instant Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => new(reader.GetInt64());

    public override void Write(Utf8JsonWriter writer, Instant value, JsonSerializerOptions options) => writer.WriteNumberValue(value.Micros);
}
