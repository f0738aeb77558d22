using Rondo.Host.Commands;
using Rondo.Live.Pusher;

namespace Rondo.Host.Settings;

/// <summary>The application of Pusher as the settings name it; a server alone needs the secret, so nobody else reads the file that may hold it.</summary>
internal sealed record PusherChoice
{
    private const string FileMark = "file:";
    private const UnixFileMode Others = UnixFileMode.GroupRead | UnixFileMode.GroupWrite | UnixFileMode.OtherRead | UnixFileMode.OtherWrite;

    public string? Id { get; init; }

    public string? Key { get; init; }

    /// <summary>The secret, or <c>file:PATH</c>.</summary>
    public string? Secret { get; init; }

    /// <summary>What does not fit together, as far as it can be seen without the file; never the secret.</summary>
    public string? Problem => Id is null && Key is null && Secret is null ? null
        : Id is null || Key is null || Secret is null ? "pusher.id, pusher.key and pusher.secret are set together or not at all"
        : PathOf(Secret) is { } path ? (Path.IsPathFullyQualified(path) ? null : $"pusher.secret: '{Secret}' is no full path of a file; expected one such as file:/etc/rondo/pusher.secret")
        : PusherApp.Problem(Id, Key, Secret) is { } problem ? "pusher: " + problem : null;

    /// <summary>As it may be shown.</summary>
    public static string Masked(string text) => PathOf(text) is null ? "(secret)" : text;

    /// <summary>The application; null when none is set.</summary>
    /// <exception cref="CommandFault">The file with the secret cannot be used.</exception>
    public PusherApp? Load()
    {
        if (Id is null || Key is null || Secret is null)
        {
            return null;
        }

        var secret = PathOf(Secret) is { } path ? Read(path) : Secret;
        return PusherApp.Problem(Id, Key, secret) is { } problem ? throw new CommandFault(ExitCode.Misuse, "pusher: " + problem) : new PusherApp(Id, Key, secret);
    }

    /// <summary>Nothing of it: it has a secret.</summary>
    public override string ToString() => $"application {Id}";

    private static string? PathOf(string text) => text.StartsWith(FileMark, StringComparison.Ordinal) ? text[FileMark.Length..] : null;

    private static string Read(string path)
    {
        try
        {
            return !OperatingSystem.IsWindows() && (File.GetUnixFileMode(path) & Others) != UnixFileMode.None
                ? throw new CommandFault(ExitCode.Misuse, $"pusher.secret: {path} can be read by others than its owner; chmod 600 {path}")
                : File.ReadAllText(path).Trim();
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CommandFault(ExitCode.Misuse, $"pusher.secret: {path} cannot be read: {fault.Message}");
        }
    }
}

/// <summary>What can be set of the Pusher-compatible door.</summary>
internal static class PusherSettings
{
    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> All { get; } =
    [
        Of("pusher.id", "id of the application that clients and back-ends of the Pusher protocol name (PUSHER_APP_ID), or none", (p, v) => p with { Id = v }),
        Of("pusher.key", "its key (PUSHER_APP_KEY), or none", (p, v) => p with { Key = v }),
        Of("pusher.secret", "its secret (PUSHER_APP_SECRET), or file:PATH of a file with it that only its owner can read, or none", (p, v) => p with { Secret = v }) with
        {
            Mask = (_, text) => text == Setting.None ? Setting.None : PusherChoice.Masked(text),
        },
    ];

    private static Setting Of(string key, string meaning, Func<PusherChoice, string?, PusherChoice> take) => new(key, _ => Setting.None, meaning, (draft, text) =>
    {
        draft.Pusher = take(draft.Pusher, text == Setting.None ? null : text);
        return null;
    });
}
