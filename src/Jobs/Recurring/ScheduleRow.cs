using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Rondo.Jobs.Schedules;
using Rondo.Storage;

namespace Rondo.Jobs.Recurring;

/// <summary>A schedule as it is stored.</summary>
internal sealed record ScheduleRow
{
    public long Id { get; init; }

    public string Name { get; init; } = "";

    public string Source { get; init; } = "";

    public Instant? UndefinedAt { get; init; }

    public string Kind { get; init; } = "";

    public string Args { get; init; } = "";

    public string? Cron { get; init; }

    public string? Zone { get; init; }

    public string? Every { get; init; }

    public Instant Anchor { get; init; }

    public string Missed { get; init; } = "";

    public string Overlap { get; init; } = "";

    public string? Queue { get; init; }

    public int? Priority { get; init; }

    public int? Attempts { get; init; }

    public string? Tags { get; init; }

    public string? Note { get; init; }

    public string? Metadata { get; init; }

    public string? UniqueKey { get; init; }

    public bool IsPaused { get; init; }

    public Instant? NextDue { get; init; }

    public Instant PlanSince { get; init; }

    public Instant LedgerFrom { get; init; }

    public int Revision { get; init; }

    public Instant CreatedAt { get; init; }

    public Instant ChangedAt { get; init; }

    public ScheduleText When => new(Cron, Zone, Every);

    // What another version wrote and this one cannot read is treated as the default.
    public MissedPolicy MissedPolicy => MissedPolicy.TryParse(Missed, out var policy) ? policy : MissedPolicy.Once;

    public OverlapPolicy OverlapPolicy => OverlapPolicies.TryParse(Overlap, out var policy) ? policy : OverlapPolicy.Skip;

    public bool TryRead([NotNullWhen(true)] out ScheduleTiming? timing, out string error) => When.TryRead(Anchor, out timing, out error);

    /// <summary>What a job is enqueued with that was due at <paramref name="due"/>; null for one outside the plan.</summary>
    public EnqueueOptions JobOptions(Instant? due) => ScheduleMark.On(
        new EnqueueOptions
        {
            Queue = Queue,
            Priority = Priority,
            Attempts = Attempts,
            Tags = Tags is { } tags ? JsonSerializer.Deserialize<string[]>(tags) : null,
            Note = Note,
            Metadata = Metadata is { } metadata ? JsonSerializer.Deserialize<Dictionary<string, string>>(metadata) : null,
            UniqueKey = UniqueKey,
        },
        Name,
        due);

    /// <summary>The same schedule with what a definition says; its timing stays.</summary>
    public ScheduleRow With(ScheduleDefinition definition)
    {
        var job = definition.Options.Job;
        return this with
        {
            Name = definition.Name,
            Kind = definition.Kind,
            Args = definition.Args,
            Missed = definition.Options.Missed.Text,
            Overlap = definition.Options.Overlap.Text(),
            Queue = job.Queue,
            Priority = job.Priority,
            Attempts = job.Attempts,
            Tags = job.Tags is { Count: > 0 } tags ? JsonSerializer.Serialize(tags) : null,
            Note = job.Note,
            Metadata = job.Metadata is { Count: > 0 } metadata
                ? JsonSerializer.Serialize(new SortedDictionary<string, string>(metadata.ToDictionary(), StringComparer.Ordinal))
                : null,
            UniqueKey = job.UniqueKey,
        };
    }

    /// <summary>The same schedule with another timing, in force since an instant.</summary>
    public ScheduleRow With(ScheduleTiming timing, Instant anchor, Instant since) => this with
    {
        Cron = timing.Text.Cron,
        Zone = timing.Text.Zone,
        Every = timing.Text.Every,
        Anchor = anchor,
        PlanSince = since,
        NextDue = timing.Next(since),
    };
}
