using Rondo.Storage;

namespace Rondo.SystemTests.Cluster;

/// <summary>An endpoint changed hands.</summary>
internal sealed class Change
{
    public string Address { get; init; } = "";

    /// <summary>Identity of the owner before; null for none.</summary>
    public string? Was { get; init; }

    public string? Owner { get; init; }

    public long LeaseNo { get; init; }

    public Instant At { get; init; }

    /// <summary>True when it was taken from an owner that had not given it back.</summary>
    public bool IsTakeOver => Was is not null && Owner is not null && Was != Owner;
}

/// <summary>Who owned what and when, as the database itself wrote it down.</summary>
internal sealed class Ownership(List<Change> changes)
{
    private static readonly Sql AllOf = new("test.ownership", "select address, was, owner, lease_no, at from test.ownership order by at");

    private readonly Dictionary<string, Change[]> _changes = changes.GroupBy(change => change.Address).ToDictionary(some => some.Key, some => some.ToArray());

    public IReadOnlyList<Change> All => changes;

    public static Ownership Read(Transaction tx) => new(tx.Query<Change>(AllOf));

    /// <summary>Changes of an endpoint within a window.</summary>
    public IEnumerable<Change> Of(string address, Instant from, Instant to) => Own(address).Where(change => change.At >= from && change.At <= to);

    /// <summary>Identities that owned an endpoint at some moment of a window.</summary>
    public HashSet<string> OwnersOf(string address, Instant from, Instant to)
    {
        var own = Own(address);
        var next = Array.FindIndex(own, change => change.At > from);
        var owners = own.Where(change => change.At > from && change.At <= to).SelectMany(change => new[] { change.Was, change.Owner }).ToHashSet();
        owners.Add((next < 0 ? own.LastOrDefault() : own.ElementAtOrDefault(next - 1))?.Owner);
        return [.. owners.OfType<string>()];
    }

    /// <summary>When nobody owned an endpoint, having been given it back: from and to.</summary>
    public IEnumerable<(Instant From, Instant To)> FreeSpells(string address)
    {
        var own = Own(address);
        return own.Zip(own.Skip(1).Select(next => next.At).Append(Fault.Never)).Where(pair => pair.First.Owner is null).Select(pair => (pair.First.At, pair.Second));
    }

    private Change[] Own(string address) => _changes.GetValueOrDefault(address) ?? [];
}
