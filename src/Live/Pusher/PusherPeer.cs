using System.Globalization;
using System.Security.Cryptography;

namespace Rondo.Live.Pusher;

/// <summary>What a client has that came by the Pusher protocol.</summary>
/// <param name="address">Who counts as one for the bound on connections that nobody has signed for yet.</param>
internal sealed class PusherPeer(string address)
{
    /// <summary>Name of the connection, by which others sign for it: two random numbers, so that nobody can guess one.</summary>
    public string SocketId { get; } = string.Create(CultureInfo.InvariantCulture, $"{Number()}.{Number()}");

    public string Address { get; } = address;

    /// <summary>The topics whose channels it has. Touched under the hub's lock only.</summary>
    public HashSet<string> Topics { get; } = [];

    private static long Number() => BitConverter.ToUInt32(RandomNumberGenerator.GetBytes(sizeof(uint)));
}
