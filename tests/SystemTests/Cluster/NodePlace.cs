namespace Rondo.SystemTests.Cluster;

/// <summary>Where a node runs.</summary>
/// <param name="Database">What <c>--database</c> takes there.</param>
/// <param name="Way">How it gets to the database.</param>
internal sealed record NodePlace(string Database, IWay Way)
{
    /// <summary>In a pid namespace of its own, see <see cref="NodeProcess"/>.</summary>
    public bool IsApart { get; init; }

    /// <summary>Program and arguments that become the node, such as <c>ip netns exec NAME</c>; empty for none.</summary>
    public IReadOnlyList<string> Within { get; init; } = [];

    /// <summary>Environment variables.</summary>
    public IReadOnlyDictionary<string, string?> Variables { get; init; } = new Dictionary<string, string?>();
}
