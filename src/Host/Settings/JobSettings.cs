using System.Globalization;
using Rondo.Jobs;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Settings;

/// <summary>What can be set of jobs.</summary>
internal static class JobSettings
{
    /// <summary>The queues of the hotspot, by the word that stands for them.</summary>
    private const string Hotspot = "hotspot";

    private const string HotspotQueues = "payments=4,provisioning=3,default=2,router-checks=2,router-data=3,log-rotation=1";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("jobs.queues", _ => Show(new JobsOptions().Queues), "workers of each queue on this node: payments=4,default=2, or the word hotspot", TakeQueues),
        Span("jobs.poll_interval", "longest time until a node looks for jobs by itself", o => o.PollInterval, (o, v) => o with { PollInterval = v }),
        Span("jobs.keep_done", "how long jobs that ended well are kept", o => o.KeepDone, (o, v) => o with { KeepDone = v }),
        Span("jobs.keep_cancelled", "how long cancelled jobs are kept", o => o.KeepCancelled, (o, v) => o with { KeepCancelled = v }),
        Span("jobs.keep_dead", "how long dead jobs are kept", o => o.KeepDead, (o, v) => o with { KeepDead = v }),
        Span("jobs.keep_ticks", "how long ticks of schedules are kept", o => o.KeepTicks, (o, v) => o with { KeepTicks = v }),
        Span("jobs.stop_patience", "how long a clean stop waits for running jobs before it cancels them and gives them back", o => o.StopPatience, (o, v) => o with { StopPatience = v }),
        .. JobCallSettings.All,
        .. JobLogSettings.All,
    ];

    private static string Show(IReadOnlyDictionary<string, int> queues) => string.Join(',', queues.Select(q => $"{q.Key}={q.Value}"));

    private static string? TakeQueues(SettingsDraft draft, string text)
    {
        var queues = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var part in (text == Hotspot ? HotspotQueues : text).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, count) = part.IndexOf('=', StringComparison.Ordinal) is var at and > 0 ? (part[..at].TrimEnd(), part[(at + 1)..]) : ("", "");
            if (!int.TryParse(count, NumberStyles.None, CultureInfo.InvariantCulture, out var workers) || !queues.TryAdd(name, workers))
            {
                return $"'{text}' is no list of queues; expected NAME=WORKERS with commas, each name once, such as payments=4,default=2, or {Hotspot}";
            }
        }

        return queues.Count == 0 ? $"'{text}' names no queue; expected NAME=WORKERS with commas, or {Hotspot}" : Take(draft, draft.Jobs with { Queues = queues });
    }

    /// <summary>A duration.</summary>
    internal static Setting Span(string key, string meaning, Func<JobsOptions, TimeSpan> get, Func<JobsOptions, TimeSpan, JobsOptions> set) => new(
        key,
        _ => Durations.Show(get(new JobsOptions())),
        meaning,
        (draft, text) => Durations.TryParse(text, out var value)
            ? Take(draft, set(draft.Jobs, value))
            : $"'{text}' is not a duration; expected a number with a unit such as 500ms, 10s, 5m, 1h, 7d");

    /// <summary>Takes options in when they are within their ranges; returns what is wrong with them, or null.</summary>
    internal static string? Take(SettingsDraft draft, JobsOptions options)
    {
        try
        {
            options.Check();
        }
        catch (InvalidOperationException fault)
        {
            return fault.Message;
        }

        draft.Jobs = options;
        return null;
    }
}
