using System.Globalization;
using Rondo.Jobs;
using Rondo.Polling.Configuration;

namespace Rondo.Host.Settings;

/// <summary>What can be set of jobs.</summary>
internal static class JobSettings
{
    /// <summary>The queues of the hotspot, by the word that stands for them.</summary>
    private const string Hotspot = "hotspot";

    private const string Off = "off";

    private const string HotspotQueues = "payments=4:20,provisioning=3:10,default=2,router-checks=2,router-data=3,log-rotation=1";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("jobs.queues", _ => Show(new JobsOptions().Queues), "workers of each queue on this node, and the priority of jobs that name none: payments=4:20,default=2, or the word hotspot", TakeQueues),
        Span("jobs.poll_interval", "longest time until a node looks for jobs by itself", o => o.PollInterval, (o, v) => o with { PollInterval = v }),
        Span("jobs.keep_done", "how long jobs that ended well are kept", o => o.KeepDone, (o, v) => o with { KeepDone = v }),
        Span("jobs.keep_cancelled", "how long cancelled jobs are kept", o => o.KeepCancelled, (o, v) => o with { KeepCancelled = v }),
        Span("jobs.keep_dead", "how long dead jobs are kept", o => o.KeepDead, (o, v) => o with { KeepDead = v }),
        Span("jobs.keep_ticks", "how long ticks of schedules are kept", o => o.KeepTicks, (o, v) => o with { KeepTicks = v }),
        Span("jobs.stop_patience", "how long a clean stop waits for running jobs before it cancels them and gives them back", o => o.StopPatience, (o, v) => o with { StopPatience = v }),
        .. JobCallSettings.All,
        .. JobLogSettings.All,
        Span("jobs.balance_every", "how often what was accepted is balanced against what is there", o => o.BalanceEvery, (o, v) => o with { BalanceEvery = v }),
        Span("jobs.vacuum_patience", "how long somebody may hold PostgreSQL's vacuum back on jobs before health says so", o => o.VacuumPatience, (o, v) => o with { VacuumPatience = v }),
        new("jobs.recycle.after_jobs", _ => Off, "after so many ended attempts a server without the role poll ends, for its supervisor to start another; or off", TakeAfterJobs),
        new("jobs.recycle.above_memory", _ => Off, "the same when it holds so much memory: 500MB, 1.5GB; or off", TakeAboveMemory),
    ];

    private static string Show(IReadOnlyDictionary<string, int> queues) => string.Join(',', queues.Select(q => $"{q.Key}={q.Value}"));

    private static string? TakeQueues(SettingsDraft draft, string text)
    {
        var (queues, priorities) = (new Dictionary<string, int>(StringComparer.Ordinal), new Dictionary<string, int>(StringComparer.Ordinal));
        foreach (var part in (text == Hotspot ? HotspotQueues : text).Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            var (name, wanted) = part.IndexOf('=', StringComparison.Ordinal) is var at and > 0 ? (part[..at].TrimEnd(), part[(at + 1)..].Split(':')) : ("", []);
            var priority = 0;
            var isFit = wanted.Length is 1 or 2 && int.TryParse(wanted[0], NumberStyles.None, CultureInfo.InvariantCulture, out var workers) && queues.TryAdd(name, workers)
                && (wanted.Length == 1 || int.TryParse(wanted[1], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out priority));
            if (!isFit)
            {
                return $"'{text}' is no list of queues; expected NAME=WORKERS or NAME=WORKERS:PRIORITY with commas, each name once, such as payments=4:20,default=2, or {Hotspot}";
            }

            if (wanted.Length == 2)
            {
                priorities.Add(name, priority);
            }
        }

        return queues.Count == 0
            ? $"'{text}' names no queue; expected NAME=WORKERS with commas, or {Hotspot}"
            : Take(draft, draft.Jobs with { Queues = queues, Priorities = priorities });
    }

    private static string? TakeAfterJobs(SettingsDraft draft, string text) => text == Off
        ? Take(draft, draft.Jobs with { RecycleAfterJobs = null })
        : long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var jobs)
            ? Take(draft, draft.Jobs with { RecycleAfterJobs = jobs })
            : $"'{text}' is not a number of jobs; expected a whole number such as 100000, or {Off}";

    private static string? TakeAboveMemory(SettingsDraft draft, string text)
    {
        if (text == Off)
        {
            return Take(draft, draft.Jobs with { RecycleAboveMemory = null });
        }

        var unit = text.EndsWith("GB", StringComparison.Ordinal) ? 1_000_000_000m : text.EndsWith("MB", StringComparison.Ordinal) ? 1_000_000m : 0;
        return unit > 0 && decimal.TryParse(text.AsSpan(0, text.Length - 2).Trim(), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var size) && size < 1_000_000
            ? Take(draft, draft.Jobs with { RecycleAboveMemory = (long)(size * unit) })
            : $"'{text}' is not a size; expected one such as 500MB or 1.5GB, or {Off}";
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
