using System.Globalization;
using System.Text.Json;
using Rondo.Polling.Proof;
using Rondo.Polling.Slots;
using Rondo.Storage;

namespace Rondo.SystemTests.Support;

/// <summary>One row of the ledger, with the plan it stands in and the endpoint that was asked.</summary>
internal sealed class LedgerRow
{
    public long GroupId { get; init; }

    public long SourceId { get; init; }

    public string Device { get; init; } = "";

    public string Address { get; init; } = "";

    public Instant Slot { get; init; }

    public int Slots { get; init; }

    public string Outcome { get; init; } = "";

    public string? Reason { get; init; }

    public long? LatenessUs { get; init; }

    public long IntervalUs { get; init; }

    public long PhaseUs { get; init; }

    public bool HasValues => Outcome is "ok" or "partial";

    public Instant LastSlot => new(Slot.Micros + ((Slots - 1) * IntervalUs));
}

/// <summary>What a database says after the server has ended, read by the product's proof and by statements of our own.</summary>
internal sealed record LedgerProof(Validation Validation, List<LedgerRow> Rows, HashSet<(long Source, long At)> Samples)
{
    private static readonly Sql RowsOf = new("test.rows", """
        select p.group_id, g.source_id, d.name as device, e.address, p.slot, p.slots, p.outcome, p.reason, p.lateness_us, l.interval_us, l.phase_us
        from poll p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id
        left join poll_plan l on l.group_id = p.group_id and l.no = p.plan_no
        order by p.slot, p.group_id
        """);

    private static readonly Sql SamplesOf = new("test.samples", "select source_id, at from sample");

    public IEnumerable<LedgerRow> Missed => Rows.Where(row => row.Outcome == "missed");

    /// <summary>Slots by reason.</summary>
    public Dictionary<string, long> MissedByReason => Missed.GroupBy(row => row.Reason ?? "").ToDictionary(rows => rows.Key, rows => rows.Sum(row => (long)row.Slots));

    public long Ok => Rows.Count(row => row.Outcome == "ok");

    /// <summary>Reads it, and fails unless it holds.</summary>
    public static async Task<LedgerProof> ReadAsync(Site site, Instant to)
    {
        var proof = await LookAsync(site, to);
        await proof.HoldsAsync(site, to);
        return proof;
    }

    /// <summary>Reads it, whatever it says.</summary>
    public static Task<LedgerProof> LookAsync(Site site, Instant to) => site.ReadAsync(tx => new LedgerProof(
        Validator.Run(tx, null, to, final: true),
        tx.Query<LedgerRow>(RowsOf),
        [.. tx.Query<(long Source, Instant At)>(SamplesOf).Select(row => (row.Source, row.At.Micros))]));

    /// <summary>
    /// Fails unless every slot up to <paramref name="to"/> has exactly one outcome (the product's proof, in process and by command), every row and
    /// reading is on a slot of its plan, and there is a reading exactly where the ledger says so.
    /// </summary>
    public async Task HoldsAsync(Site site, Instant to)
    {
        Assert.True(Validation.IsClean, $"{Validation}\n{string.Join('\n', Validation.HoleList.Concat(Validation.OverlapList).Take(20))}");
        Assert.True(Validation.Expected > 0);

        var said = JsonDocument.Parse(await site.CommandAsync("polling", "validate", "--to", to.ToString(), "--json")).RootElement;
        foreach (var name in new[] { "holes", "overlaps", "duplicates", "stray_readings" })
        {
            Assert.Equal(0, said.GetProperty(name).GetInt64());
        }

        Assert.Equal(said.GetProperty("expected").GetInt64(), said.GetProperty("recorded").GetInt64());

        foreach (var row in Rows)
        {
            Assert.True(
                row.IntervalUs > 0 && (row.Slot.Micros - row.PhaseUs) % row.IntervalUs == 0,
                string.Create(CultureInfo.InvariantCulture, $"{row.Device}: {row.Slot} is not a slot of its plan"));
        }

        var withValues = Rows.Where(row => row.HasValues).Select(row => (row.SourceId, row.Slot.Micros)).ToHashSet();
        Assert.Equal(Rows.Count(row => row.HasValues), withValues.Count);
        Assert.Empty(Samples.Except(withValues));
        Assert.Empty(withValues.Except(Samples));
    }

    /// <summary>Fails unless nothing was missed for any other reason.</summary>
    public void MissedOnlyFor(params string[] reasons) =>
        Assert.True(MissedByReason.Keys.All(reasons.Contains), $"missed: {string.Join(", ", MissedByReason)}; expected only {string.Join(", ", reasons)}");
}
