using System.Text.Json;
using Rondo.Jobs.Recurring;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>A schedule as it is shown.</summary>
public sealed record ScheduleView
{
    /// <summary>Its name.</summary>
    public required string Name { get; init; }

    /// <summary><c>operator</c>, or the name of the set of a program that defines it.</summary>
    public required string Source { get; init; }

    /// <summary>Since when the program does not define it any more; null while it does.</summary>
    public Instant? UndefinedAt { get; init; }

    /// <summary>Kind of its jobs.</summary>
    public required string Kind { get; init; }

    /// <summary>Their arguments.</summary>
    public required JsonElement Args { get; init; }

    /// <summary>When it is due, by cron; null for an interval.</summary>
    public string? Cron { get; init; }

    /// <summary>The zone whose clocks count; null for an interval.</summary>
    public string? Zone { get; init; }

    /// <summary>When it is due, by an interval; null for cron.</summary>
    public string? Every { get; init; }

    /// <summary>What becomes of missed ticks: <c>skip</c>, <c>once</c>, <c>all:N</c>, <c>within:GRACE</c>.</summary>
    public required string Missed { get; init; }

    /// <summary>What becomes of ticks while an earlier job has not ended: <c>skip</c>, <c>allow</c>, <c>queue</c>, <c>cancel</c>.</summary>
    public required string Overlap { get; init; }

    /// <summary>Another queue than the kind's, or null.</summary>
    public string? Queue { get; init; }

    /// <summary>Another priority than the kind's, or null.</summary>
    public int? Priority { get; init; }

    /// <summary>Another number of attempts than the kind's, or null.</summary>
    public int? Attempts { get; init; }

    /// <summary>Another unique key than the kind's, or null.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Tags of its jobs.</summary>
    public required IReadOnlyList<string> Tags { get; init; }

    /// <summary>Note of its jobs, or null.</summary>
    public string? Note { get; init; }

    /// <summary>Metadata of its jobs.</summary>
    public required IReadOnlyDictionary<string, string> Metadata { get; init; }

    /// <summary>True while its ticks are skipped as paused.</summary>
    public required bool IsPaused { get; init; }

    /// <summary>When it is due next, or since when when no node got to it; null when never again.</summary>
    public Instant? NextDue { get; init; }

    /// <summary>Its newest tick, or null.</summary>
    public TickRow? LastTick { get; init; }

    /// <summary>Rises with each change of it; the first is 1.</summary>
    public required int Revision { get; init; }

    /// <summary>When it was first stored.</summary>
    public required Instant CreatedAt { get; init; }

    /// <summary>When it was last changed, paused or resumed.</summary>
    public required Instant ChangedAt { get; init; }

    internal static ScheduleView Of(ScheduleRow row, TickRow? last) => new()
    {
        Name = row.Name,
        Source = row.Source,
        UndefinedAt = row.UndefinedAt,
        Kind = row.Kind,
        Args = JsonSerializer.Deserialize<JsonElement>(row.Args),
        Cron = row.Cron,
        Zone = row.Zone,
        Every = row.Every,
        Missed = row.Missed,
        Overlap = row.Overlap,
        Queue = row.Queue,
        Priority = row.Priority,
        Attempts = row.Attempts,
        UniqueKey = row.UniqueKey,
        Tags = row.Tags is { } tags ? JsonSerializer.Deserialize<string[]>(tags)! : [],
        Note = row.Note,
        Metadata = row.Metadata is { } metadata ? JsonSerializer.Deserialize<Dictionary<string, string>>(metadata)! : [],
        IsPaused = row.IsPaused,
        NextDue = row.NextDue,
        LastTick = last,
        Revision = row.Revision,
        CreatedAt = row.CreatedAt,
        ChangedAt = row.ChangedAt,
    };
}

/// <summary>All that is known of one schedule.</summary>
/// <param name="Schedule">The schedule.</param>
/// <param name="Next">The next five instants at which it is due.</param>
/// <param name="Ticks">Its newest ticks, the newest first; at most 20.</param>
/// <param name="Jobs">Its jobs that have not ended, the oldest first; at most 1,000.</param>
public sealed record ScheduleDetails(ScheduleView Schedule, IReadOnlyList<Instant> Next, IReadOnlyList<TickRow> Ticks, IReadOnlyList<long> Jobs);

/// <summary>All schedules at one moment.</summary>
/// <param name="At">Instant of the answer, by the database clock.</param>
/// <param name="Workers">Running nodes with the role work.</param>
/// <param name="Schedules">The schedules, by name.</param>
public sealed record ScheduleList(Instant At, IReadOnlyList<string> Workers, IReadOnlyList<ScheduleView> Schedules);
