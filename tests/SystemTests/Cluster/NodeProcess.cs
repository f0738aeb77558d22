using System.Globalization;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Cluster;

/// <summary>
/// One start of a node. Nodes of one place (kernel boot and pid namespace) see at once that a process is gone; in a pid namespace of its own it is like one on
/// another machine, or in a container: only its lease tells. Always the product as built: instrumented copies that end at the same moment
/// fall over the file in which they count.
/// </summary>
internal sealed class NodeProcess : ChildProcess
{
    private readonly bool _isApart;
    private int _node;

    public NodeProcess(string database, bool isApart, string failPoints)
        : base(
            isApart ? "unshare" : RondoProcess.BuiltExecutable,
            [.. isApart ? Apart : [], "serve", "--roles", "poll", "--database", database],
            failPoints.Length > 0 ? new Dictionary<string, string?> { ["RONDO_FAIL_POINTS"] = failPoints } : null) =>
        _isApart = isApart;

    /// <summary>True where a pid namespace can be had: for root.</summary>
    public static bool CanBeApart => Environment.IsPrivilegedProcess && File.Exists("/usr/bin/unshare");

    /// <summary>State T of proc(5).</summary>
    public bool IsPaused
    {
        get
        {
            var stat = File.ReadAllText($"/proc/{SignalledId}/stat");
            return stat[stat.LastIndexOf(')') + 2] == 'T';
        }
    }

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
    private static string[] Apart => ["--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", "\"$@\"; exit $?", "sh", RondoProcess.BuiltExecutable];

    private static int OnlyChild(int id) =>
        int.Parse(File.ReadAllText($"/proc/{id}/task/{id}/children").Split(' ', StringSplitOptions.RemoveEmptyEntries).Single(), CultureInfo.InvariantCulture);
}
