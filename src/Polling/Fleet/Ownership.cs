using Rondo.Storage;

namespace Rondo.Polling.Fleet;

/// <summary>Who owns how much, for those who look from outside.</summary>
public static class Ownership
{
    private static readonly Sql _count = new("polling.owned.by", "select owner, count(*) as count from endpoint where owner is not null group by owner");

    /// <summary>Endpoints by the incarnation that owns them, dead ones included.</summary>
    public static IReadOnlyDictionary<string, int> CountByOwner(Transaction tx) =>
        tx.Query<OwnerCount>(_count).ToDictionary(r => r.Owner, r => (int)r.Count, StringComparer.Ordinal);

    private sealed class OwnerCount
    {
        public string Owner { get; init; } = "";

        public long Count { get; init; }
    }
}
