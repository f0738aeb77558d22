using NodaTime;
using Instant = Rondo.Storage.Instant;

namespace Rondo.Jobs.Schedules;

/// <summary>Due when the clocks of a zone show what an expression says.</summary>
/// <param name="expression">The expression.</param>
/// <param name="zone">The zone.</param>
public sealed class CronTiming(CronExpression expression, DateTimeZone zone) : ScheduleTiming
{
    /// <summary>The expression.</summary>
    public CronExpression Expression => expression;

    /// <summary>The zone.</summary>
    public DateTimeZone Zone => zone;

    /// <inheritdoc/>
    public override ScheduleText Text => new(Cron: expression.Text, Zone: zone.Id);

    /// <inheritdoc/>
    public override Instant? Next(Instant after) => expression.Next(after, zone);
}
