using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rondo.Live.Log;
using Rondo.Storage;

namespace Rondo.Live.Feed;

/// <summary>Writes the envelope of every message: type, name, topic, id, at, data, always in this order and always all of them; an event that follows from a request says from which behind them. Told in docs/protocols/feed.md.</summary>
internal static class FeedWriter
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static FeedMessage Event(LoggedEvent happened, string epoch)
    {
        var id = new ResumeToken(epoch, happened.Id, happened.Stamp).ToString();
        return new FeedMessage(Write("event", happened.Name, happened.Topic, id, happened.At, json =>
        {
            WriteRaw(json, happened.Data);
            if (happened.CorrelationId is not null)
            {
                json.WriteString("correlation_id"u8, happened.CorrelationId);
                json.WriteString("trace_id"u8, happened.TraceId);
            }
        }), id);
    }

    /// <summary>All metrics of a device on its own topic, or one of them on the metric's.</summary>
    public static FeedMessage Readings(DeviceReadings readings, int? only, bool isShared)
    {
        var topic = only is { } index ? Topics.Metric(readings.Points[index]) : Topics.Device(readings.DeviceId);
        var key = new SeriesKey(readings.Source, only is { } one ? readings.Points[one] : null);
        return new FeedMessage(Write("data", DeviceReadings.EventName, topic, null, readings.Slot, json => WriteReadings(json, readings, only)), null, key, isShared);
    }

    /// <summary>Figures of a queue on its topic.</summary>
    public static FeedMessage Queue(QueueFigures figures, Instant at) => new(
        Write("data", QueueFigures.MessageName, Topics.Queue(figures.Queue), null, at, json =>
        {
            json.WriteStartObject();
            json.WriteString("queue"u8, figures.Queue);
            json.WriteNumber("ready"u8, figures.Ready);
            json.WriteNumber("running"u8, figures.Running);
            json.WriteNumber("scheduled"u8, figures.Scheduled);
            json.WriteNumber("blocked"u8, figures.Blocked);
            json.WriteString("oldest_ready_due"u8, figures.OldestReadyDue?.ToString());
            json.WriteBoolean("is_paused"u8, figures.IsPaused);
            json.WriteNumber("done_per_s"u8, figures.DonePerS);
            json.WriteNumber("dead_per_s"u8, figures.DeadPerS);
            json.WriteEndObject();
        }),
        null,
        new SeriesKey(SeriesKey.Queues, figures.Queue),
        isShared: true);

    /// <summary>How far a batch is, on the topic of the queue of most of its members.</summary>
    public static FeedMessage Batch(BatchFigures figures, Instant at) => new(
        Write("data", BatchFigures.MessageName, FeedHub.TopicOf(figures), null, at, json =>
        {
            json.WriteStartObject();
            json.WriteNumber("batch_id"u8, figures.Id);
            json.WriteString("name"u8, figures.Name);
            json.WriteString("queue"u8, figures.Queue);
            json.WriteNumber("total"u8, figures.Total);
            json.WriteNumber("live"u8, figures.Live);
            json.WriteNumber("done"u8, figures.Done);
            json.WriteNumber("dead"u8, figures.Dead);
            json.WriteNumber("cancelled"u8, figures.Cancelled);
            json.WriteEndObject();
        }),
        null,
        new SeriesKey(SeriesKey.Batches, figures.Id.ToString(CultureInfo.InvariantCulture)));

    public static FeedMessage Heartbeat(Instant at) => new(Write("heartbeat", null, null, null, at, json => json.WriteNullValue()));

    public static FeedMessage Error(Instant at, string code, string words) => new(Write("error", null, null, null, at, json =>
    {
        json.WriteStartObject();
        json.WriteString("code"u8, code);
        json.WriteString("message"u8, words);
        json.WriteEndObject();
    }));

    /// <summary>Answer to a subscribe: from <paramref name="id"/> on everything is told.</summary>
    public static FeedMessage Subscribed(Instant at, string id, IReadOnlyList<string> topics, bool? recovered, string? reason) =>
        new(Write("subscription", "acknowledged", null, id, at, json =>
        {
            json.WriteStartObject();
            json.WriteString("action"u8, "subscribe"u8);
            WriteTopics(json, topics);
            if (recovered is { } isRecovered)
            {
                json.WriteBoolean("recovered"u8, isRecovered);
            }
            else
            {
                json.WriteNull("recovered"u8);
            }

            json.WriteString("reason"u8, reason);
            json.WriteEndObject();
        }), id);

    public static FeedMessage Unsubscribed(Instant at, IReadOnlyList<string> topics) => new(Write("subscription", "acknowledged", null, null, at, json =>
    {
        json.WriteStartObject();
        json.WriteString("action"u8, "unsubscribe"u8);
        WriteTopics(json, topics);
        json.WriteEndObject();
    }));

    public static FeedMessage Authenticated(Instant at, FeedCaller caller) => new(Write("auth", "acknowledged", null, null, at, json =>
    {
        json.WriteStartObject();
        json.WriteString("who"u8, caller.Who);
        json.WriteString("role"u8, caller.Role.ToString().ToLowerInvariant());
        json.WriteString("expires_at"u8, caller.ExpiresAt?.ToString());
        json.WriteEndObject();
    }));

    public static FeedMessage Refused(Instant at, string topic, FeedError error) => new(Write("subscription", "refused", topic.Length > Topics.Longest ? topic[..Topics.Longest] : topic, null, at, json =>
    {
        json.WriteStartObject();
        json.WriteString("action"u8, "subscribe"u8);
        json.WriteString("code"u8, error.Code);
        json.WriteString("reason"u8, error.Words);
        json.WriteEndObject();
    }));

    private static ReadOnlySpan<byte> Write(string type, string? name, string? topic, string? id, Instant at, Action<Utf8JsonWriter> data)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, type);
            json.WriteString("name"u8, name);
            json.WriteString("topic"u8, topic);
            json.WriteString("id"u8, id);
            json.WriteString("at"u8, at.ToString());
            json.WritePropertyName("data"u8);
            data(json);
            json.WriteEndObject();
        }

        return buffer.WrittenSpan;
    }

    internal static void WriteReadings(Utf8JsonWriter json, DeviceReadings readings, int? only)
    {
        json.WriteStartObject();
        json.WriteNumber("device_id"u8, readings.DeviceId);
        json.WriteString("device"u8, readings.Device);
        json.WriteString("category"u8, readings.Category);
        json.WriteString("group"u8, readings.Group);
        json.WriteStartArray("readings"u8);
        for (var i = only ?? 0; i <= (only ?? readings.Points.Length - 1); i++)
        {
            json.WriteStartObject();
            json.WriteString("metric"u8, readings.Points[i]);
            json.WriteString("unit"u8, readings.Units[i]);
            if (readings.Values[i] is { } value && double.IsFinite(value))
            {
                json.WriteNumber("value"u8, value);
            }
            else
            {
                json.WriteNull("value"u8);
            }

            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteTopics(Utf8JsonWriter json, IReadOnlyList<string> topics)
    {
        json.WriteStartArray("topics"u8);
        foreach (var topic in topics)
        {
            json.WriteStringValue(topic);
        }

        json.WriteEndArray();
    }

    /// <summary>Data may have been given with line breaks between its parts; in an event stream they would end it.</summary>
    private static void WriteRaw(Utf8JsonWriter json, string data)
    {
        if (data.AsSpan().IndexOfAny('\n', '\r') < 0)
        {
            json.WriteRawValue(data, skipInputValidation: true);
            return;
        }

        using var document = JsonDocument.Parse(data);
        document.RootElement.WriteTo(json);
    }
}
