using System.Diagnostics.CodeAnalysis;
using Rondo.Storage;

namespace Rondo.Jobs.Schedules;

/// <summary>When a job recurs, as a user writes it: either <c>cron</c>, with a <c>zone</c> or without, or <c>every</c>.</summary>
/// <param name="Cron">A cron expression: <c>*/5 * * * *</c>.</param>
/// <param name="Zone">The zone of the expression, by its IANA name: <c>Europe/Berlin</c>. Default <see cref="DefaultZone"/>.</param>
/// <param name="Every">An interval: <c>30s</c>, <c>5m</c>, <c>1h</c>, <c>1d</c>; from a second to 366 days.</param>
public sealed record ScheduleText(string? Cron = null, string? Zone = null, string? Every = null)
{
    /// <summary>The zone of an expression that names none.</summary>
    public const string DefaultZone = "UTC";

    /// <summary>Reads it.</summary>
    /// <param name="anchor">Where intervals count from: most likely now.</param>
    /// <param name="timing">What was read.</param>
    /// <param name="error">Which of the texts is wrong, what is wrong with it and what was expected; empty when nothing is.</param>
    public bool TryRead(Instant anchor, [NotNullWhen(true)] out ScheduleTiming? timing, out string error)
    {
        timing = null;
        error = "";
        if ((Cron is null) == (Every is null))
        {
            error = Cron is null
                ? "says neither cron nor every; expected one of them, such as cron: \"*/5 * * * *\" or every: 5m"
                : "says both cron and every; expected only one of them";
        }
        else if (Every is not null)
        {
            timing = ReadInterval(Every, anchor, out error);
        }
        else if (!CronExpression.TryParse(Cron!, out var expression, out var wrong))
        {
            error = $"cron: {wrong}";
        }
        else if (!ZoneName.TryFind(Zone ?? DefaultZone, out var zone, out wrong))
        {
            error = $"zone: {wrong}";
        }
        else
        {
            timing = new CronTiming(expression, zone);
        }

        return timing is not null;
    }

    /// <summary>As it would be written on one line: <c>cron: "0 6 * * *", zone: Europe/Berlin</c>, or <c>every: 5m</c>.</summary>
    public override string ToString() => string.Join(
        ", ",
        new[] { Cron is null ? null : $"cron: \"{Cron}\"", Zone is null ? null : $"zone: {Zone}", Every is null ? null : $"every: {Every}" }.OfType<string>());

    private IntervalTiming? ReadInterval(string text, Instant anchor, out string error)
    {
        var isInterval = IntervalText.TryParse(text, out var every);
        var isFit = isInterval && every >= IntervalTiming.Shortest && every <= IntervalTiming.Longest;
        error = Zone is not null ? $"zone: goes with cron, and every {CronPart.Quote(text)} needs none; expected no zone"
            : !isInterval ? $"every: {CronPart.Quote(text)} is not an interval; expected whole numbers with units such as 30s, 5m, 1h, 1h30m, 1d"
            : !isFit ? $"every: {CronPart.Quote(text)} is out of range; expected {IntervalText.Show(IntervalTiming.Shortest)} to {IntervalText.Show(IntervalTiming.Longest)}"
            : "";
        return error.Length == 0 ? new IntervalTiming(every, anchor) : null;
    }
}
