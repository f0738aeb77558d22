using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Rondo.Polling.Configuration;

/// <summary>Writes and reads records as JSON by their fields.</summary>
internal static class JsonText
{
    // The text goes into a database and JSON answers, never into HTML: °C stays readable.
    private static readonly JsonWriterOptions readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>What an action writes.</summary>
    public static string Write(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, readable))
        {
            write(json);
        }

        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>Writes every field into the object that is open.</summary>
    public static void WriteFields<TRecord>(Utf8JsonWriter json, Field<TRecord>[] fields, TRecord record)
    {
        foreach (var field in fields)
        {
            json.WritePropertyName(field.Name);
            field.Write(json, record);
        }
    }

    /// <summary>An object of the fields that differ from the default, in their fixed order.</summary>
    public static string WriteChanged<TRecord>(Field<TRecord>[] fields, TRecord record, TRecord standard) => Write(json =>
    {
        json.WriteStartObject();
        foreach (var field in fields)
        {
            if (!field.Same(record, standard))
            {
                json.WritePropertyName(field.Name);
                field.Write(json, record);
            }
        }

        json.WriteEndObject();
    });

    /// <summary>Reads what <see cref="WriteChanged"/> wrote.</summary>
    public static TRecord ReadStored<TRecord>(Field<TRecord>[] fields, TRecord standard, string stored)
    {
        try
        {
            var record = standard;
            var json = new Utf8JsonReader(Encoding.UTF8.GetBytes(stored));
            Expect(json.Read() && json.TokenType == JsonTokenType.StartObject, stored, "expected an object");
            while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            {
                var field = Named(fields, ref json);
                json.Read();
                if (field is null)
                {
                    json.Skip();
                    continue;
                }

                Expect(json.TokenType is not (JsonTokenType.StartObject or JsonTokenType.StartArray), stored, $"{field.Name} is no single value");
                var problem = field.Read(json.TokenType == JsonTokenType.Null ? null : Text(ref json), ref record);
                Expect(problem is null, stored, $"{field.Name}: {problem}");
            }

            return record;
        }
        catch (Exception fault) when (fault is JsonException or InvalidOperationException)
        {
            throw new FormatException($"Stored settings are damaged: {fault.Message} In: {Wording.Quote(stored)}", fault);
        }
    }

    private static Field<TRecord>? Named<TRecord>(Field<TRecord>[] fields, ref Utf8JsonReader json)
    {
        foreach (var field in fields)
        {
            if (json.ValueTextEquals(field.Name))
            {
                return field;
            }
        }

        return null;
    }

    private static string Text(ref Utf8JsonReader json) =>
        json.TokenType == JsonTokenType.String ? json.GetString() ?? "" : Encoding.UTF8.GetString(json.ValueSpan);

    private static void Expect(bool holds, string stored, string problem)
    {
        if (!holds)
        {
            throw new FormatException($"Stored settings are damaged: {problem}. In: {Wording.Quote(stored)}");
        }
    }
}
