using System.Text.Json;
using System.Text.Json.Serialization;
using Rondo.Storage;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>What a run over several nodes comes to; one JSON line.</summary>
internal sealed record ClusterResult
{
    /// <summary>Planned slots.</summary>
    public long Slots { get; init; }

    /// <summary>Slots that have their outcome.</summary>
    public long Recorded { get; init; }

    public long Holes { get; init; }

    public long Overlaps { get; init; }

    /// <summary>Rows off their plan.</summary>
    public long Duplicates { get; init; }

    /// <summary>Outcomes that nodes brought after they had been declared dead, by their own log.</summary>
    public long Refused { get; init; }

    /// <summary>The longest time from a node's going down until somebody had taken over an endpoint of it.</summary>
    public double TakeoverMaxS { get; init; }

    public long StrayReadings { get; init; }

    /// <summary>Endpoints that were taken over from the dead.</summary>
    public long TakenOver { get; init; }

    public long Failed { get; init; }

    /// <summary>Missed slots by reason.</summary>
    public IReadOnlyDictionary<string, long> Missed { get; init; } = new Dictionary<string, long>();

    /// <summary>Those among them of endpoints that were given back in order and waited for a node that had just gone down or come back, or for any.</summary>
    public long Reserved { get; init; }

    /// <summary>Missed slots that the fault log does not explain.</summary>
    public long Unexplained { get; init; }

    /// <summary>Polls that reached a device and not the ledger: running, or not yet committed when their node went down.</summary>
    public long Lost { get; init; }

    /// <summary>Slots polled a second time because the first poll was lost with its node.</summary>
    public long PolledAgain { get; init; }

    /// <summary>Slots polled more than once where a stopped node was continued.</summary>
    public long PolledByContinued { get; init; }

    /// <summary>What was done, by kind.</summary>
    public IReadOnlyDictionary<string, int> Faults { get; init; } = new Dictionary<string, int>();

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? Seed { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Minutes { get; init; }

    public override string ToString() => JsonSerializer.Serialize(this, Line);

    private static readonly JsonSerializerOptions Line = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };
}

/// <summary>
/// The proof of a run over several nodes: the ledger is whole (<see cref="LedgerProof"/>), every missed slot is explained by what was done, and no device was asked
/// twice for a slot but where that cannot be helped.
/// </summary>
internal sealed class ClusterProof
{
    private readonly Cluster _cluster;
    private readonly Explanation _explanation;
    private readonly long _reserved;

    private ClusterProof(Cluster cluster, LedgerProof ledger, Ownership ownership, Instant to)
    {
        _cluster = cluster;
        Ledger = ledger;
        Ownership = ownership;
        To = to;
        var names = ownership.All.SelectMany(change => new[] { change.Was, change.Owner }).OfType<string>().Distinct().ToDictionary(id => id, cluster.NameOf);
        _explanation = new Explanation(ownership, cluster.Faults.All, id => names.GetValueOrDefault(id, ""));
        var missed = (from row in Ledger.Missed from i in Enumerable.Range(0, row.Slots)
                      let slot = new Instant(row.Slot.Micros + (i * row.IntervalUs)) where slot < to select (row, slot)).ToList();
        Unexplained = [.. missed.Select(one => _explanation.Unexplained(one.row, one.slot)).OfType<string>()];
        _reserved = missed.Count(one => _explanation.IsReserved(one.row, one.slot));
        TakeOvers = [.. from change in ownership.All where change.IsTakeOver
                        let down = _explanation.DownBefore(names[change.Was!], change.At)
                        select (change, Took: down is { } fault ? change.At - fault.Fault.From : (TimeSpan?)null, IsInTime: down is { } d && change.At <= d.Bound)];
    }

    public LedgerProof Ledger { get; }

    public Ownership Ownership { get; }

    public Instant To { get; }

    public IReadOnlyList<string> Unexplained { get; }

    /// <summary>What was taken from owners that had not given it back, how long after they went down, and whether that is in time.</summary>
    public IReadOnlyList<(Change Change, TimeSpan? Took, bool IsInTime)> TakeOvers { get; }

    public ClusterResult Result { get; private set; } = new();

