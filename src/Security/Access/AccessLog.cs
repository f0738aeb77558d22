using Microsoft.Extensions.Logging;

namespace Rondo.Security;

/// <summary>Every log line about access. What somebody gave as a name is told only when there is such a user: it may have been a password in the wrong field.</summary>
public static partial class AccessLog
{
    /// <summary>Category of these lines.</summary>
    public const string Category = "rondo.access";

    /// <summary>Of passwords.</summary>
    [LoggerMessage(3001, LogLevel.Warning, "Too many wrong passwords for {User} from {Address}: who tries as that, or from there, waits {Seconds} s")]
    public static partial void LockedOut(ILogger log, string user, string address, double seconds);

    /// <summary>Of tokens, codes and signatures.</summary>
    [LoggerMessage(3002, LogLevel.Warning, "Too many tokens, codes or signatures that were no good from {Address}: who comes from there with another one waits {Seconds} s")]
    public static partial void DoorClosed(ILogger log, string address, double seconds);

    /// <summary>Of connections; said once a minute.</summary>
    [LoggerMessage(3003, LogLevel.Warning, "{Address} has {Most} connections open: further ones are closed at once")]
    public static partial void TooManyConnections(ILogger log, string address, int most);
}
