using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>The SQL of the newest readings, and only the SQL.</summary>
internal static class NewestStore
{
    /// <summary>Most sources of one answer.</summary>
    public const int Most = 10_000;

    // One look into the key of the samples for each group.
    private const string Select = """
        select d.id as device_id, d.name as device, d.category, g.id as group_id, g.name as group_name, g.source_id as source, s.at,
          {only:postgres}array_to_json(s.vals)::text{end}{only:sqlite}s.vals{end} as vals
        from poll_group g join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id
          {only:postgres}join lateral (select at, vals from sample where source_id = g.source_id order by at desc limit 1) s on true{end}
          {only:sqlite}join sample s on s.source_id = g.source_id and s.at = (select max(at) from sample where source_id = g.source_id){end}
        where d.removed_at is null and g.removed_at is null and (cast(@notOf as {text}) is null or e.owner <> @notOf)
        """;

    private static readonly Sql _all = new("live.newest.all", $"{Select} order by g.id limit {Most}");

    private static readonly Sql _ofDevices = new("live.newest.devices", $$"""{{Select}} and d.id {in:@ids} order by g.id limit {{Most}}""");

    private static readonly Sql _ofCategory = new("live.newest.category", $"{Select} and d.category = @name order by g.id limit {Most}");

    private static readonly Sql _ofMetric = new("live.newest.metric", $"""
        {Select} and exists (select 1 from point p where p.group_id = g.id and p.removed_at is null and p.name = @name) order by g.id limit {Most}
        """);

    private static readonly Sql _points = new("live.newest.points", "select group_id, ordinal, name, unit from point where removed_at is null and group_id {in:@ids} order by group_id, ordinal");

    public static List<NewestRow> All(Transaction tx, string? notOf) => tx.Query<NewestRow>(_all, new { notOf });

    public static List<NewestRow> OfDevices(Transaction tx, IReadOnlyList<long> ids, string? notOf) => tx.Query<NewestRow>(_ofDevices, new { ids = new IdList([.. ids]), notOf });

    public static List<NewestRow> OfCategory(Transaction tx, string name, string? notOf) => tx.Query<NewestRow>(_ofCategory, new { name, notOf });

    public static List<NewestRow> OfMetric(Transaction tx, string name, string? notOf) => tx.Query<NewestRow>(_ofMetric, new { name, notOf });

    public static List<NewestPoint> Points(Transaction tx, long[] ids) => tx.Query<NewestPoint>(_points, new { ids = new IdList(ids) });
}

/// <summary>The newest sample of a group.</summary>
internal sealed class NewestRow
{
    public long DeviceId { get; init; }

    public string Device { get; init; } = "";

    public string Category { get; init; } = "";

    public long GroupId { get; init; }

    public string GroupName { get; init; } = "";

    public long Source { get; init; }

    public Instant At { get; init; }

    public string Vals { get; init; } = "[]";
}

/// <summary>Where a point's value lies in the samples of its group.</summary>
internal sealed class NewestPoint
{
    public long GroupId { get; init; }

    public int Ordinal { get; init; }

    public string Name { get; init; } = "";

    public string Unit { get; init; } = "";
}