    /// <summary>Reads it, and fails unless the ledger is whole.</summary>
    /// <param name="cluster">The nodes, which have ended.</param>
    /// <param name="to">Up to when.</param>
    /// <param name="told">Told what the run comes to before anything of it is judged.</param>
    public static async Task<ClusterProof> ReadAsync(Cluster cluster, Instant to, Action<ClusterResult>? told = null)
    {
        var proof = new ClusterProof(cluster, await LedgerProof.LookAsync(cluster.Site, to), await cluster.Site.ReadAsync(Ownership.Read), to);
        var arrivals = ArrivalProof.Read(cluster.Site, proof.Ledger, proof._explanation);
        var validation = proof.Ledger.Validation;
        proof.Result = new ClusterResult
        {
            Slots = validation.Expected,
            Recorded = validation.Recorded,
            Holes = validation.Holes,
            Overlaps = validation.Overlaps,
            Duplicates = validation.Duplicates,
            Refused = cluster.Nodes.Sum(node => node.Refused),
            TakeoverMaxS = Math.Round(proof.TakeOvers.Max(change => change.Took)?.TotalSeconds ?? 0, 3),
            StrayReadings = validation.StrayReadings,
            TakenOver = proof.TakeOvers.Count,
            Failed = proof.Ledger.Rows.Count(row => row.Outcome == "failed"),
            Missed = proof.Ledger.MissedByReason,
            Reserved = proof._reserved,
            Unexplained = proof.Unexplained.Count,
            Lost = arrivals.Lost,
            PolledAgain = arrivals.Again,
            PolledByContinued = arrivals.Continued,
            Faults = cluster.Faults.All.GroupBy(fault => fault.Kind.ToString().ToLowerInvariant()).ToDictionary(some => some.Key, some => some.Count()),
        };
        proof.Arrivals = arrivals;
        told?.Invoke(proof.Result);
        await proof.Ledger.HoldsAsync(cluster.Site, to);
        return proof;
    }

    public ArrivalProof Arrivals { get; private set; } = new();

    /// <summary>Missed slots of a window, but for those that were late while the machine itself stood still.</summary>
    public List<LedgerRow> MissedIn(Instant from, Instant to) => [.. Ledger.Missed.Where(row => row.LastSlot >= from && row.Slot <= to && !(row.Reason == "late" && IsOfTheMachine(row)))];

    /// <summary>True for a slot around which the machine let nobody run: it may be late, and what was asked may not be answered in time.</summary>
    public bool IsOfTheMachine(LedgerRow row) => _cluster.Faults.All.Any(fault =>
        fault.Kind == FaultKind.Slow && row.LastSlot >= fault.From - Explanation.CommitLag && row.Slot <= fault.To);

    /// <summary>True for a slot whose owner had no way to its devices, or had yet to find out that there was one again.</summary>
    public bool IsWithoutDevices(LedgerRow row) => _explanation.IsWithoutDevices(row, row.Slot);

    /// <summary>Fails unless everything is as <see cref="ClusterProof"/> says.</summary>
    public void Holds()
    {
        Assert.True(Unexplained.Count == 0, $"{Unexplained.Count} missed slots are not explained:\n{Some(Unexplained)}\n{Context()}");
        var tooLate = TakeOvers.Where(change => !change.IsInTime).Select(change => $"{change.Change.Address} at {change.Change.At}, after {change.Took?.TotalSeconds} s").ToList();
        Assert.True(tooLate.Count == 0, $"{tooLate.Count} were taken over too late, or from a node that was not down:\n{Some(tooLate)}\n{Context()}");
        var ended = _cluster.Faults.All.Where(fault => fault.Kind == FaultKind.Exit && !_explanation.MayExit(fault)).Select(fault => fault.ToString()).ToList();
        Assert.True(ended.Count == 0, $"{ended.Count} processes ended by themselves with the database in reach:\n{Some(ended)}\n{Context()}");
        Assert.True(Arrivals.Unjudged.Count == 0, $"{Arrivals.Unjudged.Count} gateways cannot be judged:\n{Some(Arrivals.Unjudged)}");
        Assert.True(Arrivals.TooOften.Count == 0, $"{Arrivals.TooOften.Count} slots were polled too often:\n{Some(Arrivals.TooOften)}\n{Context()}");
        Assert.True(Arrivals.Unseen.Count == 0, $"{Arrivals.Unseen.Count} readings came from no device:\n{Some(Arrivals.Unseen)}\n{Context()}");
    }

    private string Context() => $"{Result}\n{string.Join('\n', _cluster.Faults.All)}\n{_cluster.Logs(12)}";

    private static string Some(IReadOnlyList<string> all) => string.Join('\n', all.Take(20));
}
