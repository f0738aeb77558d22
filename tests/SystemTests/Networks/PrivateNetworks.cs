using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Rondo.SystemTests.Cluster;
using Rondo.SystemTests.Support;

namespace Rondo.SystemTests.Networks;

/// <summary>
/// Networks of one test, in namespaces of the kernel: two switches in the core, one leads to the database and one to the devices, and a namespace for each node
/// with a wire into both. Nothing leads out. What listens at a switch is a socket of the test that was opened inside and forwards to the loopback interface
/// outside: so whatever is tested listens there only, as always.
/// </summary>
internal sealed class PrivateNetworks : IAsyncDisposable
{
    /// <summary>Where the database is found.</summary>
    public const string Database = "10.77.1.1";

    /// <summary>Where the devices are found.</summary>
    public const string Devices = "10.77.2.1";

    private static int _made;

    private readonly string _name = $"rondo-{Environment.ProcessId}-{Interlocked.Increment(ref _made)}";
    private readonly string[] _nodes;
    private readonly List<TcpProxy> _relays = [];

    private PrivateNetworks(int nodes) => _nodes = [.. Enumerable.Range(0, nodes).Select(i => $"{_name}-{(char)('a' + i)}")];

    private string Core => $"{_name}-core";

    /// <summary>The namespaces; skips the test where they cannot be had.</summary>
    public static PrivateNetworks Create(int nodes)
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "network namespaces need root");
        Tools.Find("ip", "iproute2");
        RemoveLeftOver();
        var networks = new PrivateNetworks(nodes);
        try
        {
            networks.Make();
            return networks;
        }
        catch
        {
            networks.Remove();
            throw;
        }
    }

    /// <summary>What makes a command run where a node is.</summary>
    public string[] Within(int node) => ["ip", "netns", "exec", _nodes[node]];

    /// <summary>The wire from a node to <see cref="Database"/> or <see cref="Devices"/>.</summary>
    public Wire WireOf(int node, string to) => new(Core, _nodes[node], to == Database ? "database" : "devices", node, to, Address(to, node));

    /// <summary>From now on a port of the loopback interface is found at an address inside, under the same number.</summary>
    public void Lead(string address, int port) =>
        _relays.Add(new TcpProxy(port, Inside(Core, () => TcpProxy.Door(new IPEndPoint(IPAddress.Parse(address), port)))));

    public async ValueTask DisposeAsync()
    {
        // A namespace lives as long as a socket in it.
        await Task.WhenAll(_relays.Select(relay => relay.DisposeAsync().AsTask()));
        Remove();
    }

    internal static void Ip(params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo("ip", arguments) { UseShellExecute = false, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEnd();
        process.WaitForExit();
        Assert.True(process.ExitCode == 0, $"ip {string.Join(' ', arguments)}: {errors}");
    }

    private static string Address(string to, int node) => to[..^1] + (11 + node).ToString(CultureInfo.InvariantCulture);

    private void Make()
    {
        Ip("netns", "add", Core);
        Ip("-n", Core, "link", "set", "lo", "up");
        foreach (var (name, address) in new[] { ("database", Database), ("devices", Devices) })
        {
            Ip("-n", Core, "link", "add", name, "type", "bridge");
            Ip("-n", Core, "address", "add", $"{address}/24", "dev", name);
            Ip("-n", Core, "link", "set", name, "up");
        }

        for (var i = 0; i < _nodes.Length; i++)
        {
            Ip("netns", "add", _nodes[i]);
            Ip("-n", _nodes[i], "link", "set", "lo", "up");
            foreach (var (name, address) in new[] { ("database", Database), ("devices", Devices) })
            {
                var port = Wire.Port(name, i);
                Ip("-n", Core, "link", "add", port, "type", "veth", "peer", "name", name, "netns", _nodes[i]);
                Ip("-n", Core, "link", "set", port, "master", name, "up");
                Ip("-n", _nodes[i], "address", "add", $"{Address(address, i)}/24", "dev", name);
                Ip("-n", _nodes[i], "link", "set", name, "up");
            }
        }
    }

    private void Remove() => Remove([.. _nodes, Core]);

    /// <summary>What a run that was killed left behind.</summary>
    private static void RemoveLeftOver()
    {
        if (Directory.Exists("/run/netns"))
        {
            Remove([.. Directory.GetFiles("/run/netns", "rondo-*").Select(file => Path.GetFileName(file)!).Where(name => !Directory.Exists($"/proc/{name.Split('-')[1]}"))]);
        }
    }

    private static void Remove(IEnumerable<string> names)
    {
        foreach (var name in names.Where(name => File.Exists($"/run/netns/{name}")))
        {
            Ip("netns", "delete", name);
        }
    }

    /// <summary>A socket belongs to the namespace of the thread that made it, whoever uses it; so it needs a thread of its own, which ends there.</summary>
    private static Socket Inside(string name, Func<Socket> make)
    {
        Socket? made = null;
        Exception? problem = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var file = File.OpenHandle($"/run/netns/{name}");
                Assert.True(SetNamespace((int)file.DangerousGetHandle(), NetworkNamespace) == 0, $"setns {name}: error {Marshal.GetLastPInvokeError()}");
                made = make();
            }
            catch (Exception caught)
            {
                problem = caught;
            }
        });
        thread.Start();
        thread.Join();
        return made ?? throw new InvalidOperationException($"a socket in {name}: {problem?.Message}", problem);
    }

    private const int NetworkNamespace = 0x40000000;

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int SetNamespace(int file, int kind);
}
