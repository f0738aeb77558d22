using System.Globalization;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// One start of a node. Nodes of one place (kernel boot and pid namespace) see at once that a process is gone; in a pid namespace of its own it is like one on
/// another machine, or in a container: only its lease tells.
/// </summary>
internal sealed class NodeProcess : ChildProcess
{
    private readonly bool _isApart;
    private int _node;

    public NodeProcess(NodePlace place, string failPoints)
        : this(
            [.. place.Within, .. place.IsApart ? Apart : [], RondoProcess.Executable, "serve", "--roles", "poll", "--database", place.Database],
            failPoints.Length > 0 ? new Dictionary<string, string?>(place.Variables) { ["RONDO_FAIL_POINTS"] = failPoints } : place.Variables) =>
        _isApart = place.IsApart;

    private NodeProcess(string[] command, IReadOnlyDictionary<string, string?> variables)
        : base(command[0], command[1..], variables)
    {
    }

    /// <summary>True where a pid namespace can be had: for root.</summary>
    public static bool CanBeApart => Environment.IsPrivilegedProcess && File.Exists("/usr/bin/unshare");

    protected override int SignalledId
    {
        get
        {
            if (_isApart && _node == 0)
            {
                // unshare → sh → rondo
                _node = OnlyChild(OnlyChild(Id));
            }

            return _isApart ? _node : Id;
        }
    }

    // A shell in between, as the init that a container has: a process with pid 1 does not obey the SIGSTOP it sends itself.
    internal static string[] Apart => ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", "\"$@\"; exit $?", "sh"];

    internal static int OnlyChild(int id) =>
        int.Parse(File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Single(), CultureInfo.InvariantCulture);
}
