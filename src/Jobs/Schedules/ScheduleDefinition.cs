using Rondo.Jobs.Schedules;
using Rondo.Storage;

namespace Rondo.Jobs;

/// <summary>A schedule as somebody wants it.</summary>
public sealed record ScheduleDefinition
{
    /// <summary>Its name: 1 to 60 letters, digits, <c>. - _</c>.</summary>
    public required string Name { get; init; }

    /// <summary>When it is due.</summary>
    public required ScheduleText When { get; init; }

    /// <summary>Kind of its jobs.</summary>
    public required string Kind { get; init; }

    /// <summary>Their arguments as JSON.</summary>
    public string Args { get; init; } = "{}";

    /// <summary>How it behaves.</summary>
    public ScheduleOptions Options { get; init; } = new();

    /// <summary>Reads and checks it as one that begins now.</summary>
    /// <exception cref="ScheduleRefused">Something is wrong with it.</exception>
    internal ScheduleTiming Check(JobQueue queue, Instant now)
    {
        if (!Names.IsFit(Name))
        {
            throw new ScheduleRefused("name", $"'{Name}' is not a name of a schedule: 1 to 60 letters, digits, '.', '-', '_'");
        }

        if (!When.TryRead(now, out var timing, out var error))
        {
            var field = Array.Find(["cron", "zone", "every"], f => error.StartsWith(f + ": ", StringComparison.Ordinal)) ?? "";
            throw new ScheduleRefused(field, $"schedule '{Name}': {error}");
        }

        var job = Options.Job;
        if (job.Delay is not null || job.Due is not null)
        {
            throw new ScheduleRefused("", $"schedule '{Name}': its jobs have a delay or a due time of their own; when they are due is what the schedule says");
        }

        if (job.Metadata is { } metadata && (metadata.ContainsKey(ScheduleMark.Name) || metadata.ContainsKey(ScheduleMark.Due)))
        {
            throw new ScheduleRefused("metadata", $"schedule '{Name}': metadata '{ScheduleMark.Name}' and '{ScheduleMark.Due}' are set by the schedule itself");
        }

        try
        {
            queue.Check(Kind, Args, ScheduleMark.On(job, Name, now));
        }
        catch (JobRefused refused)
        {
            var field = refused.Reason switch
            {
                JobRefusal.UnknownKind => "kind",
                JobRefusal.BadArguments => "args" + refused.Pointer,
                JobRefusal.TooLarge => "args",
                _ => refused.Pointer?.TrimStart('/') ?? "",
            };
            throw new ScheduleRefused(field, $"schedule '{Name}': {refused.Message}");
        }

        return timing;
    }
}
