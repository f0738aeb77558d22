using System.Buffers;
using System.Globalization;

namespace Rondo.Live;

/// <summary>Addresses of what the feed tells.</summary>
public static class Topics
{
    /// <summary>Everything that is not for administrators alone.</summary>
    public const string Global = "global";

    /// <summary>For administrators alone.</summary>
    public const string Admin = "admin-notifications";

    /// <summary>Longest topic, characters.</summary>
    public const int Longest = 200;

    private const string DevicePrefix = "devices.";
    private const string CategoryPrefix = "categories.";
    private const string MetricPrefix = "metrics.";
    private const string QueuePrefix = "jobs.";
    private const string ImportPrefix = "imports.";
    private static readonly string[] _prefixes = [DevicePrefix, CategoryPrefix, MetricPrefix, QueuePrefix, ImportPrefix];

    // What a URL, a query and a channel of Pusher all let through; anything else is written %XX.
    private static readonly SearchValues<char> _allowed = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.~%");

    /// <summary>The topic of a device.</summary>
    public static string Device(long id) => DevicePrefix + id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The topic of a category of devices.</summary>
    public static string Category(string category) => CategoryPrefix + Escaped(category);

    /// <summary>The topic of one metric of all devices.</summary>
    public static string Metric(string metric) => MetricPrefix + Escaped(metric);

    /// <summary>The topic of a queue of jobs.</summary>
    public static string Queue(string queue) => QueuePrefix + Escaped(queue);

    /// <summary>The topic of an import.</summary>
    public static string Import(long id) => ImportPrefix + id.ToString(CultureInfo.InvariantCulture);

    /// <summary>The device a topic is of; null when it is of none.</summary>
    public static long? DeviceOf(string topic) =>
        topic.StartsWith(DevicePrefix, StringComparison.Ordinal) && long.TryParse(topic.AsSpan(DevicePrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id : null;

    /// <summary>The category a topic is of, or null.</summary>
    public static string? CategoryOf(string topic) => After(topic, CategoryPrefix);

    /// <summary>The metric a topic is of, or null.</summary>
    public static string? MetricOf(string topic) => After(topic, MetricPrefix);

    /// <summary>The queue of jobs a topic is of, or null.</summary>
    public static string? QueueOf(string topic) => After(topic, QueuePrefix);

    /// <summary>True for topics that carry readings: whoever subscribes gets the newest ones first.</summary>
    public static bool CarriesReadings(string topic) => topic == Global || DeviceOf(topic) is not null || CategoryOf(topic) is not null || MetricOf(topic) is not null;

    /// <summary>As they are written here and no other way (<c>devices.7</c>, not <c>devices.007</c>; <c>%C3</c>, not <c>%c3</c>): nothing is told on another writing. True for <c>devices.{id}</c>, <c>categories.{category}</c>, <c>metrics.{metric}</c>, <c>jobs.{queue}</c>, <c>imports.{id}</c>, <c>admin-notifications</c> and <c>global</c>.</summary>
    public static bool IsKnown(string topic)
    {
        if (topic.Length is 0 or > Longest || topic.AsSpan().ContainsAnyExcept(_allowed))
        {
            return false;
        }

        return topic is Global or Admin
            || (topic.StartsWith(DevicePrefix, StringComparison.Ordinal)
                ? DeviceOf(topic) is { } id && topic == Device(id)
                : Array.Exists(_prefixes, p => After(topic, p) is { } name && topic.AsSpan(p.Length).SequenceEqual(Escaped(name))));
    }

    private static string Escaped(string name) => name.AsSpan().ContainsAnyExcept(_allowed) || name.Contains('%', StringComparison.Ordinal) ? Uri.EscapeDataString(name) : name;

    private static string? After(string topic, string prefix) =>
        topic.Length > prefix.Length && topic.StartsWith(prefix, StringComparison.Ordinal) ? Uri.UnescapeDataString(topic[prefix.Length..]) : null;
}
