using System.Text.Json;
using Rondo.Storage;

namespace Rondo.Jobs.Schedules;

/// <summary>What the jobs of a schedule carry in their metadata, so that each says where it comes from as long as it is kept.</summary>
internal static class ScheduleMark
{
    /// <summary>Name of the schedule.</summary>
    public const string Name = "schedule";

    /// <summary>The instant its tick was due; not there when somebody ran it outside the plan.</summary>
    public const string Due = "schedule_due";

    public static EnqueueOptions On(EnqueueOptions options, string name, Instant? due)
    {
        var metadata = options.Metadata is { } own ? new Dictionary<string, string>(own, StringComparer.Ordinal) : new(StringComparer.Ordinal);
        metadata[Name] = name;
        if (due is { } at)
        {
            metadata[Due] = at.ToString();
        }

        return options with { Metadata = metadata };
    }

    /// <summary>The schedule a job comes from and when it was due; null when it comes from none.</summary>
    public static (string Name, string? Due)? Of(string? metadata)
    {
        if (metadata is null || !metadata.Contains($"\"{Name}\"", StringComparison.Ordinal))
        {
            return null;
        }

        var all = JsonSerializer.Deserialize<Dictionary<string, string>>(metadata)!;
        return all.TryGetValue(Name, out var name) ? (name, all.GetValueOrDefault(Due)) : null;
    }
}
