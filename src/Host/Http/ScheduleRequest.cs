using System.Text.Json;
using Rondo.Jobs;
using Rondo.Jobs.Schedules;

namespace Rondo.Host.Http;

/// <summary>A schedule to be stored.</summary>
internal sealed record ScheduleRequest
{
    /// <summary>1 to 60 letters, digits, <c>. - _</c>.</summary>
    public required string Name { get; init; }

    /// <summary>Kind of its jobs.</summary>
    public required string Kind { get; init; }

    /// <summary>Their arguments; an empty object when they are left out.</summary>
    public JsonElement? Args { get; init; }

    /// <summary>When it is due: five fields, or six with seconds first. Either this or <c>every</c>.</summary>
    public string? Cron { get; init; }

    /// <summary>The zone whose clocks count for <c>cron</c>, by its IANA name; UTC when it is left out.</summary>
    public string? Zone { get; init; }

    /// <summary>How often, such as <c>30s</c>, <c>5m</c>, <c>1h</c>; counted from when it is stored.</summary>
    public string? Every { get; init; }

    /// <summary>What becomes of ticks that no node got to: <c>skip</c>, <c>once</c> (default), <c>all:N</c>, <c>within:10m</c>.</summary>
    public string? Missed { get; init; }

    /// <summary>What becomes of ticks while an earlier job has not ended: <c>skip</c> (default), <c>allow</c>, <c>queue</c>, <c>cancel</c>.</summary>
    public string? Overlap { get; init; }

    /// <summary>Another queue than the kind's.</summary>
    public string? Queue { get; init; }

    /// <summary>-100 to 100, higher first.</summary>
    public int? Priority { get; init; }

    /// <summary>All runs each job may have, 1 to 1,000.</summary>
    public int? Attempts { get; init; }

    /// <summary>While a job of the kind has this key, a tick is skipped.</summary>
    public string? UniqueKey { get; init; }

    /// <summary>Words to find its jobs by.</summary>
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>A remark for people.</summary>
    public string? Note { get; init; }

    /// <summary>Names and values of the caller's own.</summary>
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>True when one of this name may be there: it goes on by this definition.</summary>
    public bool Replace { get; init; }

    /// <summary>As the queue takes it.</summary>
    /// <exception cref="ScheduleRefused">A policy is not one.</exception>
    public ScheduleDefinition Read() => new()
    {
        Name = Name,
        When = new ScheduleText(Cron, Zone, Every),
        Kind = Kind,
        Args = Args is { } args ? args.GetRawText() : "{}",
        Options = new ScheduleOptions
        {
            Missed = Missed is null ? MissedPolicy.Once
                : MissedPolicy.TryParse(Missed, out var missed) ? missed
                : throw new ScheduleRefused("missed", $"is '{SpecPointer.Shown(Missed)}'; expected skip, once, all:N (1 to {MissedPolicy.MostAtOnce}) or within:SPAN such as within:10m"),
            Overlap = Overlap is null ? OverlapPolicy.Skip
                : OverlapPolicies.TryParse(Overlap, out var overlap) ? overlap
                : throw new ScheduleRefused("overlap", $"is '{SpecPointer.Shown(Overlap)}'; expected {string.Join(", ", OverlapPolicies.Words)}"),
            Job = new EnqueueOptions
            {
                Queue = Queue, Priority = Priority, Attempts = Attempts, UniqueKey = UniqueKey, Tags = Tags, Note = Note, Metadata = Metadata,
            },
        },
    };
}
