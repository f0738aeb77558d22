using Rondo.Polling.Configuration;
using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>One device in a list.</summary>
public sealed class DeviceSummary
{
    /// <summary>Id; topics and events use it.</summary>
    public long Id { get; init; }

    /// <summary>Name.</summary>
    public string Name { get; init; } = "";

    /// <summary>Address of its endpoint.</summary>
    public string Address { get; init; } = "";

    /// <summary>Category, or empty.</summary>
    public string Category { get; init; } = "";

    /// <summary>Tags.</summary>
    public IReadOnlyList<string> Tags => StoredTags.Read(TagText);

    /// <summary>Name of the parent device, or null.</summary>
    public string? Parent { get; init; }

    /// <summary>As configured.</summary>
    public bool Enabled { get; init; }

    /// <summary>The operator's stop, which the configuration does not undo.</summary>
    public bool Stopped { get; init; }

    /// <summary>Status: unknown, online, degraded, offline, paused.</summary>
    public string Status { get; init; } = "";

    /// <summary>Since when it has this status.</summary>
    public Instant StatusAt { get; init; }

    /// <summary>Poll groups.</summary>
    public int Groups { get; init; }

    /// <summary>Points of all groups.</summary>
    public int Points { get; init; }

    internal string TagText { get; init; } = "";
}

/// <summary>Looks devices up without loading the whole fleet.</summary>
public static class DeviceList
{
    private const int MostNear = 10;

    private static readonly Sql _page = new("devices.page", """
        select d.id, d.name, d.address, d.category, d.tags as tag_text, d.parent, d.enabled, d.stopped, d.status, d.status_at,
          (select count(*) from poll_group g where g.device_id = d.id and g.removed_at is null) as "groups",
          (select count(*) from point p join poll_group g on g.id = p.group_id
           where g.device_id = d.id and g.removed_at is null and p.removed_at is null) as points
        from device d
        where d.removed_at is null and d.name > @after
          and (@category = '' or d.category = @category) and (@status = '' or d.status = @status)
        order by d.name limit @limit
        """);

    private static readonly Sql _one = new("devices.one", """
        select d.id, d.endpoint_id, d.name, d.address, d.settings, d.category, d.tags, d.parent, d.enabled, d.stopped, d.status, d.failures, d.breaker_until, d.revision,
          e.driver, e.settings as endpoint_settings
        from device d join endpoint e on e.id = d.endpoint_id
        where d.removed_at is null and d.name = @name
        """);

    private static readonly Sql _groups = new("devices.one.groups", """
        select id, device_id, source_id, name, position, interval_us, phase_us, align, timeout_us, max_lateness_us, enabled, accounted_to
        from poll_group where removed_at is null and device_id = @device order by position
        """);

    private static readonly Sql _points = new("devices.one.points", """
        select p.id, p.group_id, p.series_id, p.ordinal, p.position, p.name, p.unit, p.kind, p.settings, s.modulus from point p join series s on s.id = p.series_id
        where p.removed_at is null and p.group_id = @group order by p.position
        """);

    private static readonly Sql _ids = new("devices.ids", "select id, name from device where removed_at is null");

    private static readonly Sql _names = new("devices.names", "select name from device where removed_at is null order by name");

    /// <summary>Devices behind the name <paramref name="after"/>, at most <paramref name="limit"/>, of one category and one status unless those are empty.</summary>
    public static List<DeviceSummary> Page(Transaction tx, string category, string status, string after, int limit) =>
        tx.Query<DeviceSummary>(_page, new { category, status, after, limit });

    /// <summary>The device of that name as it is configured, or null.</summary>
    public static DeviceSpec? Find(Transaction tx, string name)
    {
        if (tx.First<DeviceRow>(_one, new { name }) is not { } row)
        {
            return null;
        }

        var groups = tx.Query<GroupRow>(_groups, new { device = row.Id });
        return new StoredFleet.Stored(row, [.. groups.Select(g => new StoredFleet.StoredGroup(g, tx.Query<PointRow>(_points, new { group = g.Id })))]).Spec;
    }

    /// <summary>The numbers of all devices whose name fits.</summary>
    public static HashSet<long> Ids(Transaction tx, Func<string, bool> fits) => [.. tx.Query<Named>(_ids).Where(d => fits(d.Name)).Select(d => d.Id)];

    /// <summary>At most ten names like <paramref name="name"/>, the likeliest first, for an error that helps.</summary>
    /// <param name="tx">The transaction.</param>
    /// <param name="name">What there is not.</param>
    /// <param name="fits">Which may be told; null for all.</param>
    public static string[] Near(Transaction tx, string name, Func<string, bool>? fits = null) => Near(tx.Query<string>(_names).FindAll(n => fits is null || fits(n)), name);

    /// <summary>The same among <paramref name="names"/>.</summary>
    public static string[] Near(IReadOnlyList<string> names, string name)
    {
        var near = names.Where(n => n.Contains(name, StringComparison.OrdinalIgnoreCase)).Take(MostNear).ToList();
        if (Wording.Nearest(name, names) is { } nearest)
        {
            near.Remove(nearest);
            near.Insert(0, nearest);
        }

        return [.. near.Take(MostNear)];
    }

    private sealed class Named
    {
        public long Id { get; init; }

        public string Name { get; init; } = "";
    }
}
