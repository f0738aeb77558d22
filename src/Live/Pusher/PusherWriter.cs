using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using Rondo.Live.Feed;

namespace Rondo.Live.Pusher;

/// <summary>Writes messages as the Pusher protocol has them: an event, perhaps a channel, and data as JSON in a string. Told in docs/protocols/pusher.md.</summary>
internal static class PusherWriter
{
    private static readonly JsonWriterOptions _options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static FeedMessage Ping { get; } = Write("pusher:ping", null, json => json.WriteString("data"u8, "{}"u8));

    public static FeedMessage Pong { get; } = Write("pusher:pong", null, json => json.WriteString("data"u8, "{}"u8));

    public static FeedMessage Established(string socketId, int activityTimeout) => Write("pusher:connection_established", null, json => json.WriteString("data"u8, Text(inner =>
    {
        inner.WriteString("socket_id"u8, socketId);
        inner.WriteNumber("activity_timeout"u8, activityTimeout);
    })));

    public static FeedMessage Succeeded(string channel) => Write("pusher_internal:subscription_succeeded", channel, json => json.WriteString("data"u8, "{}"u8));

    public static FeedMessage Refused(string channel, int status, string words) => Write("pusher:subscription_error", channel, json => json.WriteString("data"u8, Text(inner =>
    {
        inner.WriteString("type"u8, "AuthError"u8);
        inner.WriteString("error"u8, words);
        inner.WriteNumber("status"u8, status);
    })));

    /// <summary>The one message whose data is an object.</summary>
    public static FeedMessage Error(int? code, string words) => Write("pusher:error", null, json =>
    {
        json.WriteStartObject("data"u8);
        if (code is { } number)
        {
            json.WriteNumber("code"u8, number);
        }
        else
        {
            json.WriteNull("code"u8);
        }

        json.WriteString("message"u8, words);
        json.WriteEndObject();
    });

    /// <summary>An event on one channel; its data is what was written down, to the letter.</summary>
    public static FeedMessage Event(string topic, string name, string data) => Write(name, PusherChannel.Of(topic), json => json.WriteString("data"u8, data));

    /// <summary>All metrics of a device on a channel, or one of them.</summary>
    public static FeedMessage Readings(string topic, DeviceReadings readings, int? only, bool isShared)
    {
        var data = new ArrayBufferWriter<byte>(512);
        using (var inner = new Utf8JsonWriter(data, _options))
        {
            FeedWriter.WriteReadings(inner, readings, only);
        }

        var key = new SeriesKey(readings.Source, only is { } one ? readings.Points[one] : null, topic);
        return Write(DeviceReadings.EventName, PusherChannel.Of(topic), json => json.WriteString("data"u8, data.WrittenSpan), key, isShared);
    }

    private static string Text(Action<Utf8JsonWriter> members)
    {
        var buffer = new ArrayBufferWriter<byte>(128);
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            members(json);
            json.WriteEndObject();
        }

        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static FeedMessage Write(string name, string? channel, Action<Utf8JsonWriter> data, SeriesKey? key = null, bool isShared = false)
    {
        var buffer = new ArrayBufferWriter<byte>(512);
        using (var json = new Utf8JsonWriter(buffer, _options))
        {
            json.WriteStartObject();
            json.WriteString("event"u8, name);
            if (channel is not null)
            {
                json.WriteString("channel"u8, channel);
            }

            data(json);
            json.WriteEndObject();
        }

        return new FeedMessage(buffer.WrittenSpan, null, key, isShared);
    }
}
