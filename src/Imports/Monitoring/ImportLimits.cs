namespace Rondo.Imports;

/// <summary>What health of imports is judged by.</summary>
public sealed record ImportLimits
{
    /// <summary>How far back it is looked at what ended. Default 24 h.</summary>
    public TimeSpan Window { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Fewer ended imports than these say nothing of how many fail. Default 5.</summary>
    public int MinImports { get; init; } = 5;

    /// <summary>More dead ones among those that ended are critical, percent. Default 50.</summary>
    public double CriticalFailures { get; init; } = 50;

    /// <summary>More dead ones among those that ended are degraded, percent. Default 25.</summary>
    public double DegradedFailures { get; init; } = 25;

    /// <summary>An import that could go on and has not for so long is stuck. Default 60 min.</summary>
    public TimeSpan StuckAfter { get; init; } = TimeSpan.FromMinutes(60);

    /// <summary>More imports that wait are degraded. Default 100.</summary>
    public long Backlog { get; init; } = 100;

    /// <summary>What is wrong with them, or null.</summary>
    public string? Problem =>
        Window < TimeSpan.FromMinutes(1) || Window > TimeSpan.FromDays(3_650) ? "the window will not do; expected 1m to 3650d"
        : MinImports < 1 ? $"{MinImports} is no least number of imports; expected 1 or more"
        : CriticalFailures is not (>= 0 and <= 100) || DegradedFailures is not (>= 0 and <= 100) ? "a failure rate is 0 to 100 percent"
        : DegradedFailures > CriticalFailures ? $"{DegradedFailures} percent would be degraded and {CriticalFailures} percent critical already; expected the first to be no more than the second"
        : StuckAfter < TimeSpan.FromSeconds(1) || StuckAfter > TimeSpan.FromDays(3_650) ? "how long an import may be without progress will not do; expected 1s to 3650d"
        : Backlog < 0 ? $"{Backlog} is no number of waiting imports; expected 0 or more"
        : null;
}
