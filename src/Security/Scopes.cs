namespace Rondo.Security;

/// <summary>
/// To what a token is limited, beside its role: topics of the feed, and devices. Each is a list of names, where a <c>*</c> at the end stands for any rest
/// (<c>meter-*</c>). Empty lists limit nothing.
/// </summary>
/// <param name="Topics">Topics it may subscribe to.</param>
/// <param name="Devices">Devices it may see, by name.</param>
public sealed record Scopes(IReadOnlyList<string> Topics, IReadOnlyList<string> Devices)
{
    /// <summary>Most names in each list.</summary>
    public const int Most = 100;

    private const string DeviceTopics = "devices.";

    /// <summary>No limits.</summary>
    public static Scopes Everything { get; } = new([], []);

    /// <summary>True when there is a limit.</summary>
    public bool IsLimited => Topics.Count > 0 || Devices.Count > 0;

    /// <summary>True when something that is about <paramref name="device"/> may be seen: also what comes by a topic of many devices, such as <c>global</c>.</summary>
    public bool AllowsDevice(string device) => Devices.Count == 0 || Fits(Devices, device);

    /// <summary>True when it names the device itself; a token that is limited to topics alone names none.</summary>
    public bool NamesDevice(string device) => !IsLimited || Fits(Devices, device);

    /// <summary>True when <paramref name="topic"/> may be subscribed to. What comes by it is still to be asked for by <see cref="AllowsDevice"/>.</summary>
    public bool AllowsTopic(string topic) =>
        !IsLimited || Fits(Topics, topic) || (topic.StartsWith(DeviceTopics, StringComparison.Ordinal) && Fits(Devices, topic[DeviceTopics.Length..]));

    /// <summary>Reads lists with commas; null or empty for none. Returns what is wrong with them, or null.</summary>
    public static string? TryParse(string? topics, string? devices, out Scopes scopes)
    {
        scopes = new Scopes(Split(topics), Split(devices));
        foreach (var (what, list) in new[] { ("topics", scopes.Topics), ("devices", scopes.Devices) })
        {
            if (list.Count > Most)
            {
                return $"{list.Count} {what} are more than the {Most} that a token can be limited to; a * at the end of a name stands for many";
            }

            foreach (var name in list)
            {
                if (name.Length > 100 || name.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)) || name.AsSpan(0, name.Length - 1).Contains('*'))
                {
                    return $"'{name}' is no name among {what}; expected one such as meter-7, or with a * at its end meter-*";
                }
            }
        }

        return null;
    }

    /// <summary>A list as it is stored; null for an empty one.</summary>
    internal static string? Join(IReadOnlyList<string> names) => names.Count == 0 ? null : string.Join(',', names);

    /// <summary>Both lists as they are stored.</summary>
    internal static Scopes Of(string? topics, string? devices) => topics is null && devices is null ? Everything : new Scopes(Split(topics), Split(devices));

    private static string[] Split(string? text) => text?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).Distinct(StringComparer.Ordinal).ToArray() ?? [];

    private static bool Fits(IReadOnlyList<string> names, string name)
    {
        foreach (var each in names)
        {
            if (each[^1] == '*' ? name.AsSpan().StartsWith(each.AsSpan(0, each.Length - 1), StringComparison.Ordinal) : each == name)
            {
                return true;
            }
        }

        return false;
    }
}
