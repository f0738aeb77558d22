using Rondo.Imports;
using Rondo.Jobs;
using Rondo.Live.Log;
using Rondo.Nodes;
using Rondo.Polling;
using Rondo.Readings;
using Rondo.Security;
using Rondo.Storage;
using Rondo.Storage.Schema;

namespace Rondo.Host;

/// <summary>The modules, listed by hand, in the order of their dependencies.</summary>
internal static class Modules
{
    /// <summary>Every module's migrations.</summary>
    public static IReadOnlyList<Migration> Migrations { get; } =
    [
        .. Migration.OfStorage,
        .. Migration.Of("nodes", typeof(Node).Assembly),
        .. SecurityModule.Migrations,
        .. Migration.Of("live", typeof(EventLog).Assembly),
        .. JobServer.Migrations,
        .. Migration.Of("readings", typeof(SeriesStore).Assembly),
        .. Migration.Of("polling", typeof(Poller).Assembly),
        .. Migration.Of("imports", typeof(ImportHandler).Assembly),
    ];

    /// <summary>The migrator of this program.</summary>
    /// <param name="database">The database.</param>
    /// <param name="use">For what it was opened.</param>
    public static Migrator Migrator(Database database, DatabaseUse use) =>
        new(database, Migrations, Version.Parse(Server.Version), (tx, oldest) => OlderNodes.StillRunning(tx, database.Address, use, oldest));
}
