using System.Globalization;
using Rondo.Jobs.Logs;

namespace Rondo.Host.Settings;

/// <summary>What can be set of the log files of queues.</summary>
internal static class JobLogSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("jobs.log.folder", _ => Setting.None, "a folder for a log file of each queue, or none", (draft, text) => text != Setting.None && !Path.IsPathFullyQualified(text)
            ? $"'{text}' is no full path of a folder; expected one such as /var/log/rondo, or {Setting.None}"
            : Take(draft, o => o with { Folder = text == Setting.None ? null : text })),
        new("jobs.log.max_size", _ => "20MB", "a log file that would grow beyond it is put aside", (draft, text) => Sizes.Parse(text) is { } size
            ? Take(draft, o => o with { MaxSize = size })
            : $"'{text}' is not a size; expected a whole number with a unit, such as 500KB, 20MB, 1GB"),
        JobSettings.Span("jobs.log.max_age", "a log file whose first line is older is put aside", o => o.Log.MaxAge, (o, v) => o with { Log = o.Log with { MaxAge = v } }),
        new("jobs.log.keep", _ => $"{new JobLogOptions().Keep}", "how many log files are kept aside of each queue", (draft, text) =>
            int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var keep) ? Take(draft, o => o with { Keep = keep }) : $"'{text}' is not a whole number"),
    ];

    private static string? Take(SettingsDraft draft, Func<JobLogOptions, JobLogOptions> change) => JobSettings.Take(draft, draft.Jobs with { Log = change(draft.Jobs.Log) });
}
