namespace Rondo.Readings.Rollups;

/// <summary>How readings are rolled up.</summary>
public sealed record RollupOptions
{
    /// <summary>Tell when samples were planned, the first that knows a source; none by default.</summary>
    public IReadOnlyList<ISourceSchedule> Schedules { get; init; } = [];

    /// <summary>How often is looked for marks: late, imported, corrected samples. Default 5 s.</summary>
    public TimeSpan Every { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How often the sources of pollers are looked at, each of which has something new once in a quarter of an hour; answers have what is not rolled up yet in them meanwhile. Default 5 min.</summary>
    public TimeSpan EveryOrdered { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Most days of marks of one source that are rolled up in one transaction. Default 400.</summary>
    public int MostDays { get; init; } = 400;

    /// <summary>About how many samples of one source are rolled up in one transaction; fewer where a source has more than eight series. Default 20,000.</summary>
    public int MostSamples { get; init; } = 20_000;

    internal ISourceSchedule? Schedule => Schedules.Count switch { 0 => null, 1 => Schedules[0], _ => new FirstThatKnows(Schedules) };

    private sealed class FirstThatKnows(IReadOnlyList<ISourceSchedule> all) : ISourceSchedule
    {
        public IReadOnlyList<PlannedPeriod>? Find(Rondo.Storage.Transaction tx, long source, Rondo.Storage.Instant from, Rondo.Storage.Instant until) =>
            all.Select(s => s.Find(tx, source, from, until)).FirstOrDefault(p => p is not null);
    }
}
