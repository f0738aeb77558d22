using Rondo.Storage;

namespace Rondo.Bench;

/// <summary>What the ledger says of the slots of a window: exact, and independent of what the server counted.</summary>
internal sealed record LedgerFacts
{
    private static readonly Sql Outcomes = new("bench.outcomes", """
        select outcome, sum(slots) as slots from poll where slot >= @from and slot < @to group by outcome
        """);

    private static readonly Sql Lateness = new("bench.lateness", """
        select lateness_us from poll where slot >= @from and slot < @to and lateness_us is not null
        """);

    private static readonly Sql Values = new("bench.values", """
        {only:sqlite}select coalesce(sum((select count(v.value) from json_each(s.vals) v)), 0) from sample s where s.at >= @from and s.at < @to{end}
        {only:postgres}select coalesce(sum((select count(v) from unnest(s.vals) v)), 0)::bigint from sample s where s.at >= @from and s.at < @to{end}
        """);

    private static readonly Sql Reasons = new("bench.reasons", """
        select outcome || ':' || coalesce(reason, '') as outcome, sum(slots) as slots from poll
        where slot >= @from and slot < @to and outcome <> 'ok' group by 1
        """);

    public long Ok { get; private init; }

    public long Partial { get; private init; }

    public long Failed { get; private init; }

    public long Missed { get; private init; }

    public long Recorded => Ok + Partial + Failed + Missed;

    /// <summary>Values stored.</summary>
    public long Points { get; private init; }

    public double LatenessP50Ms { get; private init; }

    public double LatenessP99Ms { get; private init; }

    public double LatenessMaxMs { get; private init; }

    /// <summary>Why slots were not ok.</summary>
    public string Why { get; private init; } = "";

    public static LedgerFacts Read(Transaction tx, Instant from, Instant to)
    {
        var window = new { from, to };
        var outcomes = tx.Query<Count>(Outcomes, window).ToDictionary(row => row.Outcome, row => row.Slots);
        var lateness = new List<long>();
        lateness.AddRange(tx.Stream<long>(Lateness, window));
        lateness.Sort();
        return new LedgerFacts
        {
            Ok = outcomes.GetValueOrDefault("ok"),
            Partial = outcomes.GetValueOrDefault("partial"),
            Failed = outcomes.GetValueOrDefault("failed"),
            Missed = outcomes.GetValueOrDefault("missed"),
            Points = tx.First<long>(Values, window),
            LatenessP50Ms = At(lateness, 0.5),
            LatenessP99Ms = At(lateness, 0.99),
            LatenessMaxMs = At(lateness, 1),
            Why = string.Join(", ", tx.Query<Count>(Reasons, window).Select(row => $"{row.Slots} {row.Outcome}")),
        };
    }

    private static double At(List<long> sorted, double fraction) =>
        sorted.Count == 0 ? 0 : sorted[Math.Max(0, (int)Math.Ceiling(fraction * sorted.Count) - 1)] / 1000.0;

    private sealed class Count
    {
        public string Outcome { get; init; } = "";

        public long Slots { get; init; }
    }
}
