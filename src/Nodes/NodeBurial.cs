namespace Rondo.Nodes;

/// <summary>A node that was declared dead: from then on nothing it still writes is taken, and others may have what it owned.</summary>
/// <param name="Id">The incarnation.</param>
/// <param name="Host">Its machine.</param>
/// <param name="Pid">Its process.</param>
/// <param name="Roles">What it did.</param>
public sealed record NodeBurial(string Id, string Host, int Pid, string Roles)
{
    internal static NodeBurial Of(NodeRow row) => new(row.Id, row.Host, row.Pid, row.Roles);
}
