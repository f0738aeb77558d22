using Rondo.Readings.Rollups;

namespace Rondo.Host.Settings;

/// <summary>What can be set of the site and of its readings.</summary>
internal static class ReadingSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("site.time_zone", _ => Setting.None, "the time zone in which hours, days, weeks, months and years of readings are told: an IANA name such as Europe/London, or none for the one that the database has: UTC until another was said", Take),
    ];

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
