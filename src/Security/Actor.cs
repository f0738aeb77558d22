namespace Rondo.Security;

/// <summary>Who makes a change.</summary>
/// <param name="Kind"><c>token</c>, <c>user</c>, <c>command</c> (whoever may open the database by a command) or <c>system</c>.</param>
/// <param name="Name">Name of the token or user; of the operating system's user for a command; of the node for the system.</param>
/// <param name="From">From where: an address, or the name of a machine.</param>
public sealed record Actor(string Kind, string Name, string From)
{
    /// <summary>Whoever runs a command, as the operating system knows them.</summary>
    public static Actor OfCommand() => new("command", Environment.UserName, Environment.MachineName);

    /// <inheritdoc/>
    public override string ToString() => $"{Kind} {Name}";
}
