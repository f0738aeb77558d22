namespace Rondo.Host.Settings;

/// <summary>Where the database is when nobody says.</summary>
internal static class DataFolder
{
    /// <summary>
    /// Under systemd its state folder; else the user's data folder of the XDG base directory specification (<c>~/.local/share/rondo</c>), so that
    /// a server and a command started from different folders mean the same file.
    /// </summary>
    public static string UsualDatabase(Func<string, string?> variable) => "sqlite:" + Path.Combine(Folder(variable), "rondo.db");

    /// <summary>Makes the usual folder; any other one is the user's to make, since a slip in a path is likelier than a wish for a folder.</summary>
    public static void Prepare(Func<string, string?> variable, string databasePath)
    {
        var folder = Folder(variable);
        if (Path.GetDirectoryName(databasePath) == folder)
        {
            Directory.CreateDirectory(folder);
        }
    }

    /// <summary>The usual folder.</summary>
    public static string Of(Func<string, string?> variable) => Folder(variable);

    private static string Folder(Func<string, string?> variable)
    {
        // systemd.exec(5): several folders are separated by colons.
        if (variable("STATE_DIRECTORY") is { Length: > 0 } state)
        {
            return Path.GetFullPath(state.Split(':')[0]);
        }

        var home = variable("XDG_DATA_HOME") is { Length: > 0 } data
            ? data
            : Path.Combine(variable("HOME") is { Length: > 0 } own ? own : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".local", "share");
        return Path.GetFullPath(Path.Combine(home, "rondo"));
    }
}
