namespace Rondo.Polling;

/// <summary>Settings of polling. Each has a safe default; <see cref="Problems"/> is asked at start.</summary>
public sealed class PollingOptions
{
    /// <summary>Failed polls in a row after which a device is offline and its breaker opens. Default 3, range 1 to 100.</summary>
    public int FailureThreshold { get; set; } = 3;

    /// <summary>First delay between probes of a failing device or endpoint. Default 2 s, range 100 ms to 1 h.</summary>
    public TimeSpan ProbeFirst { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>Longest delay between probes. Default 60 s, range <see cref="ProbeFirst"/> to 24 h.</summary>
    public TimeSpan ProbeCap { get; set; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// How long finished polls gather before they are committed together; three times as long while there are fewer than 150. Default 20 ms, range 0 to 1 s. Longer saves CPU
    /// and fsyncs, shorter commits sooner.
    /// </summary>
    public TimeSpan Gather { get; set; } = TimeSpan.FromMilliseconds(20);

    /// <summary>Most polls in one transaction. Default 1,000, range 1 to 10,000.</summary>
    public int BatchSize { get; set; } = 1_000;

    /// <summary>Finished polls kept in memory while the database cannot be reached; what does not fit is recorded as missed: database_down. Default 100,000, range 1,000 to 10,000,000.</summary>
    public int Spool { get; set; } = 100_000;

    /// <summary>How long the ledger is kept; null keeps it for ever. Default 90 days, at least 1 hour.</summary>
    public TimeSpan? LedgerRetention { get; set; } = TimeSpan.FromDays(90);

    /// <summary>How long readings are kept; null keeps them for ever. Default 400 days, at least 1 hour.</summary>
    public TimeSpan? ReadingRetention { get; set; } = TimeSpan.FromDays(400);

    /// <summary>How often the ledger is validated in the running server. Default 5 min, range 10 s to 1 day.</summary>
    public TimeSpan ValidateEvery { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How often ownership and left-overs are audited in the running server. Default 10 min, range 10 s to 1 day.</summary>
    public TimeSpan AuditEvery { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>What is wrong with the settings; empty when nothing is.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        Range(problems, nameof(FailureThreshold), FailureThreshold, 1, 100);
        Range(problems, nameof(ProbeFirst), ProbeFirst, TimeSpan.FromMilliseconds(100), TimeSpan.FromHours(1));
        Range(problems, nameof(ProbeCap), ProbeCap, ProbeFirst, TimeSpan.FromDays(1));
        Range(problems, nameof(Gather), Gather, TimeSpan.Zero, TimeSpan.FromSeconds(1));
        Range(problems, nameof(BatchSize), BatchSize, 1, 10_000);
        Range(problems, nameof(Spool), Spool, 1_000, 10_000_000);
        Range(problems, nameof(LedgerRetention), LedgerRetention ?? TimeSpan.MaxValue, TimeSpan.FromHours(1), TimeSpan.MaxValue);
        Range(problems, nameof(ReadingRetention), ReadingRetention ?? TimeSpan.MaxValue, TimeSpan.FromHours(1), TimeSpan.MaxValue);
        Range(problems, nameof(ValidateEvery), ValidateEvery, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
        Range(problems, nameof(AuditEvery), AuditEvery, TimeSpan.FromSeconds(10), TimeSpan.FromDays(1));
        return problems;
    }

    private static void Range<T>(List<string> problems, string name, T value, T low, T high)
        where T : IComparable<T>
    {
        if (value.CompareTo(low) < 0 || value.CompareTo(high) > 0)
        {
            problems.Add($"Polling:{name} is {value}; it must be {low} to {high}");
        }
    }
}
