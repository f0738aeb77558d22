using System.Runtime.InteropServices;

namespace Rondo.Live.Feed;

/// <summary>Connections of which nobody has said yet whose they are: few of one address, and not many at all. Touched under the hub's lock only.</summary>
/// <param name="eachAddress">Most of one address.</param>
internal sealed class Strangers(int eachAddress)
{
    /// <summary>Most at once.</summary>
    public const int Most = 1_000;

    private readonly HashSet<FeedClient> _all = [];
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);

    /// <summary>True when there is room for another one of this address.</summary>
    public bool HasRoom(string address) => _all.Count < Most && _byAddress.GetValueOrDefault(address) < eachAddress;

    /// <summary>The one that has been there for longest, of this address when it has as many as it may; null for none.</summary>
    public FeedClient? Oldest(string address)
    {
        var isOfAddress = _byAddress.GetValueOrDefault(address) >= eachAddress;
        return _all.Where(c => !isOfAddress || c.Address == address).MinBy(c => c.ConnectedAt);
    }

    public void Add(FeedClient client)
    {
        _all.Add(client);
        CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, client.Address, out _)++;
    }

    /// <summary>It has said whose it is, or leaves, or has to. Any number of times.</summary>
    public void Remove(FeedClient client)
    {
        if (_all.Remove(client) && --CollectionsMarshal.GetValueRefOrAddDefault(_byAddress, client.Address, out _) <= 0)
        {
            _byAddress.Remove(client.Address);
        }
    }
}
