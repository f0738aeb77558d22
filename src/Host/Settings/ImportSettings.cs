using Rondo.Imports;
using Rondo.Imports.Sources;
using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Host.Settings;

/// <summary>What was chosen for imports; the folder follows from the database when nobody says.</summary>
internal sealed record ImportChoice
{
    /// <summary>Folder of the files; null for where it is by default.</summary>
    public string? Folder { get; init; }

    /// <summary>Folder of the installation's profiles; null for none.</summary>
    public string? Profiles { get; init; }

    /// <summary>Largest file, bytes.</summary>
    public long MaxSize { get; init; } = 4_000_000_000;

    /// <summary>Largest file once unpacked, bytes.</summary>
    public long MaxUnpacked { get; init; } = 20_000_000_000;

    /// <summary>Folder that is watched, a full path; null for none.</summary>
    public string? Watch { get; init; }

    /// <summary>Profile of the files in it; null for the one that fits each.</summary>
    public string? WatchProfile { get; init; }

    /// <summary>How long a file in it must have stood still.</summary>
    public TimeSpan WatchSettle { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Places that files are fetched from.</summary>
    public IReadOnlyList<SourceDefinition> Sources { get; init; } = [];

    /// <summary>How long what has ended is kept; null for ever.</summary>
    public TimeSpan? Retention { get; init; } = TimeSpan.FromDays(30);

    /// <summary>The options for a database.</summary>
    /// <param name="address">The database.</param>
    /// <param name="retention">How long imported readings are kept; null for ever.</param>
    /// <param name="variable">Environment variables.</param>
    public ImportOptions Options(DatabaseAddress address, TimeSpan? retention, Func<string, string?> variable) => new()
    {
        Folder = Folder ?? (address.Kind == DatabaseKind.Sqlite ? Path.GetFullPath(address.Target) + ".imports" : Path.Combine(DataFolder.Of(variable), "imports")),
        Profiles = Profiles,
        MaxBytes = MaxSize,
        MaxUnpacked = MaxUnpacked,
        Oldest = retention,
        Retention = Retention,
    };
}

/// <summary>What can be set of imports.</summary>
internal static class ImportSettings
{
    private const string Auto = "auto";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        new("imports.folder", _ => Auto, "folder of the files that were handed in, or auto: PATH.imports beside a SQLite file, imports in the data folder of the user for PostgreSQL", (draft, text) =>
        {
            draft.Imports = draft.Imports with { Folder = text == Auto ? null : text };
            return text == Auto || Path.IsPathFullyQualified(text) ? null : $"'{text}' is no full path of a folder; expected one such as /var/lib/rondo/imports, or {Auto}";
        }),
        new("imports.profiles", _ => Setting.None, "folder of profiles of your own (NAME.yaml), or none", (draft, text) =>
        {
            draft.Imports = draft.Imports with { Profiles = text == Setting.None ? null : text };
            return text == Setting.None || Path.IsPathFullyQualified(text) ? null : $"'{text}' is no full path of a folder; expected one such as /etc/rondo/profiles, or {Setting.None}";
        }),
        new("imports.watch", _ => Setting.None, "a folder whose files are imported by a server with the role work, or none; each ends up in its folder done or failed, with a report beside it", (draft, text) =>
        {
            draft.Imports = draft.Imports with { Watch = text == Setting.None ? null : text };
            return text == Setting.None || Path.IsPathFullyQualified(text) ? null : $"'{text}' is no full path of a folder; expected one such as /srv/meters, or {Setting.None}";
        }),
        new("imports.watch_profile", _ => Auto, "the profile of files in it, or auto for the one that fits each", (draft, text) =>
        {
            draft.Imports = draft.Imports with { WatchProfile = text == Auto ? null : text };
            return null;
        }),
        new("imports.watch_settle", _ => "10s", "how long a file in it must have stood still before it is taken", (draft, text) =>
        {
            var isSpan = Durations.TryParse(text, out var span) && span >= TimeSpan.Zero && span <= TimeSpan.FromHours(1);
            draft.Imports = draft.Imports with { WatchSettle = span };
            return isSpan ? null : $"'{text}' is not a duration up to 1h; expected one such as 10s";
        }),
        new("imports.sources", _ => Setting.None, "a YAML file of places that files are fetched from on a schedule (folders, HTTPS, SFTP), or none", TakeSources),
        Size("imports.max_size", "4GB", "largest file that is taken", (o, v) => o with { MaxSize = v }),
        Size("imports.max_unpacked", "20GB", "largest file once it is unpacked", (o, v) => o with { MaxUnpacked = v }),
        Setting.KeptFor(
            "imports.retention", "how long imports that have ended are kept, with their files and what is needed to take them back, or forever", new ImportChoice().Retention, TimeSpan.FromHours(1),
            (draft, span) => draft.Imports = draft.Imports with { Retention = span }),
    ];

    private static string? TakeSources(SettingsDraft draft, string text)
    {
        if (text != Setting.None && !Path.IsPathFullyQualified(text))
        {
            return $"'{text}' is no full path of a file; expected one such as /etc/rondo/sources.yaml, or {Setting.None}";
        }

        try
        {
            draft.Imports = draft.Imports with { Sources = text == Setting.None ? [] : SourceList.ReadFile(text, word => Durations.TryParse(word, out var span) ? span : null) };
            return null;
        }
        catch (ImportRefused refused)
        {
            return refused.Message;
        }
    }

    private static Setting Size(string key, string without, string meaning, Func<ImportChoice, long, ImportChoice> set) => new(key, _ => without, meaning, (draft, text) =>
    {
        if (Sizes.Parse(text) is > 0 and var size)
        {
            draft.Imports = set(draft.Imports, size);
            return null;
        }

        return $"'{text}' is not a size; expected a whole number with a unit, such as 500MB, 4GB";
    });
}
