using Rondo.Host.Settings;
using Rondo.Imports;
using Rondo.Imports.Folders;
using Rondo.Imports.Profiles;
using Rondo.Storage;

namespace Rondo.Host.Imports;

/// <summary>The folder that a server watches, as its settings say.</summary>
internal static class Watching
{
    /// <summary>Its loop.</summary>
    /// <param name="server">The server.</param>
    /// <param name="choice">What was chosen.</param>
    /// <param name="on">The database, as the system writes to it.</param>
    /// <param name="log">Where lines go.</param>
    public static FolderLoop Of(Server server, ImportChoice choice, Database on, ILogger log)
    {
        var options = server.ImportOptions;
        var profiles = new ProfileCatalogue(options.Profiles);
        var watched = new WatchedFolder(
            choice.Watch!,
            choice.WatchSettle,
            server.Imports(on),
            (name, path) => new ImportRequest { File = name, Profile = profiles.Choose(choice.WatchProfile, path, name, null, options.MaxUnpacked, CancellationToken.None) },
            news => FolderLoop.Tell(log, news),
            server.Time);
        return new FolderLoop(watched, server.Time, log);
    }
}
