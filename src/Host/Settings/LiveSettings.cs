using System.Globalization;
using Rondo.Live;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Settings;

/// <summary>Settings of the log of events and of the feed.</summary>
internal static class LiveSettings
{
    private const int Kibibyte = 1024;

    public static IReadOnlyList<Setting> All { get; } =
    [
        Whole("live.keep_events", "most events that are kept for clients who were away", o => o.KeepEvents, (o, v) => o with { KeepEvents = v }),
        new("live.keep_for", _ => Durations.Show(new LiveOptions().KeepFor), "how long events are kept for clients who were away", TakeKeepFor),
        Whole("live.max_sockets", "most clients of this process by WebSocket", o => o.MaxSockets, (o, v) => o with { MaxSockets = v }),
        Whole("live.max_event_streams", "most clients of this process by server-sent events", o => o.MaxEventStreams, (o, v) => o with { MaxEventStreams = v }),
        Whole("live.max_per_token", "most connections to the feed with one token", o => o.MaxPerToken, (o, v) => o with { MaxPerToken = v }),
        Whole("live.max_topics", "most topics of one client", o => o.MaxTopics, (o, v) => o with { MaxTopics = v }),
        new("live.max_queue", _ => Show(new LiveOptions().MaxQueue), "most that may wait for one client before it is closed, to come back and resume: 1024KiB, 4MiB", TakeMaxQueue),
    ];

    private static string Show(int bytes) => (bytes / Kibibyte).ToString(CultureInfo.InvariantCulture) + "KiB";

    private static string? TakeKeepFor(SettingsDraft draft, string text) => Durations.TryParse(text, out var value)
        ? Take(draft, draft.Live with { KeepFor = value })
        : $"'{text}' is not a duration; expected a number with a unit such as 30m, 24h, 7d";

    private static string? TakeMaxQueue(SettingsDraft draft, string text)
    {
        var unit = text.EndsWith("KiB", StringComparison.Ordinal) ? Kibibyte : text.EndsWith("MiB", StringComparison.Ordinal) ? Kibibyte * Kibibyte : 0;
        return unit > 0 && int.TryParse(text.AsSpan(0, text.Length - 3).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out var size) && size <= int.MaxValue / unit
            ? Take(draft, draft.Live with { MaxQueue = size * unit })
            : $"'{text}' is not a size; expected one such as 1024KiB or 4MiB";
    }

    private static Setting Whole(string key, string meaning, Func<LiveOptions, int> get, Func<LiveOptions, int, LiveOptions> set) => new(
        key,
        _ => get(new LiveOptions()).ToString(CultureInfo.InvariantCulture),
        meaning,
        (draft, text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var value) ? Take(draft, set(draft.Live, value)) : $"'{text}' is not a whole number");

    /// <summary>Takes options in when they are within their ranges; returns what is wrong with them, or null.</summary>
    private static string? Take(SettingsDraft draft, LiveOptions options)
    {
        if (options.Problem is { } problem)
        {
            return problem;
        }

        draft.Live = options;
        return null;
    }
}
