using System.Globalization;
using Rondo.SystemTests.Cluster;

namespace Rondo.SystemTests.Networks;

/// <summary>The wire between a node and one of the two switches, and three ways in which a network fails.</summary>
internal sealed class Wire(string core, string node, string network, int number, string far, string near) : IWay
{
    private bool _isCut;
    private bool _isDeaf;
    private bool _isBroken;

    /// <summary>The name of its end at the switch.</summary>
    public static string Port(string network, int node) => string.Create(CultureInfo.InvariantCulture, $"{network}-{node}");

    /// <summary>Its end at the switch is out: nothing passes either way, and nobody is told.</summary>
    public void Cut()
    {
        PrivateNetworks.Ip("-n", core, "link", "set", Port(network, number), "nomaster");
        _isCut = true;
    }

    /// <summary>What the node sends arrives; no answer comes back.</summary>
    public void CutAnswers()
    {
        PrivateNetworks.Ip("-n", core, "rule", "add", "from", far, "to", near, "blackhole");
        _isDeaf = true;
    }

    /// <summary>The node's own end is out: whoever sends there learns at once that there is no way.</summary>
    public void Break()
    {
        PrivateNetworks.Ip("-n", node, "link", "set", network, "down");
        _isBroken = true;
    }

    public void Heal()
    {
        if (_isCut)
        {
            PrivateNetworks.Ip("-n", core, "link", "set", Port(network, number), "master", network);
        }

        if (_isDeaf)
        {
            PrivateNetworks.Ip("-n", core, "rule", "delete", "from", far, "to", near, "blackhole");
        }

        if (_isBroken)
        {
            PrivateNetworks.Ip("-n", node, "link", "set", network, "up");
        }

        _isCut = _isDeaf = _isBroken = false;
    }

    /// <summary>It goes with its namespaces.</summary>
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
