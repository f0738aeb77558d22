using Rondo.Host.Http;
using Rondo.Jobs;
using Rondo.Security;
using Rondo.Storage;

namespace Rondo.Host;

/// <summary>What somebody changes by a request: everything goes through a database that writes it down as theirs.</summary>
/// <param name="Database">That database.</param>
/// <param name="Jobs">Operations on jobs over it.</param>
internal readonly record struct Changes(Database Database, JobOperations Jobs);

/// <summary>Whose changes they are.</summary>
internal static class ChangesBy
{
    /// <summary>Changes by whoever sent a request.</summary>
    /// <param name="server">The server.</param>
    /// <param name="context">The request; it has passed a policy.</param>
    /// <param name="action">What it does, where the work does not tell: <c>jobs.retry</c>.</param>
    /// <param name="subject">To what.</param>
    public static Changes By(this Server server, HttpContext context, string action = "", string subject = "")
    {
        var database = server.Written(context.ActorOf(), new AuditLabel(action, subject));
        return new Changes(database, server.Operations(database));
    }
}
