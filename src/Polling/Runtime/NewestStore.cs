using Rondo.Storage;

namespace Rondo.Polling.Runtime;

/// <summary>The SQL of the newest readings, and only the SQL.</summary>
internal static class NewestStore
{
    // One look into the key of the samples for each group.
    private const string Select = """
        select d.id as device_id, d.name as device, d.category, g.id as group_id, g.name as group_name, g.source_id as source, s.at,
          {only:postgres}array_to_json(s.vals)::text{end}{only:sqlite}s.vals{end} as vals
        from poll_group g join device d on d.id = g.device_id join endpoint e on e.id = d.endpoint_id
          {only:postgres}join lateral (select at, vals from sample where source_id = g.source_id order by at desc limit 1) s on true{end}
          {only:sqlite}join sample s on s.source_id = g.source_id and s.at = (select max(at) from sample where source_id = g.source_id){end}
        where d.removed_at is null and g.removed_at is null and (cast(@notOf as {text}) is null or e.owner <> @notOf)
        """;

    private const string Page = "and g.id > @after order by g.id limit @page";
    private const string Names = "{only:postgres}= any(array(select json_array_elements_text(cast(@names as json)))){end}{only:sqlite}in (select value from json_each(@names)){end}";

    /// <summary>Of every group.</summary>
    public static readonly Sql All = new("live.newest.all", $"{Select} {Page}");

    /// <summary>Of devices, by their ids.</summary>
    public static readonly Sql OfDevices = new("live.newest.devices", $$"""{{Select}} and d.id {in:@ids} {{Page}}""");

    /// <summary>Of all devices of categories.</summary>
    public static readonly Sql OfCategories = new("live.newest.categories", $"{Select} and d.category {Names} {Page}");

    /// <summary>Of all groups that have one of these metrics.</summary>
    public static readonly Sql OfMetrics = new("live.newest.metrics", $"{Select} and g.id in (select p.group_id from point p where p.removed_at is null and p.name {Names}) {Page}");

    private static readonly Sql _points = new("live.newest.points", "select group_id, ordinal, name, unit from point where removed_at is null and group_id {in:@ids} order by group_id, ordinal");

    /// <summary>At most <paramref name="page"/> groups behind <paramref name="after"/>, in order.</summary>
    public static List<NewestRow> Read(Transaction tx, Sql statement, IdList ids, string names, string? notOf, long after, int page) =>
        tx.Query<NewestRow>(statement, statement == OfDevices ? new { ids, notOf, after, page } : statement == All ? new { notOf, after, page } : (object)new { names, notOf, after, page });

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
