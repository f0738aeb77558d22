using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Console;

namespace Rondo.Host.Logs;

/// <summary>Writes each line of the log as one JSON object. Its fields are told in docs/operations/logs.md and stay as they are.</summary>
/// <param name="node">Which node speaks.</param>
/// <param name="time">Time; null for that of the system.</param>
internal sealed class JsonLines(LogNode node, TimeProvider? time = null) : ConsoleFormatter(FormatterName)
{
    /// <summary>Its name among the formatters.</summary>
    public const string FormatterName = "rondo-json";

    // A line that quotes what somebody sent must not fill a disk.
    private const int LongestText = 16_000;
    private const int MostValues = 64;
    private const string Template = "{OriginalFormat}";
    private static readonly JsonWriterOptions _how = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
    private readonly TimeProvider _time = time ?? TimeProvider.System;

    /// <inheritdoc/>
    public override void Write<TState>(in LogEntry<TState> logEntry, IExternalScopeProvider? scopeProvider, TextWriter textWriter)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(bytes, _how))
        {
            json.WriteStartObject();
            json.WriteString("time", _time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.ffffff'Z'", CultureInfo.InvariantCulture));
            json.WriteString("level", Level(logEntry.LogLevel));
            json.WriteString("category", logEntry.Category);
            json.WriteNumber("event_id", logEntry.EventId.Id);
            if (logEntry.EventId.Name is { } name)
            {
                json.WriteString("event", name);
            }

            json.WriteString("message", Cut(logEntry.Formatter(logEntry.State, logEntry.Exception)));
            WriteValues(json, logEntry.State);
            if (logEntry.Exception is { } fault)
            {
                json.WriteString("exception", Cut(fault.ToString()));
            }

            if (node.Id is { } id)
            {
                json.WriteString("node", id);
            }

            WriteScopes(json, scopeProvider);
            json.WriteEndObject();
        }

        textWriter.WriteLine(Encoding.UTF8.GetString(bytes.WrittenSpan));
    }

    private static void WriteValues<TState>(Utf8JsonWriter json, TState state)
    {
        if (state is not IReadOnlyList<KeyValuePair<string, object?>> { Count: > 0 } words)
        {
            return;
        }

        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        foreach (var (name, value) in words)
        {
            if (name != Template)
            {
                Keep(values, name, value);
            }
            else if (value is string template)
            {
                json.WriteString("template", Cut(template));
            }
        }

        Write(json, "values", values);
    }

    /// <summary>What is said of the work that a line belongs to, the innermost last: of two that say the same, it has it.</summary>
    private static void WriteScopes(Utf8JsonWriter json, IExternalScopeProvider? scopes)
    {
        var values = new Dictionary<string, object?>(StringComparer.Ordinal);
        scopes?.ForEachScope(
            static (scope, into) =>
            {
                if (scope is IEnumerable<KeyValuePair<string, object?>> words)
                {
                    foreach (var (name, value) in words)
                    {
                        if (name != Template)
                        {
                            Keep(into, name, value);
                        }
                    }
                }
            },
            values);
        Write(json, "scope", values);
    }

    private static void Keep(Dictionary<string, object?> into, string name, object? value)
    {
        if (into.Count < MostValues)
        {
            into[JsonNamingPolicy.SnakeCaseLower.ConvertName(name)] = value;
        }
    }

    private static void Write(Utf8JsonWriter json, string name, Dictionary<string, object?> values)
    {
        if (values.Count == 0)
        {
            return;
        }

        json.WriteStartObject(name);
        foreach (var (key, value) in values)
        {
            json.WritePropertyName(key);
            Write(json, value);
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case int or long or short or byte or uint or ushort or sbyte:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number when double.IsFinite(number):
                json.WriteNumberValue(number);
                break;
            case string text:
                json.WriteStringValue(Cut(text));
                break;
            case IFormattable other:
                json.WriteStringValue(Cut(other.ToString(null, CultureInfo.InvariantCulture)));
                break;
            case IEnumerable many:
                WriteList(json, many);
                break;
            default:
                json.WriteStringValue(Cut(value.ToString() ?? ""));
                break;
        }
    }

    private static void WriteList(Utf8JsonWriter json, IEnumerable many)
    {
        json.WriteStartArray();
        var count = 0;
        foreach (var each in many)
        {
            if (++count > MostValues)
            {
                json.WriteStringValue("…");
                break;
            }

            json.WriteStringValue(Cut(Convert.ToString(each, CultureInfo.InvariantCulture) ?? ""));
        }

        json.WriteEndArray();
    }

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText] + "…";

    private static string Level(LogLevel level) => level switch
    {
        LogLevel.Trace => "trace",
        LogLevel.Debug => "debug",
        LogLevel.Information => "info",
        LogLevel.Warning => "warn",
        LogLevel.Error => "error",
        _ => "critical",
    };
}
