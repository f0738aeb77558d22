using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Readings;
using Rondo.Storage.Schema;

namespace Rondo.Host;

/// <summary>The modules, listed by hand, in the order of their dependencies.</summary>
internal static class Modules
{
    /// <summary>Every module's migrations.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        .. Migration.Of("nodes", typeof(Node).Assembly),
        .. Migration.Of("readings", typeof(SeriesStore).Assembly),
        .. Migration.Of("polling", typeof(Poller).Assembly),
    ];
}
