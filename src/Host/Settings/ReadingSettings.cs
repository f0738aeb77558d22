using Rondo.Polling.Configuration;
using Rondo.Readings.Retention;
using Rondo.Readings.Rollups;

namespace Rondo.Host.Settings;

/// <summary>What can be set of the site and of its readings.</summary>
internal static class ReadingSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("site.time_zone", _ => Setting.None, "the time zone in which hours, days, weeks, months and years of readings are told: an IANA name such as Europe/London, or none for the one that the database has: UTC until another was said", Take),
        new("readings.quality_at", _ => "03:30", "when each day a job judges the readings of the day before, on the clock of site.time_zone, or never", (draft, text) =>
        {
            var isTime = TimeOnly.TryParseExact(text, "HH:mm", System.Globalization.CultureInfo.InvariantCulture, System.Globalization.DateTimeStyles.None, out var at);
            draft.QualityAt = isTime ? at : null;
            return isTime || text == "never" ? null : $"'{text}' is neither a time of day such as 03:30 nor never";
        }),
        Kept("imported", "how long readings of imported files are kept, by their own time, or forever; older ones are rejected", o => o.Imported, (o, v) => o with { Imported = v }),
        Kept("15m", "how long quarters of an hour are kept, or forever; a tier is kept at least as long as what it is made of", o => o.Quarters, (o, v) => o with { Quarters = v }),
        Kept("1h", "how long hours are kept, or forever", o => o.Hours, (o, v) => o with { Hours = v }),
        Kept("1d", "how long days are kept, or forever", o => o.Days, (o, v) => o with { Days = v }),
        Kept("1w", "how long weeks are kept, or forever", o => o.Weeks, (o, v) => o with { Weeks = v }),
        Kept("1mo", "how long months are kept, or forever", o => o.Months, (o, v) => o with { Months = v }),
        Kept("1y", "how long years are kept, or forever", o => o.Years, (o, v) => o with { Years = v }),
        new("readings.archive_after", _ => Durations.Show(new RetentionOptions().ArchiveAfter!.Value), "how old readings on SQLite are when they are packed into the archive, or never; keep it above polling.ledger_retention", (draft, text) =>
        {
            var isSpan = Durations.TryParse(text, out var span) && span >= _leastArchive;
            draft.Retention = draft.Retention with { ArchiveAfter = isSpan ? span : null };
            return isSpan || text == "never" ? null : $"'{text}' is neither a duration of 14d or more nor never";
        }),
    ];

    private static readonly TimeSpan _leastArchive = TimeSpan.FromDays(14);

    private static Setting Kept(string what, string meaning, Func<RetentionOptions, TimeSpan?> get, Func<RetentionOptions, TimeSpan?, RetentionOptions> set) => Setting.KeptFor(
        "readings.retention." + what, meaning, get(new RetentionOptions()), RetentionOptions.Least, (draft, span) => draft.Retention = set(draft.Retention, span));

    private static string? Take(SettingsDraft draft, string text)
    {
        if (text == Setting.None)
        {
            draft.TimeZone = null;
            return null;
        }

        if (SiteCalendar.Find(text) is not { } calendar)
        {
            return $"'{text}' is not a time zone; expected an IANA name such as Europe/London or UTC, or none for the one that the database has";
        }

        draft.TimeZone = calendar.Zone;
        return null;
    }
}
