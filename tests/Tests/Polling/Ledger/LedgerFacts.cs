using System.Text.Json;
using Rondo.Polling.Runtime;
using Rondo.Storage;
using Rondo.Tests.Polling.Runtime;

namespace Rondo.Tests.Polling.Ledger;

/// <summary>What stands in the database after a batch, read past the code that wrote it.</summary>
internal static class LedgerFacts
{
    public static ArmedGroup Group(this PollingRig rig, string device = "m") => rig.Armory.Groups.Values.Single(g => g.Device.Name == device);

    /// <summary>The n-th slot of the group's first plan.</summary>
    public static long Slot(this ArmedGroup group, int n) => group.Plans[0].FirstFrom(0)!.Value + (n * group.Plans[0].Interval);

    /// <summary>Hands rows to the recorder and lets it write, as one batch when they fit into one.</summary>
    public static async Task RecordAsync(this PollingRig rig, params PollOutcome[] rows)
    {
        foreach (var row in rows)
        {
            rig.Recorder.Add(row);
        }

        await rig.RecordAsync();
    }

    public static Task<List<Line>> LedgerAsync(this PollingRig rig) => rig.Store.QueryAsync<Line>("""
        select p.slot, d.name as device, p.plan_no, p.slots, p.outcome, p.reason, p.detail, p.lateness_us, p.duration_us, p.lease_no
        from poll p join poll_group g on g.id = p.group_id join device d on d.id = g.device_id order by p.slot, p.group_id
        """);

    /// <summary>The sample of a slot as it is stored, by ordinal; null when there is none.</summary>
    public static async Task<double?[]?> SampleAsync(this PollingRig rig, ArmedGroup group, long slot)
    {
        var stored = await rig.Store.QueryAsync<string>(
            "select cast(vals as text) from sample where source_id = @source and at = @at", new { source = group.Shape.SourceId, at = new Instant(slot) });
        return stored.Count == 0 ? null : JsonSerializer.Deserialize<double?[]>(stored.Single().Replace('{', '[').Replace('}', ']').ToLowerInvariant());
    }

    public static Task<int> CountAsync(this PollingRig rig, string table) => rig.Store.ScalarAsync<int>($"select count(*) from {table}");

    public static async Task<long> AccountedToAsync(this PollingRig rig, ArmedGroup group) =>
        (await rig.Store.ScalarAsync<Instant>("select accounted_to from poll_group where id = @id", new { id = group.Id })).Micros;

    /// <summary>A row of the ledger.</summary>
    internal sealed class Line
    {
        public Instant Slot { get; init; }

        public string Device { get; init; } = "";

        public int PlanNo { get; init; }

        public int Slots { get; init; }

        public string Outcome { get; init; } = "";

        public string? Reason { get; init; }

        public string? Detail { get; init; }

        public long? LatenessUs { get; init; }

        public long? DurationUs { get; init; }

        public long LeaseNo { get; init; }

        public override string ToString() => $"{Device} {Outcome}{(Reason is null ? "" : " " + Reason)}{(Slots == 1 ? "" : $" x{Slots}")}";
    }
}
